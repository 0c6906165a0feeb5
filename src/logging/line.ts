import type { Plain } from './plain.js';

export interface Line {
  readonly timestamp: string;
  readonly level: string;
  readonly message: string;
  readonly fields: { readonly [key: string]: Plain };
}

/** Names that the line itself uses. */
const RESERVED = new Set(['timestamp', 'level', 'message']);

/**
 * Characters that end a line, move the cursor of a terminal or turn the direction of text around: a value that a user
 * sent could forge a second line with them, or hide one. C0 is what JSON escapes itself; the rest is DEL and C1,
 * the line and paragraph separators, and the bidirectional controls.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const escapeUnprintable = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** One JSON object on one line. A field that is called like one of the line's own gets an underscore in front. */
export function jsonLine({ timestamp, level, message, fields }: Line): string {
  const own = Object.entries(fields).map(([name, value]) => [RESERVED.has(name) ? `_${name}` : name, value]);
  return escapeUnprintable(JSON.stringify({ timestamp, level, message, ...Object.fromEntries(own) }));
}

/** For people: `time LEVEL message name=value`. Values are JSON texts, so none can look like another field. */
export function textLine({ timestamp, level, message, fields }: Line): string {
  const own = Object.entries(fields).map(([name, value]) => ` ${textName(name)}=${textValue(value)}`);
  return escapeUnprintable(`${timestamp} ${level.toUpperCase().padEnd(5)} ${message}${own.join('')}`);
}

const textName = (name: string): string => (/^[\w.-]+$/.test(name) ? name : JSON.stringify(name));

const textValue = (value: Plain): string =>
  typeof value === 'string' && /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value);
