/**
 * JSON as RFC 8785 (JSON Canonicalization Scheme) writes it: the one text of a value, so that it can be hashed
 * and signed.
 */
import { ProvChainError } from '../errors.js';

/** Deeper values are refused: nothing the product writes comes near, and recursion must be bounded. */
const DEPTH_LIMIT = 64;

/**
 * The RFC 8785 text of a value made of strings, safe integers, booleans, null, arrays and plain objects.
 * Members are sorted by their names' UTF-16 code units (RFC 8785 §3.2.3), which is what `Array.sort` does.
 *
 * Throws INTERNAL for everything else (fractions, `undefined`, lone surrogates, class instances …), because the
 * product never writes such a value on purpose.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > DEPTH_LIMIT) throw unwritable('a value nested too deeply');
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      if (!Number.isSafeInteger(value)) throw unwritable('a number that is not a safe integer');
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? writeArray(value, depth) : writeObject(value, depth);
    default:
      throw unwritable(`a value of type ${typeof value}`);
  }
}

/** JSON.stringify escapes exactly what RFC 8785 §3.2.2.2 asks for, once lone surrogates are out. */
function writeString(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw unwritable('a string with a lone surrogate');
  return JSON.stringify(text);
}

function writeArray(values: readonly unknown[], depth: number): string {
  // Array.from visits the holes of a sparse array too, as undefined, which is then refused.
  return `[${Array.from(values, (value) => write(value, depth + 1)).join(',')}]`;
}

function writeObject(value: object, depth: number): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw unwritable('an instance of a class');
  const members = value as Record<string, unknown>;
  const texts = Object.keys(members)
    .sort()
    .map((name) => `${writeString(name)}:${write(members[name], depth + 1)}`);
  return `{${texts.join(',')}}`;
}

function unwritable(what: string): ProvChainError {
  return new ProvChainError('INTERNAL', `canonical JSON has no place for ${what}`);
}
