/** Character classes of N-Quads 1.1 (https://www.w3.org/TR/n-quads/#sec-grammar) over UTF-8 bytes. */

/** Byte values with a name in the grammar. */
export const BYTE = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  hash: 0x23,
  hyphen: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  colon: 0x3a,
  less: 0x3c,
  greater: 0x3e,
  at: 0x40,
  backslash: 0x5c,
  caret: 0x5e,
  underscore: 0x5f,
  lowerU: 0x75,
  upperU: 0x55,
} as const;

const ALPHA = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGIT = '0123456789';

function byteClass(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = 1;
  return table;
}

function asciiExcept(excluded: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let c = 0x20; c < 0x7f; c++) table[c] = excluded.includes(String.fromCharCode(c)) ? 0 : 1;
  return table;
}

/**
 * A class for two bytes at once, by little-endian number: 1 when both are in `table`. Looking at two bytes takes as
 * long as looking at one.
 */
export function pairsOf(table: Uint8Array): Uint8Array {
  const pairs = new Uint8Array(1 << 16);
  for (let pair = 0; pair < pairs.length; pair++) pairs[pair] = table[pair & 0xff]! & table[pair >> 8]!;
  return pairs;
}

export const IS_ALPHA = byteClass(ALPHA);
export const IS_ALPHANUMERIC = byteClass(ALPHA + DIGIT);
/** RFC 3986 section 3.1: the characters of a scheme after its first letter. */
export const IS_SCHEME = byteClass(`${ALPHA}${DIGIT}+-.`);
/** ASCII allowed unescaped in IRIREF: not U+0000 to U+0020, <, >, ", {, }, |, ^, ` and \. U+007F is allowed. */
export const IS_IRI = asciiExcept(' <>"{}|^`\\');
IS_IRI[0x7f] = 1;
/** ASCII that canonical N-Quads writes as it is in STRING_LITERAL_QUOTE. */
export const IS_PLAIN_LITERAL = asciiExcept('"\\');
/** ASCII of BLANK_NODE_LABEL that needs no look at its position. The colon is one of N-Quads, not of Turtle. */
export const IS_LABEL = byteClass(`${ALPHA}${DIGIT}_:-`);

/** PN_CHARS_U and digits: what may begin a blank node label. */
export function isLabelStart(codePoint: number): boolean {
  if (codePoint < 0x80) {
    return IS_ALPHANUMERIC[codePoint] === 1 || codePoint === BYTE.underscore || codePoint === BYTE.colon;
  }
  return (
    (codePoint >= 0xc0 && codePoint <= 0xd6) ||
    (codePoint >= 0xd8 && codePoint <= 0xf6) ||
    (codePoint >= 0xf8 && codePoint <= 0x2ff) ||
    (codePoint >= 0x370 && codePoint <= 0x37d) ||
    (codePoint >= 0x37f && codePoint <= 0x1fff) ||
    (codePoint >= 0x200c && codePoint <= 0x200d) ||
    (codePoint >= 0x2070 && codePoint <= 0x218f) ||
    (codePoint >= 0x2c00 && codePoint <= 0x2fef) ||
    (codePoint >= 0x3001 && codePoint <= 0xd7ff) ||
    (codePoint >= 0xf900 && codePoint <= 0xfdcf) ||
    (codePoint >= 0xfdf0 && codePoint <= 0xfffd) ||
    (codePoint >= 0x10000 && codePoint <= 0xeffff)
  );
}

/** PN_CHARS: what may follow in a blank node label (dots apart, which may not end it). */
export function isLabelPart(codePoint: number): boolean {
  return (
    isLabelStart(codePoint) ||
    codePoint === BYTE.hyphen ||
    codePoint === 0xb7 ||
    (codePoint >= 0x300 && codePoint <= 0x36f) ||
    (codePoint >= 0x203f && codePoint <= 0x2040)
  );
}

/** Whether a code point may occur in an IRI, escaped or not. */
export function isIriCharacter(codePoint: number): boolean {
  return codePoint >= 0x80 || IS_IRI[codePoint] === 1;
}

/**
 * The end of the well-formed UTF-8 sequence that begins at `at` with a byte of 0x80 or more, or -1. Overlong forms,
 * surrogates, code points above U+10FFFF and truncated sequences are not well-formed (Unicode 15, table 3-7).
 * Bytes past the end of the text must be zero.
 */
export function sequenceEnd(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  if (first < 0xc2) return -1;
  if (first < 0xe0) return isContinuation(second) ? at + 2 : -1;
  if (first < 0xf0) {
    if (!isContinuation(second) || !isContinuation(bytes[at + 2]!)) return -1;
    if (first === 0xe0 && second < 0xa0) return -1;
    if (first === 0xed && second > 0x9f) return -1;
    return at + 3;
  }
  if (first > 0xf4 || !isContinuation(second)) return -1;
  if (!isContinuation(bytes[at + 2]!) || !isContinuation(bytes[at + 3]!)) return -1;
  if (first === 0xf0 && second < 0x90) return -1;
  if (first === 0xf4 && second > 0x8f) return -1;
  return at + 4;
}

/** The code point of the well-formed sequence `[at, end)`. */
export function codePointAt(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (end - at === 1) return first;
  let codePoint = first & (0xff >> (end - at + 1));
  for (let p = at + 1; p < end; p++) codePoint = (codePoint << 6) | (bytes[p]! & 0x3f);
  return codePoint;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** U+FFFE and U+FFFF (EF BF BE, EF BF BF): the only characters above ASCII that canonical N-Quads escapes. */
export function isNonCharacter(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2]! >= 0xbe;
}
