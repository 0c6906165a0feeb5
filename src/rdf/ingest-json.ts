import type { ErrorPlace } from '../errors.js';
import { type JsonFault, scanJson } from '../json-scanner.js';
import type { SourceText } from './ingest-text.js';

/** A JSON value as `JSON.parse` gives it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * How deep arrays and objects may nest. The JSON-LD processor recurses several frames a level and overflows
 * the stack between 256 and 1,000 levels (measured, Node 20.20); real documents stay below 30.
 */
const MAX_DEPTH = 128;

const REFUSED_KEYS = new Set(['__proto__']);
/** In the u mode a pair of surrogates is one character and no surrogate. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const WORD = /[\w.+-]{1,80}|\\?./suy;

/** What was expected, or what is wrong with what was found, after an excerpt of it. */
const EXPECTATIONS: Readonly<Record<Exclude<JsonFault, 'separator'>, string>> = {
  value: 'expected a JSON value',
  number: 'which is not a number',
  key: 'expected a key in quotation marks',
  'refused-key': 'which no key may be called',
  'repeated-key': 'but this object has that key already',
  colon: 'expected ":"',
  'open-string': 'a string without its end',
  'control-character': 'but a control character in a string must be escaped',
  escape: 'which is no escape of JSON',
  depth: `but arrays and objects may nest ${MAX_DEPTH} deep`,
  end: 'expected the end of the document',
};

/**
 * Whether a number keeps its value in a double as far as RDF shows it: whole numbers must be exact, because
 * they become xsd:integer; what overflows or vanishes is refused. Fractions are doubles by definition
 * (JSON-LD 1.1 API §8.2).
 */
function survives(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  if (value === 0) return /^-?0*(?:\.0*)?(?:[eE]|$)/.test(text);
  if (!Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) >= 1e21) return true;
  return /^-?[0-9]+$/.test(text) && BigInt(text) === BigInt(value);
}

/**
 * Strict JSON: as `scanJson` says, and without lone surrogates and numbers that change when they are read.
 *
 * @param source untrusted
 * @throws ProvChainError RDF_SYNTAX with the place of the first character that is wrong
 */
export function parseJson(source: SourceText): Json {
  const { text } = source;
  /** Shows what was passed over since `start`, or the word or character that stands there. */
  const refuse = (expectation: string, start: number, end: number): never => {
    WORD.lastIndex = end;
    const shownTo = start < end ? end : end + (WORD.exec(text)?.[0].length ?? 1);
    throw source.syntaxError(`JSON: found ${source.excerpt(start, shownTo)}, ${expectation}`, start);
  };
  scanJson(text, {
    maxDepth: MAX_DEPTH,
    refusedKeys: REFUSED_KEYS,
    onString(value, start, end) {
      if (LONE_SURROGATE.test(value)) refuse('which holds half of a surrogate pair', start, end);
    },
    onNumber(number, start, end) {
      if (!survives(number)) {
        refuse('a number that cannot be read exactly: write it as a string with its @type', start, end);
      }
    },
    refuse: (fault, start, end, what) =>
      refuse(fault === 'separator' ? `expected "," or "${what}"` : EXPECTATIONS[fault], start, end),
  });
  return JSON.parse(text) as Json;
}

/** The place of a string in JSON text when it stands there exactly once, otherwise the document. */
export function placeOfString(source: SourceText, value: string): ErrorPlace {
  const quoted = JSON.stringify(value);
  const index = source.text.indexOf(quoted);
  return index < 0 || source.text.indexOf(quoted, index + 1) >= 0
    ? source.placeOfWhole()
    : source.placeAt(index);
}

/**
 * JSON in the one form of RFC 8785 (JCS) §3.2: no white space, keys in the order of their UTF-16 units, numbers
 * and strings as ECMAScript writes them.
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}
