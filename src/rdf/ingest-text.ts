import { type ErrorPlace, ProvChainError } from '../errors.js';
import { sequenceEnd } from './characters.js';
import { encodingError, placeOf } from './document-place.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BYTE_ORDER_MARK = '\uFEFF';
const BYTE_ORDER_MARK_BYTES = 3;
/** Long enough to recognise the place, short enough for one line of a terminal. */
const EXCERPT_LENGTH = 40;

/** The offset of the first byte that is not part of well-formed UTF-8, or -1. */
function firstMalformedByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const next = bytes[at] < 0x80 ? at + 1 : sequenceEnd(bytes, at);
    if (next < 0) return at;
    at = next;
  }
  return -1;
}

/** A text of the document for a message: an attacker may have made it very long. */
export function shorten(text: string): string {
  const characters = [...text.slice(0, 2 * EXCERPT_LENGTH + 2)];
  return characters.length <= EXCERPT_LENGTH ? text : `${characters.slice(0, EXCERPT_LENGTH).join('')}…`;
}

/** An error with the name of its document added to its place. */
export function withSource(error: ProvChainError, source: string | undefined): ProvChainError {
  if (source === undefined) return error;
  return new ProvChainError(error.code, error.message, {
    cause: error.cause,
    place: { source, ...error.place },
  });
}

/** The text of a document with its name, which knows the place of each of its characters. */
export class SourceText {
  private constructor(
    readonly text: string,
    private readonly bytes: Uint8Array,
    private readonly source: string | undefined,
    private readonly skippedBytes: number,
  ) {}

  /**
   * Decodes a document. A lenient decoder would hash byte 0xFF and U+FFFD alike, so this one is fatal
   * (DESIGN §4). One byte order mark at the start is dropped: it marks the encoding of a file and is no part of
   * its text (RFC 3629 §6).
   *
   * @param bytes untrusted
   * @param source name for messages, such as the path of the file
   * @throws ProvChainError RDF_ENCODING with the place of the first malformed byte
   */
  static decode(bytes: Uint8Array, source?: string): SourceText {
    const malformed = firstMalformedByte(bytes);
    if (malformed >= 0) throw withSource(encodingError(bytes, malformed), source);
    const text = UTF8.decode(bytes);
    if (!text.startsWith(BYTE_ORDER_MARK)) return new SourceText(text, bytes, source, 0);
    return new SourceText(
      text.slice(1),
      bytes.subarray(BYTE_ORDER_MARK_BYTES),
      source,
      BYTE_ORDER_MARK_BYTES,
    );
  }

  /** The place of a character: line and column count from 1, columns in code points; the offset in bytes. */
  placeAt(index: number): ErrorPlace {
    const offset = Buffer.byteLength(this.text.slice(0, index));
    return {
      ...this.placeOfWhole(),
      ...placeOf(this.bytes, offset),
      offset: this.skippedBytes + offset,
    };
  }

  /** The document without a place in it. */
  placeOfWhole(): ErrorPlace {
    return this.source === undefined ? {} : { source: this.source };
  }

  /** The index of a column (from 0, in UTF-16 units) of a line (from 1). */
  indexOf(line: number, column: number): number {
    const lineEnd = /\r\n|\n|\r/g;
    for (let count = 1; count < line && lineEnd.test(this.text); count++);
    return lineEnd.lastIndex + column;
  }

  /** What stands at an index, in quotation marks, shortened; or `the end of the document`. */
  excerpt(index: number, end = this.text.length): string {
    if (index >= this.text.length) return 'the end of the document';
    const [line] = this.text.slice(index, Math.min(end, index + 4 * EXCERPT_LENGTH)).split(/[\r\n]/, 1);
    return line === '' ? 'the end of the line' : `"${shorten(line)}"`;
  }

  /** An RDF_SYNTAX error at an index, or of the whole document. */
  syntaxError(message: string, index?: number, cause?: unknown): ProvChainError {
    const place = index === undefined ? this.placeOfWhole() : this.placeAt(index);
    return new ProvChainError('RDF_SYNTAX', message, { cause, place });
  }
}
