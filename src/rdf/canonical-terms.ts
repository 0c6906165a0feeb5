/**
 * Terms in their canonical spelling (RDFC-1.0 appendix A). Each function takes the offset of a term's first byte and
 * gives the offset after its last, or -1 when the term is not spelled canonically, be it valid or not. `view` looks at
 * the same buffer as `bytes`, in which zero bytes follow the text.
 */

import {
  BYTE,
  IS_ALPHA,
  IS_ALPHANUMERIC,
  IS_IRI,
  IS_LABEL,
  IS_PLAIN_LITERAL,
  IS_SCHEME,
  isNonCharacter,
  pairsOf,
  sequenceEnd,
} from './characters.js';

// Constants of this module are compiled into its loops, imported ones are loaded each time they are used; that alone
// is a fifth of the time scanning takes.
const { at: AT, backslash: BACKSLASH, caret: CARET, colon: COLON, greater: GREATER, hyphen: HYPHEN } = BYTE;
const { less: LESS, lowerU: LOWER_U, quote: QUOTE, space: SPACE, underscore: UNDERSCORE } = BYTE;
const ALPHA = IS_ALPHA;
const ALPHANUMERIC = IS_ALPHANUMERIC;
const IRI = IS_IRI;
const IRI_PAIR = pairsOf(IS_IRI);
const PLAIN_LITERAL = IS_PLAIN_LITERAL;
const PLAIN_LITERAL_PAIR = pairsOf(IS_PLAIN_LITERAL);
const LABEL = IS_LABEL;
const SCHEME = IS_SCHEME;

export const XSD_STRING = new TextEncoder().encode('<http://www.w3.org/2001/XMLSchema#string>');
export const RDF_LANG_STRING = new TextEncoder().encode(
  '<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString>',
);

/**
 * The offset after the `>` of the absolute IRI at `at`, or -1 when there is none or it is escaped. Only what the
 * N-Quads grammar says of characters is checked, and that there is a scheme: N-Quads has no relative IRIs.
 */
export function iriEnd(bytes: Uint8Array, view: DataView, at: number): number {
  let p = at + 1;
  if (bytes[at] !== LESS || ALPHA[bytes[p]!] !== 1) return -1;
  do p++;
  while (SCHEME[bytes[p]!] === 1);
  if (bytes[p] !== COLON) return -1;
  for (;;) {
    p++;
    while ((IRI_PAIR[view.getUint16(p, true)]! & IRI_PAIR[view.getUint16(p + 2, true)]!) === 1) p += 4;
    if (IRI_PAIR[view.getUint16(p, true)] === 1) p += 2;
    p += IRI[bytes[p]!]!;
    if (bytes[p] === GREATER) return p + 1;
    if (bytes[p]! < 0x80) return -1;
    p = sequenceEnd(bytes, p) - 1;
    if (p < 0) return -1;
  }
}

/**
 * The offset after the blank node at `at` when its label is ASCII without dots and a space follows, otherwise -1. The
 * space matters: only then is this the whole label, and the caller may number it.
 */
export function labelEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== UNDERSCORE || bytes[at + 1] !== COLON) return -1;
  let p = at + 2;
  if (LABEL[bytes[p]!] !== 1 || bytes[p] === HYPHEN) return -1;
  do p++;
  while (LABEL[bytes[p]!] === 1);
  return bytes[p] === SPACE ? p : -1;
}

/** The offset after the literal that begins with the quotation mark at `at`, with its language tag or datatype. */
export function literalEnd(bytes: Uint8Array, view: DataView, at: number): number {
  let p = at + 1;
  for (;;) {
    while (PLAIN_LITERAL_PAIR[view.getUint16(p, true)] === 1) p += 2;
    p += PLAIN_LITERAL[bytes[p]!]!;
    const byte = bytes[p]!;
    if (byte === QUOTE) break;
    if (byte === BACKSLASH) {
      p = escapeEnd(bytes, p);
    } else if (byte >= 0x80) {
      if (isNonCharacter(bytes, p)) return -1;
      p = sequenceEnd(bytes, p);
    } else {
      return -1;
    }
    if (p < 0) return -1;
  }
  p++;
  if (bytes[p] === AT) return languageTagEnd(bytes, p);
  if (bytes[p] !== CARET) return p;
  if (bytes[p + 1] !== CARET) return -1;
  const datatype = p + 2;
  p = iriEnd(bytes, view, datatype);
  if (p < 0 || isText(bytes, datatype, p, XSD_STRING) || isText(bytes, datatype, p, RDF_LANG_STRING))
    return -1;
  return p;
}

/** LANGTAG: the offset after it, or -1. Not only the canonical spelling: tags are kept as they are. */
export function languageTagEnd(bytes: Uint8Array, at: number): number {
  let p = at + 1;
  if (ALPHA[bytes[p]!] !== 1) return -1;
  while (ALPHA[bytes[p]!] === 1) p++;
  while (bytes[p] === HYPHEN && ALPHANUMERIC[bytes[p + 1]!] === 1) {
    p++;
    while (ALPHANUMERIC[bytes[p]!] === 1) p++;
  }
  return p;
}

/** Whether `[start, end)` is exactly `text`. Datatypes differ at their end, so that is where it looks first. */
export function isText(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let i = text.length - 1; i >= 0; i--) if (bytes[start + i] !== text[i]) return false;
  return true;
}

/** What follows the backslash in an escape of one character. */
const IS_CANONICAL_ESCAPE = new Uint8Array(256);
for (const character of 'btnfr"\\') IS_CANONICAL_ESCAPE[character.charCodeAt(0)] = 1;

function escapeEnd(bytes: Uint8Array, at: number): number {
  if (IS_CANONICAL_ESCAPE[bytes[at + 1]!] === 1) return at + 2;
  if (bytes[at + 1] !== LOWER_U) return -1;
  let value = 0;
  for (let p = at + 2; p < at + 6; p++) {
    const digit = upperHexValue(bytes[p]!);
    if (digit < 0) return -1;
    value = (value << 4) | digit;
  }
  return needsUchar(value) ? at + 6 : -1;
}

/** The characters that a canonical literal writes as backslash, u and four digits. */
export function needsUchar(codePoint: number): boolean {
  if (codePoint === 0x7f || codePoint === 0xfffe || codePoint === 0xffff) return true;
  return codePoint < 0x20 && !(codePoint >= 0x08 && codePoint <= 0x0d && codePoint !== 0x0b);
}

function upperHexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x41 && byte <= 0x46 ? byte - 0x41 + 10 : -1;
}
