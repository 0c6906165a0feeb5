import type { ErrorPlace } from '../errors.js';
import type { Path, TomlPlaces } from './toml-places.js';

/** What is wrong with one setting, or worth a remark. The message begins with the name of the key. */
export interface SettingsProblem {
  /** `integrity.performance.batch_size`; empty when it is about the whole file. */
  readonly path: string;
  readonly message: string;
  readonly place: ErrorPlace;
}

/** Tells where a setting came from: the file, a variable of the environment, or the command line. */
export class Origins {
  readonly #source: string | undefined;
  readonly #places: TomlPlaces | undefined;
  readonly #elsewhere = new Map<string, string>();

  constructor(source: string | undefined, places: TomlPlaces | undefined) {
    this.#source = source;
    this.#places = places;
  }

  /** The value at `path` did not come from the file. */
  replace(path: Path, source: string): void {
    this.#elsewhere.set(dotted(path), source);
  }

  key(path: Path): ErrorPlace {
    return this.#place(path, (at) => this.#places?.keyAt(at));
  }

  value(path: Path): ErrorPlace {
    return this.#place(path, (at) => this.#places?.valueAt(at));
  }

  /** The nearest thing around it that is there: a key that is missing is missed in its table. */
  #place(path: Path, find: (path: Path) => ErrorPlace | undefined): ErrorPlace {
    for (let length = path.length; length > 0; length--) {
      const elsewhere = this.#elsewhere.get(dotted(path.slice(0, length)));
      if (elsewhere !== undefined) return { source: elsewhere };
      const place = find(path.slice(0, length));
      if (place) return { source: this.#source, ...place };
    }
    return this.#source === undefined ? {} : { source: this.#source };
  }
}

/** `network.api.cors_origins[1]`, with quotes around names that need them. */
export function dotted(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += `${text === '' ? '' : '.'}${/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part)}`;
  }
  return text;
}

const LONGEST_SHOWN = 60;

const PASSWORD_IN_URL = /(:\/\/[^/@\s]*:)[^/\s]*@/;

/** A value as a message shows it. Control characters are escaped, long ones are cut, passwords of URLs are left out. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'a table';
  const open = typeof value === 'string' ? value.replace(PASSWORD_IN_URL, '$1[redacted]@') : value;
  const text = JSON.stringify(open) ?? String(open);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

export function byPlace(a: SettingsProblem, b: SettingsProblem): number {
  const line = (problem: SettingsProblem) => problem.place.line ?? Number.MAX_SAFE_INTEGER;
  const column = (problem: SettingsProblem) => problem.place.column ?? 0;
  return line(a) - line(b) || column(a) - column(b) || a.path.localeCompare(b.path, 'en');
}
