import { describe, expect, it } from 'vitest';
import { type ErrorCode, ProvChainError } from '../../src/errors.js';
import { ingest, type RdfFormat } from '../../src/rdf/index.js';

/** Marks the character of a document that its error is about. */
const MARK = '▶';

/** Where the mark is, counted without the code under test. */
function placeOfMark(marked: string) {
  const before = marked.slice(0, marked.indexOf(MARK));
  // A byte order mark at the start takes bytes but no column, as in an editor.
  const lines = before.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  return {
    source: 'document',
    line: lines.length,
    column: Array.from(lines[lines.length - 1]).length + 1,
    offset: new TextEncoder().encode(before).length,
  };
}

async function refusal(bytes: Uint8Array, format: RdfFormat, options = {}): Promise<ProvChainError> {
  const result = await ingest(bytes, format, { source: 'document', ...options }).catch((error) => error);
  expect(result).toBeInstanceOf(ProvChainError);
  return result as ProvChainError;
}

/** What is wrong, the document with its mark, and what the message must say. */
type Refusals = readonly (readonly [what: string, marked: string, says: string])[];

function refuses(format: RdfFormat, refusals: Refusals, code: ErrorCode = 'RDF_SYNTAX'): void {
  it.each(refusals)('refuses %s', async (_, marked, says) => {
    const error = await refusal(new TextEncoder().encode(marked.replace(MARK, '')), format);
    expect(error.message).toContain(says);
    expect(error).toMatchObject({
      code,
      place: marked.includes(MARK) ? placeOfMark(marked) : { source: 'document' },
    });
  });
}

describe('ingest of N-Quads', () => {
  refuses('n-quads', [
    ['a byte order mark', '▶\uFEFF<a:s> <a:p> <a:o> .', 'byte order mark'],
    ['a relative IRI', '<a:s> <a:p> <a:o> .\n<a:s> <a:p> ▶<o> .', 'relative'],
    ['a missing full stop', '<a:s> <a:p> <a:o>▶\n<a:s> <a:p> <a:o> .', 'expected'],
    ['two statements on a line', '<a:s> <a:p> <a:o> . ▶<a:s> <a:p> <a:o> .', 'end of the line'],
    ['a literal as subject', '# é\n▶"s" <a:p> <a:o> .', 'as the subject'],
    ['a literal as graph name', '<a:s> <a:p> <a:o> ▶"g" .', 'as the graph name'],
    ['a blank node as predicate', '<a:s> ▶_:p <a:o> .', 'as the predicate'],
    ['a prefix of Turtle', '▶@prefix a: <a:> .', 'expected'],
    ['a number of Turtle', '<a:s> <a:p> ▶5 .', 'as the object'],
    ['an open string', '<a:s> <a:p> ▶"o .\n', 'not closed'],
    ['an unknown escape', '<a:s> <a:p> "ä▶\\x" .', 'escape'],
    ['an escaped surrogate', '<a:s> <a:p> "▶\\uD83D\\uDE00" .', 'surrogate'],
    ['a space in an IRI, escaped', '<a:s▶\\u0020> <a:p> <a:o> .', 'not allowed in an IRI'],
    ['a base direction', '<a:s> <a:p> "o"@en▶--ltr .', 'expected'],
    ['a triple term', '<a:s> <a:p> <▶<( <a:s> <a:p> <a:o> )>> .', 'not allowed'],
    ['a long subtag', '<a:s> <a:p> ▶"o"@en-abcdefghi .', 'eight characters'],
    [
      'rdf:langString without a tag',
      '<a:s> <a:p> "o"^^▶<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString> .',
      'language tag',
    ],
  ]);
});

describe('ingest of N-Triples', () => {
  refuses('n-triples', [
    ['a graph name', '<a:s> <a:p> <a:o> . # <a:g>\n\n<a:s> <a:p> <a:o> ▶<a:g> .', 'fourth term <a:g>'],
    ['a blank graph name', '\t<a:s> <a:p> "ö > \\" ."@EN ▶_:g.', 'fourth term _:g'],
    ['a graph name without white space', '_:a.b<a:p>"o"^^<a:T>▶<a:g>.', 'fourth term <a:g>'],
    ['a graph name after a CRLF', '<a:s> <a:p> <a:o> .\r\n<a:s> <a:p> _:o ▶<a:g> .\r\n', 'fourth term <a:g>'],
    ['a byte order mark', '▶\uFEFF<a:s> <a:p> <a:o> .', 'byte order mark'],
    ['a relative IRI', '<a:s> <a:p> ▶<o> .', 'relative'],
    ['a missing object', '<a:s> <a:p> ▶.', 'as the object'],
    ['a literal as predicate', '<a:s> ▶"p" <a:o> .', 'as the predicate'],
    ['an empty label', '_:▶ <a:p> <a:o> .', 'blank node label'],
    ['a string in apostrophes', "<a:s> <a:p> ▶'o' .", 'as the object'],
    ['an open IRI', '<a:s> <a:p> <a:o▶ .', 'not allowed in an IRI'],
    ['an escape beyond Unicode', '<a:s> <a:p> "▶\\U00110000" .', 'U+10FFFF'],
    ['a long subtag', '<a:s> <a:p> "o" .\n<a:s> <a:p> ▶"o"@abcdefghi .', 'eight characters'],
  ]);
});

/** Turtle that TriG refuses too. */
const TURTLE: Refusals = [
  ['a relative IRI without a base', '\n▶<s> <a:p> <a:o> .', 'states no @base'],
  ['a relative IRI of a prefix', '@prefix : ▶<#> .', 'states no @base'],
  ['a relative base', '@base ▶<b/> .', 'states no @base'],
  ['a reference to a base without path', '@base <urn:a:b> . ▶<c> a <#d> .', 'has no "//"'],
  ['an undeclared prefix', '<a:s> <a:p> <a:o> ;\r\n  ▶e:x 1 .', '"e:x", whose prefix is not declared'],
  ['a missing full stop', '<a:s> <a:p> <a:o>▶', 'the end of the document'],
  ['a missing full stop after @prefix', '@prefix e: <e:>\n▶<a:s> <a:p> <a:o> .', 'after the directive'],
  ['a prefix without colon', '@prefix ▶e <e:> .', '"e <e:> ."'],
  ['a prefix for a string', '@prefix e: ▶"e:" .', 'an IRI in angle brackets'],
  ['a directive in capitals', '▶@PREFIX e: <e:> .', '"@PREFIX"'],
  ['an unknown directive', '▶@version "1.1" .', 'RDF 1.2'],
  ['a version announcement', '▶VERSION "1.2"', 'RDF 1.2'],
  ['a base direction', '<a:s> <a:p> "é"@en▶--ltr .', 'RDF 1.2'],
  ['a triple term', '<a:s> <a:p> ▶<<( <a:s> <a:p> <a:o> )>> .', 'RDF 1.2'],
  ['a reified triple', '▶<< <a:s> <a:p> <a:o> >> <a:p> <a:o> .', 'RDF 1.2'],
  ['an annotation', '<a:s> <a:p> <a:o> ▶{| <a:q> 1 |} .', 'RDF 1.2'],
  ['a reifier', '<a:s> <a:p> <a:o> ▶~ <a:r> .', 'RDF 1.2'],
  [
    'a full stop inside a blank node',
    '<a:s> <a:q> [ <a:p> 1 ; ▶. <a:s> <a:p> 1 .',
    '"]" for the "[" of line 1, column 13',
  ],
  ['the end inside a blank node', '<a:s> <a:q> [ <a:p> 1 ;▶', '"]" for the "["'],
  ['the end inside a list', '<a:s>\n<a:q> ( 1▶', '")" for the "(" of line 2, column 7'],
  ['a full stop inside a list', '<a:s> <a:q> ( 1 ▶. <a:s> <a:p> 1 .', '")" for the "("'],
  ['brackets that cross', '<a:s> <a:q> ( [ <a:p> 1 ▶) ] .', '"]" for the "["'],
  ['a bracket that was not opened', '<a:s> <a:p> 1 ▶] .', 'no bracket is open'],
  ['a variable', '▶?x <a:p> 1 .', 'Notation3'],
  ['an implication', '<a:s> ▶=> <a:o> .', 'Notation3'],
  ['a path', '<a:s>▶!<a:x> <a:p> 1 .', 'Notation3'],
  ['a literal as subject', '▶"é" <a:p> 1 .', 'only be an object'],
  ['a blank node as predicate', '<a:s> ▶_:p 1 .', 'cannot be a predicate'],
  ['a predicate that is missing', '<a:s> ▶; <a:p> 1 .', 'expected a predicate'],
  ['a subject alone', '[] ▶.', 'expected a predicate and an object'],
  ['an open string', '<a:s> <a:p> ▶"o .\n<a:s> <a:p> 1 .', 'not a string'],
  ['an open long string', '<a:s> <a:p> ▶"""o" .\n', 'not a string'],
  ['an unknown escape', '<a:s> <a:p> ▶"\\x" .', 'not a string'],
  ['escaped surrogates', '<a:s> <a:p> ▶"\\uD83D\\uDE00" .', 'not a string'],
  ['a space in an IRI', '# a comment\n<a:s> <a:p> ▶<a b> .', 'not an IRI'],
  ['an escaped space in an IRI', '<a:s> <a:p> ▶<a:\\u0020> .', 'not an IRI'],
  ['a number with two points', '<a:s> <a:p> ▶1.2.3 .', 'not a number'],
  ['a long subtag', '<a:s> <a:p> "o"▶@abcdefghi .', 'eight characters'],
  [
    'rdf:langString without a tag',
    '<a:s> <a:p> "o"^^▶<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString> .',
    'needs a language tag',
  ],
  ['a datatype without a string', '<a:s> ^^▶<a:p> 1 .', 'without a string'],
  ['a prefixed datatype without a string', '@prefix e: <e:> . e:s e:p (1 ^^▶e:o) .', 'without a string'],
  ['a datatype that is no IRI', '<a:s> <a:p> "o"▶^^"T" .', 'a datatype after'],
  ['a form feed', '<a:s>▶\f<a:p> 1 .', 'neither a keyword nor a prefixed name'],
  ['a second byte order mark', '\uFEFF▶\uFEFF<a:s> <a:p> 1 .', 'a second byte order mark'],
  ['an error after a string of several lines', '<a:s> <a:p> """x\r\n\n😀""", ▶e:x .', 'not declared'],
];

describe('ingest of Turtle', () => {
  refuses('turtle', [
    ...TURTLE,
    ['a graph', '▶{ <a:s> <a:p> 1 }', 'Turtle has no graphs'],
    ['a named graph', '<a:g> ▶{ <a:s> <a:p> 1 }', 'Turtle has no graphs'],
    ['a graph with its keyword', '▶GRAPH <a:g> { }', 'found "GRAPH"'],
    ['a formula', '<a:s> <a:p> ▶{ <a:s> <a:p> 1 } .', 'Turtle has no graphs'],
    ['a fourth term', '<a:s> <a:p> 1 ▶<a:g> .', 'after the object'],
  ]);
});

describe('ingest of TriG', () => {
  refuses('trig', [
    ...TURTLE,
    ['a graph in a graph', '<a:g> { <a:s> <a:p> 1 . <a:h> ▶{ <a:s> <a:p> 1 } }', 'expected "}" before it'],
    [
      'a graph with its keyword in a graph',
      '<a:g> { <a:s> <a:p> 1 . ▶GRAPH <a:h> { } }',
      'expected "}" before it',
    ],
    ['a directive in a graph', '{ <a:s> <a:p> 1 .\n▶@prefix e: <e:> . }', 'expected "}" before it'],
    ['the end inside a graph', '<a:g> { <a:s> <a:p> 1▶', '"}" for the "{" of line 1, column 7'],
    ['a brace inside a blank node', '<a:g> { <a:s> <a:p> [ <a:q> 1 ; ▶}', '"]" for the "["'],
    ['a brace that was not opened', '<a:s> <a:p> 1 . ▶}', 'no bracket is open'],
    ['a graph as object', '<a:s> <a:p> ▶{ } .', 'a graph cannot stand here'],
    ['a literal as graph name', 'GRAPH ▶"g" { }', 'expected the name of a graph'],
    ['a graph name without graph', 'GRAPH <a:g> ▶<a:s> <a:p> 1 .', 'expected the name of a graph'],
    ['a full stop after a graph', '{ <a:s> <a:p> 1 } ▶.', 'found "."'],
    ['a list as graph name', '( 1 ) ▶{ }', 'expected an IRI'],
    ['a fourth term', '<a:s> <a:p> 1 ▶<a:g> .', 'after the object'],
  ]);
});

const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('ingest of JSON-LD', () => {
  refuses('json-ld', [
    ['nothing', '▶', 'a JSON value'],
    ['white space alone', ' \n\t▶', 'a JSON value'],
    ['an open object', '{"a":1▶', 'the end of the document'],
    ['a comma too many', '{"a":1,▶}', 'a key in quotation marks'],
    ['a missing comma', '{"a":1\n ▶"b":2}', 'expected "," or "}"'],
    ['a missing colon', '{"a" ▶1}', 'expected ":"'],
    ['text after the end', '{}\n▶{}', 'the end of the document'],
    ['a key that stands twice', '{"é":1,▶"é":2}', 'has that key already'],
    ['a key that stands twice, escaped', '{"a":1,▶"\\u0061":2}', 'has that key already'],
    ['the key __proto__', '{"@id":"a:s",▶"__proto__":{}}', 'no key may be called'],
    ['the key __proto__, escaped', '[{▶"\\u005f_proto__":{}}]', 'no key may be called'],
    ['half of a surrogate pair', '["a",▶"\\uD83D"]', 'half of a surrogate pair'],
    ['the halves of a pair in the wrong order', '[▶"\\uDE00\\uD83D"]', 'half of a surrogate pair'],
    ['a control character', '["a▶\u0001"]', 'must be escaped'],
    ['an unknown escape', '["▶\\x"]', 'no escape of JSON'],
    ['an open string', '[▶"a]', 'without its end'],
    ['apostrophes', "{▶'a':1}", 'a key in quotation marks'],
    ['a leading zero', '[0▶1]', 'expected "," or "]"'],
    ['a word', '[▶True]', '"True"'],
    ['a comment', '▶/* a */ {}', 'a JSON value'],
    ['a whole number that a double cannot hold', '{"a:p":▶9007199254740993}', 'cannot be read exactly'],
    ['a whole number that is infinite', '{"a:p":▶1e999}', 'cannot be read exactly'],
    ['a number that vanishes', '{"a:p":▶1e-999}', 'cannot be read exactly'],
  ]);

  it.each([129, 45_000, 1_000_000])('refuses nesting %i deep', async (depth) => {
    const arrays = await refusal(new TextEncoder().encode(deep(depth)), 'json-ld');
    expect(arrays).toMatchObject({ code: 'RDF_SYNTAX', place: { line: 1, column: 129 } });
    const objects = `${'{"a:p":'.repeat(depth)}1${'}'.repeat(depth)}`;
    const error = await refusal(new TextEncoder().encode(objects), 'json-ld');
    expect(error).toMatchObject({ code: 'RDF_SYNTAX', place: { line: 1, column: 128 * 7 + 1 } });
  });

  it('reads nesting 128 deep', async () => {
    const objects = `${'{"a:p":'.repeat(127)}{"@id":"a:o","@type":"a:T"}${'}'.repeat(127)}`;
    const nquads = await ingest(new TextEncoder().encode(objects), 'json-ld');
    expect(new TextDecoder().decode(nquads).split('\n')).toHaveLength(129);
  });

  refuses('json-ld', [
    ['a string for a document', '"http://e.org/document"', 'an object or an array'],
    ['null', 'null', 'an object or an array'],
    ['a property without IRI', '{"@id":"a:s",\n ▶"name":1}', '"name", a property would be lost'],
    ['a relative @id', '{"@id":▶"s","a:p":1}', 'states no @base'],
    ['a relative @id named like a method', '{"@id":▶"constructor","a:p":1}', 'states no @base'],
    ['a relative IRI as value', '{"@id":"a:s","a:p":{"@id":▶"o"}}', 'states no @base'],
    ['a relative @type', '{"@id":"a:s","@type":▶"T"}', 'a type would be lost'],
    ['a blank node as property', '{"@id":"a:s",▶"_:p":1}', 'cannot be a property'],
    ['an IRI with wrong characters', '{"@id":▶"a:s<b>","a:p":1}', 'expected an absolute IRI'],
    [
      'a base direction',
      '{"@id":"a:s","a:p":{"@value":▶"o","@direction":"ltr"}}',
      'a base direction would be lost',
    ],
    [
      'a base direction of a number',
      '{"@id":"a:s","a:p":{"@value":5,"@direction":"ltr"}}',
      'a base direction would be lost',
    ],
    [
      'a base direction of the context',
      '{"@context":{"@direction":"rtl"},"@id":"a:s","a:p":▶"o"}',
      'a base direction would be lost',
    ],
    ['a wrong language tag', '{"@id":"a:s","a:p":{"@value":"o","@language":▶"en_us"}}', 'not a language tag'],
    ['a long subtag', '{"@id":"a:s","a:p":{"@value":"o","@language":▶"en-abcdefghi"}}', 'not a language tag'],
    [
      'a language tag on a number',
      '{"@id":"a:s","a:p":{"@value":5,"@language":"en"}}',
      'invalid language-tagged value',
    ],
    ['a blank node as datatype', '{"@id":"a:s","a:p":{"@value":"o","@type":"_:T"}}', 'invalid typed value'],
    [
      'rdf:langString without a tag',
      '{"@id":"a:s","a:p":{"@value":"o","@type":"http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"}}',
      'needs a language tag',
    ],
    ['a node of which nothing is said', '[{"@id":▶"a:s"}]', 'would be lost'],
    ['a value that belongs to no node', '{"@graph":[{"@value":"o"}]}', 'would be lost'],
    ['a value that is null', '{"@id":"a:s","a:p":{"@value":null}}', 'would be lost'],
    ['a keyword of the future as @id', '{"@id":▶"@next","a:p":1}', 'would be lost'],
    [
      'a keyword of the future as value',
      '{"@context":{"p":{"@id":"a:p","@type":"@vocab"}},"@id":"a:s","p":"@next"}',
      'expected an absolute IRI',
    ],
    ['a keyword of the future as term', '{"@context":{▶"@next":"a:p"},"@id":"a:s","a:p":1}', 'would be lost'],
    ['a term that is mapped to nothing', '{"@context":{"p":null},"@id":"a:s","p":1}', 'would be lost'],
    ['an @id that is a number', '{"@id":5,"a:p":1}', 'invalid @id value'],
    ['a context that is a number', '{"@context":5,"@id":"a:s","a:p":1}', 'invalid local context'],
    [
      'terms that are defined by each other',
      '{"@context":{"a":"b:c","b":"a:d"},"@id":"a:s"}',
      'cyclic IRI mapping',
    ],
    [
      'a term that breaks the processor',
      '{"@context":{"hasOwnProperty":"a:p"},"@id":"a:s","hasOwnProperty":1}',
      'cannot be expanded',
    ],
  ]);

  refuses(
    'json-ld',
    [
      [
        'a remote context',
        '{"@context":▶"http://e.org/context","@id":"a:s","a:p":1}',
        '<http://e.org/context>',
      ],
      [
        'a remote context in a list',
        '{"@context":[{},▶"http://e.org/context"],"a:p":1}',
        '<http://e.org/context>',
      ],
      ['a relative context', '{"@context":▶"context.jsonld","a:p":1}', '<context.jsonld>'],
      [
        'an imported context',
        '{"@context":{"@import":▶"http://e.org/context"},"a:p":1}',
        '<http://e.org/context>',
      ],
      [
        'a remote context of a term',
        '{"@context":{"p":{"@id":"a:p","@context":▶"http://e.org/context"}},"p":1}',
        '<http://e.org/context>',
      ],
      [
        'a remote context that is named twice',
        '[{"@context":"http://e.org/context"},{"@context":"http://e.org/context"}]',
        '<http://e.org/context>',
      ],
    ],
    'RDF_REMOTE_CONTEXT',
  );

  it('leaves the prototypes of the language alone', async () => {
    for (const id of ['__proto__', 'constructor', 'toString']) {
      await refusal(new TextEncoder().encode(`{"@id":"${id}","a:p":1}`), 'json-ld');
      await refusal(new TextEncoder().encode(`{"@id":"a:s","${id}":{"a:p":1}}`), 'json-ld');
    }
    expect(Reflect.ownKeys(Object).some((key) => String(key).startsWith('@'))).toBe(false);
    expect(Reflect.ownKeys(Object.prototype).some((key) => String(key).startsWith('@'))).toBe(false);
  });
});

describe('ingest', () => {
  it.each(['n-quads', 'n-triples', 'turtle', 'trig', 'json-ld'] as const)(
    'refuses %s that is not UTF-8, with the offset of the first wrong byte',
    async (format) => {
      const start = format === 'json-ld' ? '{"a:é":\n"' : '<a:s> <a:p>\t"é" .\n<a:s> <a:p> "';
      const before = new TextEncoder().encode(start);
      const [line, column] = format === 'json-ld' ? [2, 2] : [2, 14];
      // A lone continuation, overlong forms, a surrogate, beyond Unicode, a byte of no sequence, one that is cut off.
      for (const wrong of [
        [0x80],
        [0xc0, 0xaf],
        [0xe0, 0x80, 0xaf],
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0xff],
        [0xc3],
      ]) {
        const error = await refusal(Uint8Array.of(...before, ...wrong), format);
        expect(error).toMatchObject({
          code: 'RDF_ENCODING',
          place: { source: 'document', line, column, offset: before.length },
        });
      }
    },
  );

  it.each([
    ['n-quads', '<LONG> <a:p> 1 .'],
    ['n-triples', '<a:s> <a:p> <a:o> <a:LONG> .'],
    ['turtle', '<a:s> <a:p> LONG .'],
    ['turtle', '@base <a:LONG> . <x> a <y> .'],
    ['trig', '<LONG> { }'],
    ['json-ld', '{"LONG": 1}'],
    ['json-ld', '{"@id": "a:<LONG", "a:p": 1}'],
    ['json-ld', '{"@id": "a:s", "a:p": {"@value": "", "@language": "LONG_"}}'],
    ['json-ld', '{"@context": "http://e.org/LONG"}'],
  ] as const)('keeps the message about a long text of %s short', async (format, document) => {
    const bytes = new TextEncoder().encode(document.replace('LONG', 'x'.repeat(1_000_000)));
    expect((await refusal(bytes, format)).message.length).toBeLessThan(250);
  });

  it('refuses a base that is not absolute', async () => {
    const error = await refusal(new TextEncoder().encode(''), 'turtle', { baseIri: 'docs/' });
    expect(error).toMatchObject({ code: 'USAGE', message: 'the base "docs/" is not an absolute IRI' });
  });

  it.each([
    ['turtle', `@prefix e: <http://e.org/${'x'.repeat(1_000)}> .\n${'e:a e:b e:c .\n'.repeat(100)}`],
    ['trig', `@base <http://e.org/${'x'.repeat(1_000)}/> .\n${'{ <a> <b> <c> }\n'.repeat(100)}`],
    [
      'json-ld',
      JSON.stringify(Array.from({ length: 100 }, () => ({ [`http://e.org/${'x'.repeat(1_000)}`]: 1 }))),
    ],
    ['n-quads', '<a:s> <a:p> <a:o> .\n'.repeat(6_000)],
  ] as const)('refuses %s that is too long as N-Quads', async (format, document) => {
    const bytes = new TextEncoder().encode(document);
    expect(await refusal(bytes, format, { maxBytes: 100_000 })).toMatchObject({ code: 'BLOCK_TOO_LARGE' });
    expect((await ingest(bytes, format)).length).toBeGreaterThan(100_000);
  });

  it('counts bytes and not characters towards the limit', async () => {
    const bytes = new TextEncoder().encode('<a:s> <a:p> "ééé" .\n');
    expect(await ingest(bytes, 'turtle', { maxBytes: bytes.length })).toHaveLength(bytes.length);
    expect(await refusal(bytes, 'turtle', { maxBytes: bytes.length - 1 })).toMatchObject({
      code: 'BLOCK_TOO_LARGE',
    });
  });

  it.each([
    ['one long @vocab', { '@context': { '@vocab': `a:${'x'.repeat(100_000)}` } }, 2_000, 'too long'],
    [
      'relative @vocabs',
      { '@context': Array.from({ length: 1_000 }, () => ({ '@vocab': 'x'.repeat(100) })) },
      2_000,
      'too long',
    ],
    [
      'many contexts',
      { '@context': Array.from({ length: 4_000 }, (_, index) => ({ [`t${index}`]: 'a:t' })) },
      1,
      'too many terms',
    ],
    [
      'a chain of terms',
      {
        '@context': Object.fromEntries(
          Array.from({ length: 1_000 }, (_, index) => [
            `t${index}`,
            `${index === 999 ? 'a' : `t${index + 1}`}:${'x'.repeat(30)}/`,
          ]),
        ),
      },
      2_000,
      'too long',
    ],
    [
      'a chain of terms in reading order',
      {
        '@context': Object.fromEntries(
          Array.from({ length: 1_000 }, (_, index) => [
            `t${index}`,
            `${index === 0 ? 'a' : `t${index - 1}`}:${'x'.repeat(100)}/`,
          ]),
        ),
      },
      2_000,
      'too long',
    ],
  ])('refuses JSON-LD that %s would blow up', async (_, context, nodes, says) => {
    const graph = Array.from({ length: nodes }, (_, index) => ({ [`p${index}`]: 1 }));
    const document = JSON.stringify({ ...context, '@graph': graph });
    const error = await refusal(new TextEncoder().encode(document), 'json-ld');
    expect(error).toMatchObject({ code: 'BLOCK_TOO_LARGE', place: { source: 'document' } });
    expect(error.message).toContain(says);
  });
});
