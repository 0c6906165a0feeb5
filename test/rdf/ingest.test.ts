import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import jsonld from 'jsonld';
import { DataFactory, Writer } from 'n3';
import { describe, expect, it } from 'vitest';
import {
  canonicalize,
  formatFromName,
  ingest,
  parseNQuads,
  parseRdfFormat,
  RDF_FORMATS,
  type RdfFormat,
} from '../../src/rdf/index.js';
import { fixtures } from '../support/project.js';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const canonicalText = (nquads: Uint8Array) => decode(canonicalize(nquads).bytes);

async function read(text: string, format: RdfFormat, baseIri?: string): Promise<string> {
  return decode(await ingest(encode(text), format, { baseIri }));
}

/** Canonical N-Quads of a document. */
async function canonical(text: string, format: RdfFormat): Promise<string> {
  return canonicalText(await ingest(encode(text), format));
}

const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
const XSD = 'http://www.w3.org/2001/XMLSchema#';

/** One graph with what the formats write differently: blank nodes, a list, numbers, escapes, language tags. */
const TRIPLES: [RdfFormat, string][] = [
  [
    'n-triples',
    `<http://e.org/b> <${RDF}type> <http://e.org/Batch> .
_:x <http://e.org/name> "Gro\\u00DFh\\u00E4ndler \\U0001F600 \\"A\\"\\n"@EN-us .
<http://e.org/b> <http://e.org/by> _:x . # a comment
_:x <http://e.org/n> "5"^^<${XSD}integer> .
_:x <http://e.org/n> "5"^^<${XSD}integer> .
_:x <http://e.org/d> "1.50"^^<${XSD}double> .
_:x <http://e.org/s> "plain"^^<${XSD}string> .
_:x <http://e.org/t> "true"^^<${XSD}boolean> .
_:x <http://e.org/l> _:l1 .
_:l1 <${RDF}first> "one" .
_:l1 <${RDF}rest> _:l2 .
_:l2 <${RDF}first> _:x .
_:l2 <${RDF}rest> <${RDF}nil> .
`,
  ],
  [
    'turtle',
    `@prefix : <http://e.org/> .
PREFIX xsd: <${XSD}>
:b a :Batch ; :by _:x .
_:x :name 'Großhändler \\U0001F600 "A"\\n'@En-US ; :n 5, 5 ; :d "1.50"^^xsd:double ; :s """plain""" ;
  :t true ; :l ("one" _:x) .
`,
  ],
  [
    'json-ld',
    JSON.stringify({
      '@context': {
        '@vocab': 'http://e.org/',
        xsd: XSD,
        d: { '@type': 'xsd:double' },
        l: { '@container': '@list' },
      },
      '@id': 'http://e.org/b',
      '@type': 'Batch',
      by: {
        '@id': '_:other',
        name: { '@value': 'Großhändler \u{1F600} "A"\n', '@language': 'EN-US' },
        n: [5, 5],
        d: '1.50',
        s: 'plain',
        t: true,
        l: ['one', { '@id': '_:other' }],
      },
    }),
  ],
];

/** Two named graphs, one of them named by a blank node that also stands inside the graphs. */
const QUADS: [RdfFormat, string][] = [
  [
    'n-quads',
    `<http://e.org/a> <http://e.org/p> _:g .
<http://e.org/a> <http://e.org/p> "x"@FR <http://e.org/g> .
_:g <http://e.org/q> _:h _:g .
`,
  ],
  [
    'trig',
    `BASE <http://e.org/>
<a> <p> _:g .
GRAPH <g> { <a> <p> "x"@fr }
_:g { _:g <q> [] }
`,
  ],
  [
    'json-ld',
    JSON.stringify({
      '@context': { '@vocab': 'http://e.org/', '@base': 'http://e.org/' },
      '@graph': [
        {
          '@id': 'a',
          p: { '@id': '_:g', '@graph': [{ '@id': '_:g', q: {} }] },
        },
        { '@id': 'g', '@graph': { '@id': 'a', p: { '@value': 'x', '@language': 'Fr' } } },
      ],
    }),
  ],
];

describe('ingest', () => {
  it('gives one canonical form for one graph, whatever it is written in', async () => {
    const expected = await canonical(TRIPLES[0][1], 'n-triples');
    expect(expected.split('\n')).toHaveLength(13);
    for (const [format, text] of [...TRIPLES, ['n-quads', TRIPLES[0][1]], ['trig', TRIPLES[1][1]]] as const) {
      expect(await canonical(text, format), format).toBe(expected);
    }
  });

  it('gives one canonical form for one dataset with named graphs', async () => {
    const expected = await canonical(QUADS[0][1], 'n-quads');
    expect(expected).toBe(
      '<http://e.org/a> <http://e.org/p> "x"@fr <http://e.org/g> .\n' +
        '<http://e.org/a> <http://e.org/p> _:c14n0 .\n' +
        '_:c14n0 <http://e.org/q> _:c14n1 _:c14n0 .\n',
    );
    for (const [format, text] of QUADS) expect(await canonical(text, format), format).toBe(expected);
  });

  it('gives one canonical form whatever the blank nodes are labelled', async () => {
    for (const label of ['b', '0', 'b.1', 'é', 'b-é.2', 'c14n7']) {
      const document = `_:${label} <a:p> _:${label} _:${label} .\n<a:s> <a:p> _:${label} .\n`;
      expect(await canonical(document, 'n-quads'), label).toBe(
        '<a:s> <a:p> _:c14n0 .\n_:c14n0 <a:p> _:c14n0 _:c14n0 .\n',
      );
    }
  });

  it.each(RDF_FORMATS)('gives the same bytes for the same $title document each time', async ({ name }) => {
    const text = [...TRIPLES, ...QUADS].find(([format]) => format === name)?.[1] as string;
    const first = await read(text, name);
    await read('[] <x:p> [] .', 'turtle');
    expect(await read(text, name)).toBe(first);
  });

  it.each([
    ['n-quads', '# nothing\n'],
    ['n-triples', ''],
    ['turtle', '@prefix e: <http://e.org/> . # nothing\n'],
    ['trig', '<http://e.org/g> { }'],
    ['json-ld', '{"@context": {"@vocab": "http://e.org/"}}'],
    ['json-ld', '[]'],
  ] as const)('gives no bytes for a %s document that states nothing', async (format, text) => {
    expect(await ingest(encode(text), format)).toHaveLength(0);
  });

  it('keeps blank nodes apart that a document labels like generated ones', async () => {
    const nquads = await read('<a:s> <a:p> _:b0, _:b1, _:n3-0, [], [], _:b0 .', 'turtle');
    const objects = parseNQuads(encode(nquads)).map(({ object }) => object);
    expect(new Set(objects).size).toBe(5);
    expect(objects[0]).toBe(objects[5]);
  });

  it('resolves relative IRIs against the base of the caller and of the document', async () => {
    const turtle = '<> <#p> <../q> . @base <http://o.org/x/> . <y> <?z> <//h.org> .';
    expect(await read(turtle, 'turtle', 'http://e.org/a/b')).toBe(
      '<http://e.org/a/b> <http://e.org/a/b#p> <http://e.org/q> .\n' +
        '<http://o.org/x/y> <http://o.org/x/?z> <http://h.org> .\n',
    );
    const json = '{"@id": "../s", "x:p": {"@id": "#o"}}';
    expect(await read(json, 'json-ld', 'http://e.org/a/b')).toBe(
      '<http://e.org/s> <x:p> <http://e.org/a/b#o> .\n',
    );
  });

  it('resolves a relative @vocab against the base of its own document', async () => {
    const json = '{"@context": {"@vocab": "v/"}, "@id": "x:s", "p": 1}';
    for (const host of ['a.org', 'b.org']) {
      expect(await read(json, 'json-ld', `http://${host}/`)).toContain(`<http://${host}/v/p>`);
    }
  });

  it('passes over one byte order mark where the format has no place for one', async () => {
    expect(await read('\uFEFF<a:s> <a:p> <a:o> .', 'turtle')).toBe('<a:s> <a:p> <a:o> .\n');
    expect(await read('\uFEFF{"@id": "a:s", "a:p": "o"}', 'json-ld')).toBe('<a:s> <a:p> "o" .\n');
  });

  it('writes every character of a literal as canonical N-Quads does', async () => {
    const controls = String.fromCharCode(...Array.from({ length: 32 }, (_, code) => code));
    const value = `${controls}\x7f"\\'\u0080\u2028\uE000\uFFFD\u{10FFFF}`;
    const json = JSON.stringify({ '@id': 'a:s', 'a:p': value });
    const nquads = await read(json, 'json-ld');
    expect(canonicalText(encode(nquads))).toBe(nquads);
    expect(nquads).toContain('\\u0000\\u0001');
    expect(nquads).toContain('\\u001F\\u007F\\"\\\\\'');
  });

  const folder = fixtures('provchain-org');
  it.skipIf(folder === undefined)('reads every Turtle file of the predecessor', async () => {
    const names = readdirSync(folder as string).filter((name) => formatFromName(name) === 'turtle');
    expect(names.length).toBeGreaterThanOrEqual(7);
    for (const name of names) {
      const bytes = readFileSync(join(folder as string, name));
      expect(canonicalize(await ingest(bytes, 'turtle', { source: name })).quads).toBeGreaterThan(0);
    }
  });
});

describe('ingest of JSON-LD', () => {
  const literals = async (value: unknown) => {
    const nquads = await read(JSON.stringify({ '@id': 'a:s', 'a:p': value }), 'json-ld');
    return parseNQuads(encode(nquads)).map(({ object }) => object.replace(XSD, 'xsd:'));
  };

  it('keeps a typed string as it is', async () => {
    const typed = ['INF', '-INF', 'NaN', '1.50', '01'].map((value) => ({
      '@value': value,
      '@type': `${XSD}double`,
    }));
    expect(await literals(typed)).toEqual(typed.map((each) => `"${each['@value']}"^^<xsd:double>`));
  });

  it('writes numbers in the canonical form of their type', async () => {
    expect(await literals([5, -5, 1e20, 9007199254740991, 1e21, 1.5, 1e-7, -2.5e-10, 100.25])).toEqual([
      '"5"^^<xsd:integer>',
      '"-5"^^<xsd:integer>',
      '"100000000000000000000"^^<xsd:integer>',
      '"9007199254740991"^^<xsd:integer>',
      '"1.0E21"^^<xsd:double>',
      '"1.5E0"^^<xsd:double>',
      '"1.0E-7"^^<xsd:double>',
      '"-2.5E-10"^^<xsd:double>',
      '"1.0025E2"^^<xsd:double>',
    ]);
    expect(await literals({ '@value': 5, '@type': `${XSD}double` })).toEqual(['"5.0E0"^^<xsd:double>']);
  });

  it('writes JSON literals in the form of RFC 8785', async () => {
    const value = { b: [1, 'é', { z: null, a: true }], '\u20ac': 1e21, a: {} };
    expect(await literals({ '@value': value, '@type': '@json' })).toEqual([
      `"{\\"a\\":{},\\"b\\":[1,\\"é\\",{\\"a\\":true,\\"z\\":null}],\\"€\\":1e+21}"^^<${RDF}JSON>`,
    ]);
  });

  it('takes time in proportion to the values of a property', async () => {
    const values = Array.from({ length: 100_000 }, (_, index) => index);
    expect(await literals(values)).toHaveLength(values.length);
  });

  it('gives the quads of the package itself where that keeps the data', async () => {
    await fc.assert(
      fc.asyncProperty(jsonLdDocument, async (document) => {
        const text = JSON.stringify(document);
        const reference = (await jsonld.toRDF(JSON.parse(text), {
          format: 'application/n-quads',
        })) as unknown as string;
        expect(await canonical(text, 'json-ld')).toBe(canonicalText(encode(reference)));
      }),
      { numRuns: 300 },
    );
  });
});

describe('ingest of Turtle and TriG', () => {
  it('gives back the quads that a writer was given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(quad, { maxLength: 12 }), fc.boolean(), async (quads, named) => {
        const writer = new Writer({
          format: named ? 'application/trig' : 'text/turtle',
          prefixes: { e: 'http://e.org/', xsd: XSD },
        });
        const nquads = quads.map(([subject, predicate, object, graph]) => {
          const graphTerm = named ? graph : DataFactory.defaultGraph();
          writer.addQuad(subject, predicate, object, graphTerm);
          return `${[subject, predicate, object, graphTerm].map(termText).join(' ')} .\n`;
        });
        const text = await new Promise<string>((resolve, reject) => {
          writer.end((error, result) => (error ? reject(error) : resolve(result)));
        });
        const expected = canonicalText(encode(nquads.join('')));
        expect(await canonical(text, named ? 'trig' : 'turtle')).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('formatFromName', () => {
  it.each([
    ['a.nq', 'n-quads'],
    ['a.b.NT', 'n-triples'],
    ['/data/x.ttl', 'turtle'],
    ['x.TriG', 'trig'],
    ['x.jsonld', 'json-ld'],
    ['x.json', undefined],
    ['ttl', undefined],
    ['x.ttl.gz', undefined],
    ['', undefined],
  ])('tells of %s that it is %s', (name, format) => {
    expect(formatFromName(name)).toBe(format);
  });
});

describe('parseRdfFormat', () => {
  it.each([
    ['n-quads', 'n-quads'],
    ['NQuads', 'n-quads'],
    ['nq', 'n-quads'],
    ['N-Triples', 'n-triples'],
    ['.nt', 'n-triples'],
    ['ttl', 'turtle'],
    ['Text/Turtle; charset=UTF-8', 'turtle'],
    [' trig ', 'trig'],
    ['JSONLD', 'json-ld'],
    ['application/ld+json', 'json-ld'],
  ])('reads "%s" as %s', (text, format) => {
    expect(parseRdfFormat(text)).toBe(format);
  });

  it.each(['', 'rdf/xml', 'n3', 'constructor', 'json'])('refuses "%s" and names what it knows', (text) => {
    expect(() => parseRdfFormat(text)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining('n-quads, n-triples, turtle, trig, json-ld'),
      }),
    );
  });
});

// What the properties above draw from.

const { blankNode, defaultGraph, literal, namedNode, quad: makeQuad } = DataFactory;
type Quad = ReturnType<typeof makeQuad>;
type Term = Quad['subject'] | Quad['predicate'] | Quad['object'] | Quad['graph'];

const iri = fc
  .constantFrom('a', 'b', 'c/d', 'e#f', 'ä', 'x(y)', 'x%20y', 'x.', '-x', '')
  .map((name) => namedNode(`http://e.org/${name}`));
const blank = fc.constantFrom('a', 'b', 'b0').map((label) => blankNode(label));
const text = fc.string({ unit: 'binary', maxLength: 8 });
const anyLiteral = fc.oneof(
  text.map((value) => literal(value)),
  fc.tuple(text, fc.constantFrom('en', 'de-ch')).map(([value, language]) => literal(value, language)),
  fc
    .tuple(
      fc.constantFrom('1', '01', '-1', '1.5', '1e3', 'true', 'x', ''),
      fc.constantFrom('integer', 'decimal', 'double', 'boolean', 'string', 'date'),
    )
    .map(([value, type]) => literal(value, namedNode(XSD + type))),
);
const quad = fc.tuple(
  fc.oneof(iri, blank),
  iri,
  fc.oneof(iri, blank, anyLiteral),
  fc.oneof(iri, blank, fc.constant(defaultGraph())),
);

function termText(term: Term): string {
  switch (term.termType) {
    case 'NamedNode':
      return `<${term.value}>`;
    case 'BlankNode':
      return `_:${term.value}`;
    case 'Literal': {
      const escaped = term.value.replace(
        /["\\\n\r]/g,
        (each) => ({ '\n': '\\n', '\r': '\\r' })[each] ?? `\\${each}`,
      );
      return `"${escaped}"${term.language ? `@${term.language}` : `^^<${term.datatype.value}>`}`;
    }
    default:
      return '';
  }
}

const name = fc.constantFrom('a', 'b', 'c', 'constructor', 'toString');
const id = fc.oneof(
  name.map((each) => `http://e.org/${each}`),
  fc.constantFrom('_:a', '_:b', '_:x.y'),
);
const scalar = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 5 }),
  fc.boolean(),
  fc.integer(),
  fc.constantFrom(1.5, -0.25, 1e21),
);
const value = fc.oneof(
  scalar,
  fc.record({ '@value': fc.string({ maxLength: 4 }), '@language': fc.constantFrom('en', 'DE-ch') }),
  fc.record({ '@value': scalar, '@type': fc.constantFrom(`${XSD}date`, 'http://e.org/T') }),
);

const leaf = fc
  .tuple(id, fc.dictionary(name, value, { minKeys: 1, maxKeys: 2 }))
  .map(([each, properties]) => ({ '@id': each, ...properties }));

const { node } = fc.letrec<{ node: unknown; item: unknown }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    value,
    id.map((each) => ({ '@id': each })),
    fc.array(value, { maxLength: 3 }).map((list) => ({ '@list': list })),
    tie('node'),
    fc.array(leaf, { maxLength: 2 }).map((list) => ({ '@list': list })),
    fc.record({ '@graph': fc.array(tie('node'), { minLength: 1, maxLength: 2 }) }),
  ),
  node: fc
    .tuple(
      fc.record(
        {
          '@id': id,
          '@type': fc.array(id, { maxLength: 2 }),
          '@reverse': fc.dictionary(name, leaf, { maxKeys: 1 }),
          '@included': fc.array(leaf, { maxLength: 1 }),
        },
        { requiredKeys: [] },
      ),
      fc.dictionary(name, fc.oneof(tie('item'), fc.array(tie('item'), { maxLength: 2 })), {
        minKeys: 1,
        maxKeys: 3,
      }),
    )
    .map(([keywords, properties]) => ({ ...keywords, ...properties })),
}));

const jsonLdDocument = fc.array(node, { minLength: 1, maxLength: 3 }).map((graph) => ({
  '@context': { '@vocab': 'http://v.org/' },
  '@graph': graph,
}));
