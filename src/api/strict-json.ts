import { ProvChainError } from '../errors.js';
import { type JsonFault, scanJson } from '../json-scanner.js';

const MAX_DEPTH = 32;
/** Keys that reach into prototypes when an object is copied carelessly somewhere. */
const REFUSED_KEYS = new Set(['__proto__', 'constructor']);
const LONGEST_KEY_SHOWN = 40;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The value of a JSON body. `JSON.parse` accepts more than is good, so the text is checked first, and only what passes is
 * parsed.
 *
 * @param bytes untrusted; the length is for the caller to bound
 * @throws ProvChainError JSON_INVALID with line, column and byte offset where there is a place
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new ProvChainError('JSON_INVALID', 'the body is not well-formed UTF-8');
  }
  if (text.trim() === '') throw new ProvChainError('JSON_INVALID', 'the body is empty, expected JSON');
  const refuse = (fault: JsonFault, start: number, _end: number, what: string): never => {
    throw errorAt(text, start, describe(fault, what));
  };
  scanJson(text, { maxDepth: MAX_DEPTH, refusedKeys: REFUSED_KEYS, refuse });
  return JSON.parse(text) as unknown;
}

function describe(fault: JsonFault, what: string): string {
  switch (fault) {
    case 'value':
    case 'number':
      return 'expected a value';
    case 'key':
      return 'expected a key in double quotes';
    case 'refused-key':
      return `the key ${shown(what)} is not allowed`;
    case 'repeated-key':
      return `the key ${shown(what)} stands twice in one object`;
    case 'colon':
      return 'expected ":" after the key';
    case 'separator':
      return `expected "," or "${what}"`;
    case 'open-string':
      return 'the string is not closed';
    case 'control-character':
      return 'a control character in a string must be escaped';
    case 'escape':
      return 'the string holds an escape that JSON has not';
    case 'depth':
      return `arrays and objects may nest ${MAX_DEPTH} deep`;
    case 'end':
      return 'expected the end of the document';
  }
}

const shown = (key: string): string =>
  JSON.stringify(key.length > LONGEST_KEY_SHOWN ? `${key.slice(0, LONGEST_KEY_SHOWN)}…` : key);

function errorAt(text: string, at: number, what: string): ProvChainError {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = [...before.slice(before.lastIndexOf('\n') + 1)].length + 1;
  const place = { source: 'body', line, column, offset: Buffer.byteLength(before) };
  return new ProvChainError('JSON_INVALID', `${what} (line ${line}, column ${column})`, { place });
}
