/**
 * One line of N-Quads by the whole grammar (https://www.w3.org/TR/n-quads/#sec-grammar): any white space, comments,
 * blank lines, all line ends, all escapes. What it reads it spells canonically behind the input.
 *
 * Decisions where the grammar leaves room: a byte order mark is refused (it is not white space in N-Quads, and two
 * spellings of one document would differ by it); relative IRIs are refused (there is no base), beyond the scheme an
 * IRI is not taken apart; escaped surrogates are refused even in pairs, because a surrogate is no character; a literal
 * with datatype rdf:langString but without language tag is refused, because RDF 1.1 has no such term.
 */

import { isText, languageTagEnd, needsUchar, RDF_LANG_STRING, XSD_STRING } from './canonical-terms.js';
import {
  BYTE,
  codePointAt,
  IS_ALPHA,
  IS_SCHEME,
  isIriCharacter,
  isLabelPart,
  isLabelStart,
  sequenceEnd,
} from './characters.js';
import { encodingError, syntaxError } from './document-place.js';
import { NO_NODE, type QuadTable } from './quad-table.js';

/**
 * Reads the line at `at` of the input `[0, end)` and adds its statement, if it has one, to `table`. Returns the offset
 * after its line end. Throws RDF_SYNTAX or RDF_ENCODING.
 */
export function readStatement(table: QuadTable, at: number, end: number): number {
  return new StatementReader(table, at, end).read();
}

class StatementReader {
  readonly #table: QuadTable;
  readonly #end: number;
  #at: number;

  constructor(table: QuadTable, at: number, end: number) {
    this.#table = table;
    this.#at = at;
    this.#end = end;
  }

  read(): number {
    if (this.#at === 0 && this.#codePoint() === 0xfeff) {
      throw this.#error('a byte order mark is not allowed in N-Quads: remove the first three bytes');
    }
    this.#skipWhiteSpace();
    if (!this.#atLineEnd()) this.#statement();
    return this.#lineEnd();
  }

  #statement(): void {
    const table = this.#table;
    const { text } = table;
    const row = table.count;
    if (row === table.capacity) table.grow();
    table.start[row] = text.length;
    table.subjectNode[row] = this.#resource('subject');
    table.subjectEnd[row] = text.length;
    this.#separate();
    if (this.#byte() !== BYTE.less) throw this.#expected('an IRI as the predicate');
    this.#iri();
    table.predicateEnd[row] = text.length;
    this.#separate();
    table.objectNode[row] = this.#byte() === BYTE.quote ? this.#literal() : this.#resource('object');
    table.objectEnd[row] = text.length;
    this.#separate();
    table.graphNode[row] = this.#graphName();
    if (this.#byte() !== BYTE.dot) throw this.#expected('"." at the end of the statement');
    this.#at++;
    text.push(BYTE.dot);
    text.push(BYTE.lineFeed);
    table.end[row] = text.length;
    table.count++;
  }

  #graphName(): number {
    const table = this.#table;
    if (this.#byte() === BYTE.dot) {
      table.hasDefaultGraph = true;
      return NO_NODE;
    }
    const start = table.text.length;
    const node = this.#resource('graph name');
    table.graphs.intern(table.text, start, table.text.length);
    this.#separate();
    return node;
  }

  /** An IRI or a blank node: its node, or NO_NODE. */
  #resource(role: 'subject' | 'object' | 'graph name'): number {
    const byte = this.#byte();
    if (byte === BYTE.underscore) return this.#blankNode();
    if (byte !== BYTE.less) {
      const or = role === 'graph name' ? ' as the graph name, or "."' : ` as the ${role}`;
      const literal = role === 'object' ? ', a literal' : '';
      throw this.#expected(`an IRI${literal} or a blank node${or}`);
    }
    this.#iri();
    return NO_NODE;
  }

  #iri(): void {
    const { text } = this.#table;
    const opened = this.#at;
    const start = text.length;
    text.push(BYTE.less);
    this.#at++;
    for (;;) {
      if (this.#at >= this.#end || this.#atLineEnd(false)) {
        throw syntaxError(text.bytes, opened, 'this IRI is not closed with ">"');
      }
      const byte = this.#byte();
      if (byte === BYTE.greater) break;
      const at = this.#at;
      const escaped = byte === BYTE.backslash;
      const codePoint = escaped ? this.#uchar() : this.#character();
      if (!isIriCharacter(codePoint)) {
        const how = escaped ? ', not even escaped' : '';
        throw syntaxError(text.bytes, at, `${nameOf(codePoint)} is not allowed in an IRI${how}`);
      }
      this.#spell(codePoint);
    }
    this.#at++;
    text.push(BYTE.greater);
    let p = start + 1;
    if (IS_ALPHA[text.bytes[p]!] === 1) while (IS_SCHEME[text.bytes[p]!] === 1) p++;
    if (p === start + 1 || text.bytes[p] !== BYTE.colon) {
      throw syntaxError(
        text.bytes,
        opened,
        'this IRI is relative: N-Quads needs absolute ones, with a scheme',
      );
    }
  }

  #blankNode(): number {
    const { text, nodes } = this.#table;
    this.#at++;
    if (this.#byte() !== BYTE.colon) throw this.#expected('":" after "_"');
    this.#at++;
    const label = this.#at;
    if (!isLabelStart(this.#codePoint())) throw this.#expected('a blank node label');
    this.#character();
    // Dots may stand inside a label but not end it, so the label ends after the last character that is no dot.
    let labelEnd = this.#at;
    for (;;) {
      const codePoint = this.#codePoint();
      if (codePoint !== BYTE.dot && !isLabelPart(codePoint)) break;
      this.#character();
      if (codePoint !== BYTE.dot) labelEnd = this.#at;
    }
    this.#at = labelEnd;
    text.push(BYTE.underscore);
    text.push(BYTE.colon);
    const start = text.length;
    for (let p = label; p < labelEnd; p++) text.push(text.bytes[p]!);
    return nodes.nodeOf(text, start, text.length);
  }

  #literal(): number {
    const { text } = this.#table;
    const opened = this.#at;
    text.push(BYTE.quote);
    this.#at++;
    for (;;) {
      if (this.#at >= this.#end || this.#atLineEnd(false)) {
        throw syntaxError(text.bytes, opened, 'this literal is not closed with a quotation mark on its line');
      }
      const byte = this.#byte();
      if (byte === BYTE.quote) break;
      this.#spellInLiteral(byte === BYTE.backslash ? this.#escape() : this.#character());
    }
    this.#at++;
    text.push(BYTE.quote);
    if (this.#byte() === BYTE.at) this.#languageTag();
    else if (this.#byte() === BYTE.caret) this.#datatype();
    return NO_NODE;
  }

  #languageTag(): void {
    const { text } = this.#table;
    const tagEnd = languageTagEnd(text.bytes, this.#at);
    if (tagEnd < 0) {
      this.#at++;
      throw this.#expected('a language tag');
    }
    for (let p = this.#at; p < tagEnd; p++) text.push(text.bytes[p]!);
    this.#at = tagEnd;
  }

  #datatype(): void {
    const { text } = this.#table;
    const plainEnd = text.length;
    this.#at++;
    if (this.#byte() !== BYTE.caret) throw this.#expected('"^^" before the datatype');
    this.#at++;
    if (this.#byte() !== BYTE.less) throw this.#expected('an IRI as the datatype');
    const opened = this.#at;
    text.push(BYTE.caret);
    text.push(BYTE.caret);
    this.#iri();
    if (isText(text.bytes, plainEnd + 2, text.length, XSD_STRING)) text.length = plainEnd;
    if (isText(text.bytes, plainEnd + 2, text.length, RDF_LANG_STRING)) {
      throw syntaxError(
        text.bytes,
        opened,
        'a literal of datatype rdf:langString needs a language tag instead',
      );
    }
  }

  /** ECHAR or UCHAR: the character it stands for. */
  #escape(): number {
    const { bytes } = this.#table.text;
    const value = ECHAR.get(bytes[this.#at + 1]!);
    if (value === undefined) return this.#uchar();
    this.#at += 2;
    return value;
  }

  /** UCHAR: the character it stands for. */
  #uchar(): number {
    const { bytes } = this.#table.text;
    const at = this.#at;
    const letter = bytes[at + 1];
    if (letter !== BYTE.lowerU && letter !== BYTE.upperU)
      throw syntaxError(bytes, at, 'unknown escape sequence');
    const digits = letter === BYTE.lowerU ? 4 : 8;
    let value = 0;
    for (let p = at + 2; p < at + 2 + digits; p++) {
      const digit = p < this.#end ? Number.parseInt(String.fromCharCode(bytes[p]!), 16) : Number.NaN;
      if (Number.isNaN(digit)) throw syntaxError(bytes, at, `this escape needs ${digits} hexadecimal digits`);
      value = 16 * value + digit;
    }
    if (value > 0x10ffff) throw syntaxError(bytes, at, 'this escape is beyond U+10FFFF, the last character');
    if (value >= 0xd800 && value <= 0xdfff) {
      throw syntaxError(
        bytes,
        at,
        'this escape is a surrogate, not a character (beyond U+FFFF, use \\U and 8 digits)',
      );
    }
    this.#at = at + 2 + digits;
    return value;
  }

  /** Writes a character in UTF-8. */
  #spell(codePoint: number): void {
    const { text } = this.#table;
    if (codePoint < 0x80) {
      text.push(codePoint);
      return;
    }
    if (codePoint < 0x800) {
      text.push(0xc0 | (codePoint >> 6));
    } else {
      if (codePoint < 0x10000) {
        text.push(0xe0 | (codePoint >> 12));
      } else {
        text.push(0xf0 | (codePoint >> 18));
        text.push(0x80 | ((codePoint >> 12) & 0x3f));
      }
      text.push(0x80 | ((codePoint >> 6) & 0x3f));
    }
    text.push(0x80 | (codePoint & 0x3f));
  }

  /** Writes a character of a literal: canonical N-Quads escapes as little as possible (RDFC-1.0 appendix A). */
  #spellInLiteral(codePoint: number): void {
    const { text } = this.#table;
    const letter = CANONICAL_ECHAR.get(codePoint);
    if (letter !== undefined) {
      text.push(BYTE.backslash);
      text.push(letter);
    } else if (needsUchar(codePoint)) {
      const digits = codePoint.toString(16).toUpperCase().padStart(4, '0');
      for (const character of `\\u${digits}`) text.push(character.charCodeAt(0));
    } else {
      this.#spell(codePoint);
    }
  }

  #separate(): void {
    this.#table.text.push(BYTE.space);
    this.#skipWhiteSpace();
  }

  #skipWhiteSpace(): void {
    while (this.#byte() === BYTE.space || this.#byte() === BYTE.tab) this.#at++;
  }

  /** Past an optional comment and the line end. */
  #lineEnd(): number {
    this.#skipWhiteSpace();
    if (this.#byte() === BYTE.hash) while (!this.#atLineEnd(false)) this.#character();
    if (!this.#atLineEnd(false)) throw this.#expected('the end of the line');
    if (this.#at < this.#end && this.#byte() === BYTE.carriageReturn) this.#at++;
    if (this.#at < this.#end && this.#byte() === BYTE.lineFeed) this.#at++;
    return this.#at;
  }

  #atLineEnd(orComment = true): boolean {
    if (this.#at >= this.#end) return true;
    const byte = this.#byte();
    return byte === BYTE.lineFeed || byte === BYTE.carriageReturn || (orComment && byte === BYTE.hash);
  }

  /** The byte here; 0 at the end of the input, where zero bytes follow. */
  #byte(): number {
    return this.#table.text.bytes[this.#at]!;
  }

  /** The character here, without moving. Throws RDF_ENCODING. */
  #codePoint(): number {
    const { bytes } = this.#table.text;
    if (bytes[this.#at]! < 0x80) return bytes[this.#at]!;
    const end = sequenceEnd(bytes, this.#at);
    if (end < 0) throw encodingError(bytes, this.#at);
    return codePointAt(bytes, this.#at, end);
  }

  /** The character here, moving past it. Throws RDF_ENCODING. */
  #character(): number {
    const codePoint = this.#codePoint();
    this.#at += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    return codePoint;
  }

  #error(message: string): Error {
    return syntaxError(this.#table.text.bytes, this.#at, message);
  }

  #expected(what: string): Error {
    const codePoint = this.#codePoint();
    const found = this.#atLineEnd(false)
      ? this.#at >= this.#end
        ? 'the end of the document'
        : 'the end of the line'
      : nameOf(codePoint);
    return this.#error(`expected ${what}, found ${found}`);
  }
}

const ECHAR = new Map(
  Object.entries({ t: '\t', b: '\b', n: '\n', r: '\r', f: '\f', '"': '"', "'": "'", '\\': '\\' }).map(
    ([letter, character]) => [letter.charCodeAt(0), character.charCodeAt(0)],
  ),
);

/** The letter by character; an apostrophe is not escaped in the canonical form. */
const CANONICAL_ECHAR = new Map(
  [...ECHAR].filter(([letter]) => letter !== 0x27).map(([letter, character]) => [character, letter]),
);

function nameOf(codePoint: number): string {
  const hex = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
  return codePoint > 0x20 && codePoint < 0x7f ? `"${String.fromCodePoint(codePoint)}" (${hex})` : hex;
}
