import { namesSecret, REDACTED, redactText } from './redaction.js';

/** A value as it can stand in a log: JSON, bounded, without secrets. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

const MAX_DEPTH = 5;
const MAX_ENTRIES = 50;
const MAX_TEXT = 4096;

/** Names that an object in a log could not keep without meaning something else. */
const ownNames = (value: object): string[] => Object.keys(value).filter((name) => name !== '__proto__');

/**
 * Turns whatever a caller hands over into plain data. Never throws: a getter that does, a cycle, a function or a proxy
 * becomes a word in brackets. Fields may hold what a user sent (paths, headers, documents), so depth, number of
 * entries and length of texts are bounded.
 */
export class Plainer {
  readonly #secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  text(value: string): string {
    return redactText(value, this.#secrets, MAX_TEXT);
  }

  fields(value: object): { [key: string]: Plain } {
    try {
      return this.#object(value, 0, []);
    } catch {
      return { fields: '[unreadable]' };
    }
  }

  #value(value: unknown, depth: number, above: readonly object[]): Plain {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        // NaN and the infinities have no JSON form; null would say that nothing was there.
        return Number.isFinite(value) ? value : String(value);
      case 'boolean':
        return value;
      case 'bigint':
        return String(value);
      case 'object':
        return value === null ? null : this.#reference(value, depth, above);
      default:
        return `[${typeof value}]`;
    }
  }

  #reference(value: object, depth: number, above: readonly object[]): Plain {
    if (above.includes(value)) return '[circular]';
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString();
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof URL) return this.text(value.href);
    if (depth >= MAX_DEPTH) return '[deeper]';
    const path = [...above, value];
    if (value instanceof Error) return this.#error(value, depth, path);
    if (Array.isArray(value) || value instanceof Set) {
      const items = [...value];
      const shown = items.slice(0, MAX_ENTRIES).map((item) => this.#value(item, depth + 1, path));
      return items.length > MAX_ENTRIES ? [...shown, `[${items.length - MAX_ENTRIES} more]`] : shown;
    }
    if (value instanceof Map) return this.#object(Object.fromEntries(value), depth, path);
    return this.#object(value, depth, path);
  }

  #error(error: Error, depth: number, path: readonly object[]): Plain {
    const { code, place } = error as { code?: unknown; place?: unknown };
    const parts: Record<string, unknown> = { name: error.name, message: error.message };
    if (code !== undefined) parts.code = code;
    if (place !== undefined) parts.place = place;
    if (error.stack) parts.stack = error.stack;
    if (error.cause !== undefined) parts.cause = error.cause;
    return this.#object(parts, depth, path);
  }

  #object(value: object, depth: number, path: readonly object[]): { [key: string]: Plain } {
    const plain: { [key: string]: Plain } = {};
    const names = ownNames(value);
    for (const name of names.slice(0, MAX_ENTRIES)) {
      const entry = this.#entry(value, name, depth, path);
      if (entry !== undefined) plain[this.text(name)] = entry;
    }
    if (names.length > MAX_ENTRIES) plain['[more]'] = names.length - MAX_ENTRIES;
    return plain;
  }

  #entry(value: object, name: string, depth: number, path: readonly object[]): Plain | undefined {
    try {
      const entry = (value as Record<string, unknown>)[name];
      if (entry === undefined) return undefined;
      // That a secret is not there is worth knowing, and tells nothing.
      if (namesSecret(name) && entry !== null && entry !== '' && typeof entry !== 'boolean') return REDACTED;
      return this.#value(entry, depth + 1, path);
    } catch {
      return '[unreadable]';
    }
  }
}
