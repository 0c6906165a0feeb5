/** Errors of a document with their place. Lines and columns are counted only when there is an error to report. */

import { type ErrorPlace, ProvChainError } from '../errors.js';
import { BYTE } from './characters.js';

/** One-based line, one-based column in code points and zero-based offset of byte `offset`. CR, LF and CRLF end lines. */
export function placeOf(bytes: Uint8Array, offset: number): ErrorPlace {
  let line = 1;
  let lineStart = 0;
  for (let p = 0; p < offset; p++) {
    const byte = bytes[p];
    if (byte === BYTE.lineFeed || (byte === BYTE.carriageReturn && bytes[p + 1] !== BYTE.lineFeed)) {
      line++;
      lineStart = p + 1;
    }
  }
  let column = 1;
  for (let p = lineStart; p < offset; p++) if ((bytes[p]! & 0xc0) !== 0x80) column++;
  return { line, column, offset };
}

export function syntaxError(bytes: Uint8Array, offset: number, message: string): ProvChainError {
  return new ProvChainError('RDF_SYNTAX', message, { place: placeOf(bytes, offset) });
}

export function encodingError(bytes: Uint8Array, offset: number): ProvChainError {
  const byte = bytes[offset]!.toString(16).padStart(2, '0');
  const message = `malformed UTF-8 at byte 0x${byte}`;
  return new ProvChainError('RDF_ENCODING', message, { place: placeOf(bytes, offset) });
}
