import { describe, expect, it } from 'vitest';
import { canonicalize, parseNQuads } from '../../src/rdf/index.js';
import { checkSparql, compareCounts, type SampledBlock } from '../../src/validation/check-sparql.js';
import { FactCollector } from '../../src/validation/finding.js';

const quads = (...lines: string[]) => Buffer.from(lines.map((line) => `${line} .\n`).join(''));

const sampled = (index: number, payload: Uint8Array, quadCount: number): SampledBlock => ({
  index,
  payload,
  quads: parseNQuads(payload),
  quadCount,
});

function findingsOf(payload: Uint8Array, expectedQuads: number) {
  const facts = new FactCollector();
  // The same block under two heights: what one of them holds must not count for the other.
  checkSparql([sampled(7, payload, expectedQuads), sampled(8, payload, parseNQuads(payload).length)], facts);
  return facts.facts;
}

describe('checkSparql', () => {
  it.each([
    [
      'literals of equal value',
      '<http://e/s> <http://e/p> "1"^^<http://www.w3.org/2001/XMLSchema#integer>',
      '<http://e/s> <http://e/p> "01"^^<http://www.w3.org/2001/XMLSchema#integer>',
    ],
    [
      'a literal and an IRI of the same text',
      '<http://e/s> <http://e/p> "http://e/o"',
      '<http://e/s> <http://e/p> <http://e/o>',
    ],
    ['language tags', '<http://e/s> <http://e/p> "a"@en', '<http://e/s> <http://e/p> "a"@en-gb'],
    [
      'a blank graph and an IRI that looks like it',
      '<http://e/s> <http://e/p> <http://e/o> _:g',
      '<http://e/s> <http://e/p> <http://e/o> <x:_:c14n0>',
    ],
    [
      'characters that IRIs of other stores refuse',
      '<http://e/[s]> <http://e/p%> "\\"\\\\ \u{1f600}"',
      '<http://e/s> <http://e/é> "line\\nbreak"',
    ],
    [
      'the default graph and a named one',
      '<http://e/s> <http://e/p> <http://e/o>',
      '<http://e/s> <http://e/p> <http://e/o> <http://e/o>',
    ],
  ])('counts as many quads as there are for %s', (_, ...lines) => {
    const { bytes } = canonicalize(quads(...lines));
    expect(findingsOf(bytes, 2)).toEqual([]);
  });

  it('reports SPARQL_COUNT_MISMATCH when the header says another number', () => {
    const payload = quads('<http://e/s> <http://e/p> <http://e/o>');
    expect(findingsOf(payload, 2)).toEqual([
      { code: 'SPARQL_COUNT_MISMATCH', block: 7, details: { graph: null, quads: 2, sparql: 1 } },
    ]);
  });
});

describe('compareCounts', () => {
  const payload = quads(
    '<http://e/s> <http://e/p> <http://e/o> <http://e/g>',
    '<http://e/s> <http://e/q> <http://e/o> <http://e/g>',
  );
  const graph = `g:7:${encodeURIComponent('<http://e/g>')}`;

  it.each([
    ['nothing when the other store counts the same', new Map([[graph, 2]]), []],
    [
      'SPARQL_GRAPH_MISSING for a graph that the other store does not find',
      new Map([['g:8:other', 2]]),
      [
        { code: 'SPARQL_GRAPH_MISSING', block: 7, details: { graph: '<http://e/g>' } },
        { code: 'SPARQL_COUNT_MISMATCH', block: 7, details: { graph: null, quads: 2, sparql: 0 } },
      ],
    ],
    [
      'SPARQL_COUNT_MISMATCH for a graph of which the other store lost a quad',
      new Map([[graph, 1]]),
      [
        { code: 'SPARQL_COUNT_MISMATCH', block: 7, details: { graph: '<http://e/g>', quads: 2, sparql: 1 } },
        { code: 'SPARQL_COUNT_MISMATCH', block: 7, details: { graph: null, quads: 2, sparql: 1 } },
      ],
    ],
  ])('reports %s', (_, counted, expected) => {
    const facts = new FactCollector();
    compareCounts(sampled(7, payload, 2), counted, facts);
    expect(facts.facts).toEqual(expected);
  });
});
