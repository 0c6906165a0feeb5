import { ProvChainError } from '../errors.js';
import type { Method, Route } from './route.js';

export interface PathMatch {
  /** As declared. */
  readonly path: string;
  readonly methods: ReadonlyMap<Method, Route>;
  /** Of an Allow field. */
  readonly allow: string;
  readonly params: Readonly<Record<string, string>>;
}

interface Declared {
  readonly path: string;
  readonly segments: readonly string[];
  readonly deep: boolean;
  readonly methods: Map<Method, Route>;
  allow: string;
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

/**
 * Finds the routes of a path: those without parameters by one look-up, the others segment by segment. A path may end
 * with one slash. A literal segment goes before a parameter.
 */
export class RouteTable {
  readonly #fixed = new Map<string, Declared & { readonly params: typeof NO_PARAMS }>();
  readonly #open: Declared[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route);
  }

  #add(route: Route): void {
    const open = route.path.includes(':');
    let declared: Declared | undefined = open
      ? this.#open.find(({ path }) => path === route.path)
      : this.#fixed.get(route.path);
    if (declared === undefined) {
      const { path } = route;
      const { deep = false } = route;
      declared = { path, segments: path.split('/'), deep, methods: new Map(), allow: '' };
      if (open) this.#open.push(declared);
      else this.#fixed.set(path, Object.assign(declared, { params: NO_PARAMS }));
    }
    if (declared.methods.has(route.method))
      throw new Error(`${route.method} ${route.path} is declared twice`);
    declared.methods.set(route.method, route);
    const methods = [...declared.methods.keys()];
    declared.allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].sort().join(', ');
  }

  /** Errors: REQUEST_INVALID when a parameter is no well-formed percent-encoding. */
  find(path: string): PathMatch | undefined {
    const fixed = this.#fixed.get(path);
    if (fixed !== undefined) return fixed;
    const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    if (trimmed !== path) {
      const same = this.#fixed.get(trimmed);
      if (same !== undefined) return same;
    }
    const segments = trimmed.split('/');
    for (const declared of this.#open) {
      const given = declared.deep ? joinRest(segments, declared.segments.length) : segments;
      if (fits(declared.segments, given)) return { ...declared, params: paramsOf(declared.segments, given) };
    }
    return undefined;
  }
}

const joinRest = (segments: readonly string[], length: number): readonly string[] =>
  segments.length <= length
    ? segments
    : [...segments.slice(0, length - 1), segments.slice(length - 1).join('/')];

const fits = (pattern: readonly string[], segments: readonly string[]): boolean =>
  pattern.length === segments.length &&
  pattern.every((part, at) => (part.startsWith(':') ? segments[at] !== '' : part === segments[at]));

function paramsOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  pattern.forEach((part, at) => {
    if (part.startsWith(':')) params[part.slice(1)] = decode(segments[at]!);
  });
  return params;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ProvChainError(
      'REQUEST_INVALID',
      `the path holds "${segment}", which is no percent-encoded UTF-8`,
    );
  }
}
