import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PayloadType, payloadAs } from '../../src/api/payload-formats.js';
import { canonicalize, ingest, parseRdfFormat } from '../../src/rdf/index.js';

const canonical = (nquads: string) => Buffer.from(canonicalize(Buffer.from(nquads)).bytes).toString();

/** A payload in another format, read again and canonicalized. */
async function throughFormat(payload: string, type: PayloadType): Promise<string> {
  const text = await payloadAs(Buffer.from(payload), type, 0);
  return canonical(Buffer.from(await ingest(Buffer.from(text), parseRdfFormat(type))).toString());
}

const iri = fc
  .stringMatching(/^[a-zA-Z0-9/#?=&%~._:@()!$'*+,;-]{0,12}$/)
  .map((tail) => `<http://ex.org/${tail.replaceAll('%', '')}>`);
const odd = fc.constantFrom(
  '<urn:a:b>',
  '<a:b>',
  '<http://ex.org/é#漢>',
  '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>',
);
const named = fc.oneof({ weight: 3, arbitrary: iri }, odd);
const blank = fc.constantFrom('_:a', '_:b', '_:c');
const characters = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.constantFrom(
    '"',
    '\\',
    '\n\r\t\b\f',
    '\u0000\u001f\u007f',
    "'''",
    '"""',
    '\\u0041',
    '😀',
    '@en',
    '^^<x>',
    '<a>',
    '',
  ),
);
const quoted = characters
  .filter((text) => text.isWellFormed())
  .map(
    (text) =>
      `"${text.replace(/["\\\n\r]/g, (each) => ({ '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r' })[each]!)}"`,
  );
const literal = fc
  .tuple(
    quoted,
    fc.constantFrom(
      '',
      '@en',
      '@de-ch-1996',
      '^^<http://www.w3.org/2001/XMLSchema#integer>',
      '^^<http://www.w3.org/2001/XMLSchema#boolean>',
      '^^<http://www.w3.org/2001/XMLSchema#double>',
      '^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>',
      '^^<urn:d>',
    ),
  )
  .map(([text, rest]) => text + rest);
const subject = fc.oneof(named, blank);
const object = fc.oneof(literal, named, blank);
const graph = fc.oneof(fc.constant(''), named, fc.constant('_:g'));

const datasets = (graphs: fc.Arbitrary<string>) =>
  fc
    .array(
      fc.tuple(subject, named, object, graphs).map((terms) => `${terms.filter(Boolean).join(' ')} .\n`),
      { minLength: 1, maxLength: 8 },
    )
    .map((lines) => canonical(lines.join('')));

describe('payloadAs', () => {
  it.each(['application/trig', 'application/ld+json'] as const)(
    'gives %s that comes back as the same canonical bytes',
    async (type) => {
      await fc.assert(
        fc.asyncProperty(datasets(graph), async (payload) => {
          expect(await throughFormat(payload, type)).toBe(payload);
        }),
        { numRuns: 300 },
      );
    },
  );

  it('gives text/turtle that comes back as the same canonical bytes', async () => {
    await fc.assert(
      fc.asyncProperty(datasets(fc.constant('')), async (payload) => {
        expect(await throughFormat(payload, 'text/turtle')).toBe(payload);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves lists, types and numbers as the quads that they are', async () => {
    const rdf = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
    const payload = canonical(
      [
        `_:l <${rdf}first> "01"^^<http://www.w3.org/2001/XMLSchema#integer> .`,
        `_:l <${rdf}rest> <${rdf}nil> .`,
        `<urn:s> <${rdf}type> <urn:T> .`,
        `<urn:s> <${rdf}type> _:l .`,
        `<urn:s> <urn:list> _:l .`,
      ].join('\n'),
    );
    for (const type of ['application/ld+json', 'text/turtle', 'application/trig'] as const) {
      expect(await throughFormat(payload, type), type).toBe(payload);
    }
  });

  it('gives the stored bytes themselves as N-Quads', async () => {
    const bytes = Buffer.from('not even N-Quads');
    expect(await payloadAs(bytes, 'application/n-quads', 0)).toBe(bytes);
  });
});
