import { describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import { canonicalize, parseNQuads } from '../../src/rdf/index.js';

const bytesOf = (document: string | readonly number[]): Uint8Array =>
  typeof document === 'string' ? Buffer.from(document) : Uint8Array.from(document);
const canonicalText = (document: string) => Buffer.from(canonicalize(Buffer.from(document)).bytes).toString();

function refusalOf(document: Uint8Array): ProvChainError {
  for (const read of [parseNQuads, canonicalize]) {
    try {
      read(document);
    } catch (error) {
      if (error instanceof ProvChainError && read === canonicalize) return error;
      if (!(error instanceof ProvChainError)) throw error;
      continue;
    }
    throw new Error('accepted');
  }
  throw new Error('unreachable');
}

const S = '<http://e/s>';
const P = '<http://e/p>';
const O = '<http://e/o>';
const LINE = `${S} ${P} ${O} .\n`;
const literal = (text: string) => `${S} ${P} ${text} .\n`;

/** Documents and their canonical form. */
const VALID: [name: string, document: string, canonical: string][] = [
  ['an empty document', '', ''],
  ['blank lines and comments only', '\n  \t\n# <a> b "c\n\r\n\r# end', ''],
  ['a triple', LINE, LINE],
  ['a quad', `${S} ${P} ${O} <http://e/g> .\n`, `${S} ${P} ${O} <http://e/g> .\n`],
  ['a missing last line end', LINE.trimEnd(), LINE],
  ['CRLF', LINE.replace('\n', '\r\n'), LINE],
  ['CR alone', `${S} ${P} ${O} .\r${S} ${P} "x" .\r`, `${S} ${P} "x" .\n${LINE}`],
  ['blank lines between statements', `\n\n${LINE}\n`, LINE],
  [
    'tabs and runs of spaces',
    `  ${S}\t${P}  \t${O}\t <http://e/g> \t. \t\n`,
    `${S} ${P} ${O} <http://e/g> .\n`,
  ],
  ['no white space at all', `${S}${P}${O}<http://e/g>.\n`, `${S} ${P} ${O} <http://e/g> .\n`],
  ['a comment behind the statement', `${LINE.trimEnd()}# why`, LINE],
  ['a comment with characters of every length', `# é ☃ 🌃\n${LINE}`, LINE],
  ['a duplicate', LINE + LINE, LINE],
  ['a duplicate in another spelling', `${LINE}${S}${P} <http://e/\\u006F>.`, LINE],
  ['lines out of order', `${S} ${P} "b" .\n${S} ${P} "a" .\n`, `${S} ${P} "a" .\n${S} ${P} "b" .\n`],
  [
    'raw control characters',
    literal('"\t\b\f\u0000\u001f\u007f"'),
    literal('"\\t\\b\\f\\u0000\\u001F\\u007F"'),
  ],
  ['all short escapes', literal('"\\t\\b\\n\\r\\f\\"\\\'\\\\"'), literal('"\\t\\b\\n\\r\\f\\"\'\\\\"')],
  ['numeric escapes', literal('"\\u00e9\\U0001F303\\u0041\\u000a"'), literal('"é🌃A\\n"')],
  ['lower-case hexadecimal', literal('"\\u000b\\u007f"'), literal('"\\u000B\\u007F"')],
  ['control characters above ASCII', literal('"\u0080\u009f\u2028"'), literal('"\u0080\u009f\u2028"')],
  ['U+FFFE and U+FFFF', literal('"\ufffe\uffff\ufffd\\uFFFE"'), literal('"\\uFFFE\\uFFFF\ufffd\\uFFFE"')],
  ['non-characters of other planes', literal('"\\U0001FFFE\\U0010FFFF"'), literal('"\u{1fffe}\u{10ffff}"')],
  ['an escaped NUL', literal('"\\u0000"'), literal('"\\u0000"')],
  ['xsd:string', literal('"x"^^<http://www.w3.org/2001/XMLSchema#string>'), literal('"x"')],
  ['xsd:string escaped', literal('"x"^^<http://www.w3.org/2001/XMLSchema#\\u0073tring>'), literal('"x"')],
  ['another datatype', literal('"01"^^<http://e/int>'), literal('"01"^^<http://e/int>')],
  ['language tags as they are', literal('"x"@EN-us-x-1a'), literal('"x"@EN-us-x-1a')],
  ['an IRI with escapes', `${S} ${P} <http://e/\\u00E9\\U0001F303> .\n`, `${S} ${P} <http://e/é🌃> .\n`],
  ['an IRI with delete', `${S} ${P} <http://e/\u007f> .\n`, `${S} ${P} <http://e/\u007f> .\n`],
  ['a short scheme', `<a:> <b+1-.:> <c:d> .\n`, `<a:> <b+1-.:> <c:d> .\n`],
  ['a text that looks like a statement', literal('"> <x> . \\n# _:a"@en'), literal('"> <x> . \\n# _:a"@en')],
  ['a label with a dot', `_:a.b ${P} _:a..b-c .\n`, `_:c14n1 ${P} _:c14n0 .\n`],
  ['a label with colons', `_::a:b ${P} _:: .\n`, `_:c14n1 ${P} _:c14n0 .\n`],
  ['a label before the end', `${S}${P}_:a.\n`, `${S} ${P} _:c14n0 .\n`],
  ['a label with digits first', `_:0_ ${P} "x" .\n`, `_:c14n0 ${P} "x" .\n`],
  ['a label of other scripts', `_:é検𐀀·\u0300‿ ${P} "x" .\n`, `_:c14n0 ${P} "x" .\n`],
  ['a blank graph name', `${S} ${P} ${O} _:g.\n`, `${S} ${P} ${O} _:c14n0 .\n`],
];

/** Documents that are refused: with what, and where (line, column, offset). */
const INVALID: [
  name: string,
  document: string | readonly number[],
  code: string,
  place: [number, number, number],
  message: RegExp,
][] = [
  ['a byte order mark', `\ufeff${LINE}`, 'RDF_SYNTAX', [1, 1, 0], /byte order mark/],
  [
    'a byte order mark further on',
    `${LINE}\ufeff${LINE}`,
    'RDF_SYNTAX',
    [2, 1, 41],
    /subject, found U\+FEFF/,
  ],
  ['a literal as the subject', `"x" ${P} ${O} .\n`, 'RDF_SYNTAX', [1, 1, 0], /as the subject, found """/],
  ['a blank predicate', `${S} _:p ${O} .\n`, 'RDF_SYNTAX', [1, 14, 13], /IRI as the predicate/],
  ['a literal as the predicate', `${S} "p" ${O} .\n`, 'RDF_SYNTAX', [1, 14, 13], /IRI as the predicate/],
  [
    'a literal as the graph name',
    `${S} ${P} ${O} "g" .\n`,
    'RDF_SYNTAX',
    [1, 40, 39],
    /as the graph name, or "\."/,
  ],
  ['a fifth term', `${S} ${P} ${O} ${O} ${O} .\n`, 'RDF_SYNTAX', [1, 53, 52], /"\." at the end/],
  ['a missing object', `${S} ${P} .\n`, 'RDF_SYNTAX', [1, 27, 26], /a literal or a blank node as the object/],
  ['a missing dot', `${S} ${P} ${O}\n${LINE}`, 'RDF_SYNTAX', [1, 39, 38], /found the end of the line/],
  ['a missing dot at the end', `${S} ${P} ${O}`, 'RDF_SYNTAX', [1, 39, 38], /found the end of the document/],
  ['two statements on a line', `${LINE.trimEnd()} ${LINE}`, 'RDF_SYNTAX', [1, 42, 41], /the end of the line/],
  [
    'a statement over two lines',
    `${S} ${P}\n${O} .\n`,
    'RDF_SYNTAX',
    [1, 26, 25],
    /found the end of the line/,
  ],
  ['Turtle', '@prefix e: <http://e/> .\n', 'RDF_SYNTAX', [1, 1, 0], /found "@"/],
  ['a prefixed name', `${S} e:p ${O} .\n`, 'RDF_SYNTAX', [1, 14, 13], /found "e"/],
  ['a number', `${S} ${P} 7 .\n`, 'RDF_SYNTAX', [1, 27, 26], /found "7"/],
  ['single quotes', literal("'x'"), 'RDF_SYNTAX', [1, 27, 26], /found "'"/],
  ['a relative IRI', `${S} ${P} <o> .\n`, 'RDF_SYNTAX', [1, 27, 26], /relative/],
  ['an empty IRI', `${S} ${P} <> .\n`, 'RDF_SYNTAX', [1, 27, 26], /relative/],
  ['a scheme that begins with a digit', `${S} ${P} <1a:b> .\n`, 'RDF_SYNTAX', [1, 27, 26], /relative/],
  ['a relative datatype', literal('"x"^^<int>'), 'RDF_SYNTAX', [1, 32, 31], /relative/],
  [
    'a space in an IRI',
    `${S} ${P} <http://e/a b> .\n`,
    'RDF_SYNTAX',
    [1, 38, 37],
    /U\+0020 is not allowed in an IRI/,
  ],
  [
    'an escaped space in an IRI',
    `${S} ${P} <http://e/\\u0020> .\n`,
    'RDF_SYNTAX',
    [1, 37, 36],
    /not even escaped/,
  ],
  ['an escaped bracket in an IRI', `${S} ${P} <http://e/\\U0000003c> .\n`, 'RDF_SYNTAX', [1, 37, 36], /"<"/],
  ['a short escape in an IRI', `${S} ${P} <http://e/\\n> .\n`, 'RDF_SYNTAX', [1, 37, 36], /unknown escape/],
  ['a bracket in an IRI', `${S} ${P} <http://e/<> .\n`, 'RDF_SYNTAX', [1, 37, 36], /"<" \(U\+003C\)/],
  ['a brace in an IRI', `${S} ${P} <http://e/{}> .\n`, 'RDF_SYNTAX', [1, 37, 36], /U\+007B/],
  ['a tab in an IRI', `${S} ${P} <http://e/\t> .\n`, 'RDF_SYNTAX', [1, 37, 36], /U\+0009/],
  ['an IRI that does not end', `${S} ${P} <http://e/ö\n${LINE}`, 'RDF_SYNTAX', [1, 27, 26], /not closed/],
  ['a literal that does not end', literal('"x'), 'RDF_SYNTAX', [1, 27, 26], /not closed/],
  ['a literal over two lines', literal('"x\ny"'), 'RDF_SYNTAX', [1, 27, 26], /not closed/],
  ['an unknown escape', literal('"é\\x"'), 'RDF_SYNTAX', [1, 29, 29], /unknown escape/],
  ['an escape that is too short', literal('"\\u12"'), 'RDF_SYNTAX', [1, 28, 27], /4 hexadecimal digits/],
  [
    'an escape that is no number',
    literal('"\\U0001F3g3"'),
    'RDF_SYNTAX',
    [1, 28, 27],
    /8 hexadecimal digits/,
  ],
  ['an escape beyond Unicode', literal('"\\U00110000"'), 'RDF_SYNTAX', [1, 28, 27], /U\+10FFFF/],
  ['an escape at the end', `${S} ${P} "\\u00`, 'RDF_SYNTAX', [1, 28, 27], /4 hexadecimal digits/],
  ['a backslash at the end', `${S} ${P} "\\`, 'RDF_SYNTAX', [1, 28, 27], /unknown escape/],
  ['a lone surrogate, escaped', literal('"\\uD800"'), 'RDF_SYNTAX', [1, 28, 27], /surrogate/],
  ['a pair of surrogates, escaped', literal('"\\uD83C\\uDF03"'), 'RDF_SYNTAX', [1, 28, 27], /surrogate/],
  ['a surrogate in an IRI', `${S} ${P} <http://e/\\uDFFF> .\n`, 'RDF_SYNTAX', [1, 37, 36], /surrogate/],
  ['an empty language tag', literal('"x"@'), 'RDF_SYNTAX', [1, 31, 30], /language tag/],
  ['a language tag of digits', literal('"x"@1'), 'RDF_SYNTAX', [1, 31, 30], /language tag/],
  ['a language tag with a trailing hyphen', literal('"x"@en-'), 'RDF_SYNTAX', [1, 33, 32], /found "-"/],
  ['one caret', literal('"x"^<http://e/d>'), 'RDF_SYNTAX', [1, 31, 30], /"\^\^"/],
  ['a blank datatype', literal('"x"^^_:d'), 'RDF_SYNTAX', [1, 32, 31], /IRI as the datatype/],
  [
    'rdf:langString without a tag',
    literal('"x"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString>'),
    'RDF_SYNTAX',
    [1, 32, 31],
    /needs a language tag/,
  ],
  ['an empty label', `_: ${P} ${O} .\n`, 'RDF_SYNTAX', [1, 3, 2], /a blank node label/],
  ['a label without a colon', `_a ${P} ${O} .\n`, 'RDF_SYNTAX', [1, 2, 1], /":" after "_"/],
  ['a label that begins with a hyphen', `_:-a ${P} ${O} .\n`, 'RDF_SYNTAX', [1, 3, 2], /label, found "-"/],
  ['a label that begins with a dot', `_:.a ${P} ${O} .\n`, 'RDF_SYNTAX', [1, 3, 2], /label, found "\."/],
  ['a label with a division sign', `_:a÷ ${P} ${O} .\n`, 'RDF_SYNTAX', [1, 4, 3], /found U\+00F7/],
  ['an error on a later line', `# é\r\n${LINE}\r${S} "\n`, 'RDF_SYNTAX', [4, 14, 61], /predicate/],
  ['a NUL', `${LINE}\0`, 'RDF_SYNTAX', [2, 1, 41], /found U\+0000/],
  ['a lone continuation byte', [0x23, 0x80, 0x0a], 'RDF_ENCODING', [1, 2, 1], /0x80/],
  ['an overlong slash', [0x23, 0xc0, 0xaf, 0x0a], 'RDF_ENCODING', [1, 2, 1], /0xc0/],
  ['an overlong NUL', [0x23, 0xc1, 0x80], 'RDF_ENCODING', [1, 2, 1], /0xc1/],
  ['an overlong form of three bytes', [0x23, 0xe0, 0x9f, 0xbf], 'RDF_ENCODING', [1, 2, 1], /0xe0/],
  ['an overlong form of four bytes', [0x23, 0xf0, 0x8f, 0xbf, 0xbf], 'RDF_ENCODING', [1, 2, 1], /0xf0/],
  ['an encoded surrogate', [0x23, 0xed, 0xa0, 0x80], 'RDF_ENCODING', [1, 2, 1], /0xed/],
  ['a code point beyond Unicode', [0x23, 0xf4, 0x90, 0x80, 0x80], 'RDF_ENCODING', [1, 2, 1], /0xf4/],
  ['a byte that never occurs', [0x23, 0xc3, 0xa9, 0xff], 'RDF_ENCODING', [1, 3, 3], /0xff/],
  ['a sequence cut off by the line', [0x23, 0xe2, 0x98, 0x0a, 0x83], 'RDF_ENCODING', [1, 2, 1], /0xe2/],
  ['a sequence cut off by the end', [0x23, 0xf0, 0x9f, 0x8c], 'RDF_ENCODING', [1, 2, 1], /0xf0/],
  [
    'malformed UTF-8 in a literal',
    [...Buffer.from(`${LINE}${S} ${P} "é`), 0xff, ...Buffer.from('" .\n')],
    'RDF_ENCODING',
    [2, 29, 70],
    /0xff/,
  ],
  [
    'malformed UTF-8 in an IRI',
    [...Buffer.from(`${S} ${P} <http://e/`), 0xed, 0xbf, 0xbf, 0x3e, 0x2e],
    'RDF_ENCODING',
    [1, 37, 36],
    /0xed/,
  ],
  ['malformed UTF-8 in a label', [...Buffer.from('_:a'), 0xc3, 0x20], 'RDF_ENCODING', [1, 4, 3], /0xc3/],
  ['malformed UTF-8 between terms', [...Buffer.from(`${S} `), 0xfe], 'RDF_ENCODING', [1, 14, 13], /0xfe/],
];

describe('the N-Quads reader', () => {
  it.each(VALID)('accepts %s', (_name, document, canonical) => {
    expect(canonicalText(document)).toBe(canonical);
    expect(canonicalize(Buffer.from(canonical)).unchanged).toBe(true);
  });

  it.each(VALID)('reads the same with canonical lines around: %s', (_name, document, canonical) => {
    const before = `<a:0> ${P} "0" .\n`;
    const after = `\n<a:1> ${P} "1" .\n`;
    const lines = (before + canonical + after.slice(1)).split(/(?<=\n)/);
    expect(canonicalText(before + document + after)).toBe(lines.sort().join(''));
  });

  it.each(INVALID)('refuses %s', (_name, document, code, [line, column, offset], message) => {
    const refusal = refusalOf(bytesOf(document));
    expect(refusal.message).toMatch(message);
    expect({ code: refusal.code, place: refusal.place }).toEqual({ code, place: { line, column, offset } });
  });

  it('refuses what comes after canonical lines, too', () => {
    for (const [, document, code, [line, column, offset]] of INVALID) {
      if (offset === 0) continue;
      const refusal = refusalOf(Buffer.concat([Buffer.from(LINE), bytesOf(document)]));
      expect(refusal.code).toBe(code);
      expect(refusal.place).toEqual({ line: line + 1, column, offset: offset + LINE.length });
    }
  });

  it('refuses every document that lost a byte of its last sequence', () => {
    const whole = Buffer.from(literal('"é☃🌃"'));
    for (let cut = 0; cut < whole.length; cut++) {
      const shortened = Buffer.concat([whole.subarray(0, cut), whole.subarray(cut + 1)]);
      const broken = !Buffer.from(shortened.toString()).equals(shortened);
      if (broken) expect(refusalOf(shortened).code).toBe('RDF_ENCODING');
    }
  });
});

describe('parseNQuads', () => {
  it('gives canonical terms in document order, with duplicates and labels as they are', () => {
    const document = `_:b  ${P} "\\u00e9"^^<http://www.w3.org/2001/XMLSchema#string> _:g .\n${LINE}${LINE}_:b.1 ${P} "x"@EN.`;
    expect(parseNQuads(Buffer.from(document))).toEqual([
      { subject: '_:b', predicate: P, object: '"é"', graph: '_:g' },
      { subject: S, predicate: P, object: O, graph: '' },
      { subject: S, predicate: P, object: O, graph: '' },
      { subject: '_:b.1', predicate: P, object: '"x"@EN', graph: '' },
    ]);
  });

  it('gives nothing for an empty document', () => {
    expect(parseNQuads(new Uint8Array())).toEqual([]);
  });
});
