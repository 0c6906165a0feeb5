import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import { type CanonicalizeOptions, canonicalize, countQuads, workloadDocument } from '../../src/rdf/index.js';
import { graphLines, toDocument } from './generated-graphs.js';

const P = '<http://e/p>';
const run = (document: string, options?: CanonicalizeOptions) => canonicalize(Buffer.from(document), options);
const textOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

/** The result, or undefined when the graph is refused as too hard. */
function attempt(document: string) {
  try {
    return run(document);
  } catch (error) {
    if (error instanceof ProvChainError && error.code === 'CANONICAL_LIMIT') return undefined;
    throw error;
  }
}

describe('canonicalize', () => {
  it('returns the input itself when it is canonical', () => {
    for (const profile of ['trace', 'flat', 'tangle'] as const) {
      const { bytes } = run(workloadDocument(profile, 3));
      const again = canonicalize(bytes);
      expect(again.bytes).toBe(bytes);
      expect(again.unchanged).toBe(true);
    }
    const empty = new Uint8Array();
    expect(canonicalize(empty)).toMatchObject({ bytes: empty, unchanged: true, quads: 0, transactions: 0 });
  });

  it('gives bytes that later calls leave alone', () => {
    const first = run(`_:z ${P} "b" .\n_:z ${P} "a" .\n`).bytes;
    const copy = Uint8Array.from(first);
    run(workloadDocument('trace', 1));
    expect(first).toEqual(copy);
  });

  it('accepts a view into a larger buffer', () => {
    const document = Buffer.from(`<a:0> ${P} "0" .\n<a:1> ${P} "1" .\n<a:2> ${P} "2" .\n`);
    const second = document.subarray(document.length / 3, (2 * document.length) / 3);
    expect(textOf(canonicalize(second).bytes)).toBe(`<a:1> ${P} "1" .\n`);
    expect(canonicalize(new Uint8Array(second)).unchanged).toBe(true);
  });

  it('counts distinct quads, and named graphs and the default graph as transactions', () => {
    const document = [
      `<a:s> ${P} <a:g> .`,
      `<a:s> ${P} <a:g> .`,
      `<a:s> ${P} "x" <a:g> .`,
      `<a:t> ${P} "x" <a:g> .`,
      `<a:t> ${P} "x" _:g .`,
      `<a:t> ${P} "x" _:h .`,
      `<a:t> ${P} _:h _:g .`,
    ];
    expect(run(toDocument(document))).toMatchObject({ quads: 6, transactions: 4, unchanged: false });
    expect(run(`<a:s> ${P} <a:g> .\n`)).toMatchObject({ quads: 1, transactions: 1 });
  });

  it('sorts by code points, not by UTF-16 units', () => {
    // In UTF-16 an astral character begins with a surrogate, U+D83C here, which is below U+E000 and U+FFFD.
    const document = ['🌃', '\ue000', '\ufffd', 'z', '\ud7ff'].map((c) => `<a:s> ${P} "${c}" .\n`);
    const expected = ['z', '\ud7ff', '\ue000', '\ufffd', '🌃'].map((c) => `<a:s> ${P} "${c}" .\n`);
    expect(textOf(run(document.join('')).bytes)).toBe(expected.join(''));
  });

  it('sorts by code points within Hash First Degree Quads, too', () => {
    // Computed by hand from RDFC-1.0 4.6: the line with U+E000 comes before the one with U+1F303.
    const messages = { x: ['\ue000', '🌃'], y: ['\ue001', '🌃'] };
    const hashes = Object.entries(messages).map(([name, values]) => {
      const message = values.map((value) => `_:a ${P} "${value}" .\n`).join('');
      return [createHash('sha256').update(message).digest('hex'), name] as const;
    });
    const expected = Object.fromEntries(hashes.sort().map(([, name], i) => [name, `c14n${i}`]));
    const document = Object.entries(messages).flatMap(([name, values]) =>
      values.map((value) => `_:${name} ${P} "${value}" .`),
    );
    expect(Object.fromEntries(run(toDocument(document), { map: true }).labels!)).toEqual(expected);
  });

  it('keeps apart what only looks alike', () => {
    const documents = [
      `<a:s> ${P} "a" .\n`,
      `<a:s> ${P} "A" .\n`,
      `<a:s> ${P} "a"@en .\n`,
      `<a:s> ${P} "a"@EN .\n`,
      `<a:s> ${P} "a"^^<a:t> .\n`,
      `<a:s> ${P} <a:a> .\n`,
      `<a:s> ${P} <a:a> <a:g> .\n`,
      `<a:s> ${P} "\\uFFFD" .\n`,
      `<a:s> ${P} "\\uFFFE" .\n`,
      `<a:s> ${P} "\\\\uFFFE" .\n`,
      `<a:s> ${P} "é" .\n`,
      `<a:s> ${P} "e\u0301" .\n`,
    ];
    expect(new Set(documents.map((document) => textOf(run(document).bytes))).size).toBe(documents.length);
  });

  it('gives the label of every blank node, whatever it was called', () => {
    const { labels } = run(
      `_:c14n1 ${P} "0" .\n_:c14n01 ${P} "1" .\n_:é.1 ${P} "2" .\n_:c14n99999999 ${P} "3" .\n`,
      {
        map: true,
      },
    );
    expect([...labels!.keys()].sort()).toEqual(['c14n01', 'c14n1', 'c14n99999999', 'é.1']);
    expect([...labels!.values()].sort()).toEqual(['c14n0', 'c14n1', 'c14n2', 'c14n3']);
    expect(run(`<a:s> ${P} "x" .\n`, { map: true }).labels).toEqual(new Map());
    expect(run(`_:a ${P} "x" .\n`).labels).toBeUndefined();
  });

  it('renames canonical labels that are on the wrong blank nodes', () => {
    const right = textOf(run(`_:a ${P} "0" .\n_:b ${P} "1" .\n_:d ${P} "2" .\n`).bytes);
    const wrong = right.replaceAll('c14n0', 'x').replaceAll('c14n2', 'c14n0').replaceAll('x', 'c14n2');
    expect(wrong).not.toBe(right);
    const result = run(wrong);
    expect(textOf(result.bytes)).toBe(right);
    expect(result.unchanged).toBe(false);
  });

  it('uses the hash function it is told to', () => {
    const document = lines(8, (i) => `_:n${i} ${P} "${i}" .\n`);
    expect(run(document, { algorithm: 'SHA-384' }).bytes).not.toEqual(run(document).bytes);
  });

  it('gives the same bytes for its own output', () => {
    fc.assert(
      fc.property(graphLines, (document) => {
        const canonical = attempt(toDocument(document));
        if (canonical === undefined) return;
        const again = canonicalize(canonical.bytes);
        expect(again.unchanged).toBe(true);
        expect(again.bytes).toBe(canonical.bytes);
        expect([again.quads, again.transactions]).toEqual([canonical.quads, canonical.transactions]);
        expect(countQuads(canonical.bytes)).toEqual({
          quads: canonical.quads,
          transactions: canonical.transactions,
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same bytes when lines change places and blank nodes their labels', () => {
    const renamed = (line: string, suffix: string) => line.replace(/(^| )(_:[^\s"]+)(?= )/g, `$1$2${suffix}`);
    fc.assert(
      fc.property(graphLines, fc.nat(), (document, offset) => {
        const canonical = attempt(toDocument(document));
        const at = offset % document.length;
        const moved = [...document.slice(at), ...document.slice(0, at)].reverse();
        // Labels beginning with a different letter come in another order, too.
        const other = attempt(toDocument(moved.map((line) => renamed(line, `x${offset}`))));
        if (canonical === undefined || other === undefined) return;
        expect(textOf(other.bytes)).toBe(textOf(canonical.bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('never gives the same bytes for documents that differ in a literal', () => {
    fc.assert(
      fc.property(graphLines, fc.nat(), (document, at) => {
        const line = document[at % document.length]!;
        fc.pre(line.includes('"'));
        const altered = document.map((other) => (other === line ? line.replace('"', '"changed ') : other));
        const before = attempt(toDocument(document));
        const after = attempt(toDocument(altered));
        if (before === undefined || after === undefined) return;
        expect(textOf(after.bytes)).not.toBe(textOf(before.bytes));
      }),
      { numRuns: 500 },
    );
  });
});

describe('the work limit of canonicalize', () => {
  const limit = expect.objectContaining({ code: 'CANONICAL_LIMIT' });
  const clique = (name: string, size: number) =>
    lines(size * size, (i) => `_:${name}${Math.floor(i / size)} ${P} _:${name}${i % size} .\n`);
  const ring = (size: number) => lines(size, (i) => `_:n${i} ${P} _:n${(i + 1) % size} .\n`);
  const pairs = (count: number) => lines(count, (i) => `_:x${i} ${P} _:y${i} .\n_:y${i} ${P} _:x${i} .\n`);

  it('lets the number of calls be told', () => {
    const { hashNDegreeCalls } = run(ring(20));
    expect(hashNDegreeCalls).toBe(400);
    expect(run(ring(20), { maxHashNDegreeCalls: 400 }).hashNDegreeCalls).toBe(400);
    expect(() => run(ring(20), { maxHashNDegreeCalls: 399 })).toThrow(limit);
  });

  it('is not touched by blank nodes that differ', () => {
    const document = lines(20_000, (i) => `_:n${i} ${P} "${i}" .\n_:n${i} ${P} _:n${(i * 7) % 20_000} .\n`);
    expect(run(document, { maxHashNDegreeCalls: 0 })).toMatchObject({ quads: 40_000, hashNDegreeCalls: 0 });
  });

  it.each([
    ['a clique', clique('e', 10)],
    ['a clique and many pairs', clique('e', 10) + pairs(40)],
    ['a complete bipartite graph', lines(169, (i) => `_:l${Math.floor(i / 13)} ${P} _:r${i % 13} .\n`)],
    ['two hubs with the same thousand leaves', lines(2000, (i) => `_:h${i % 2} ${P} _:n${i >> 1} .\n`)],
    ['a ring of thousands', ring(5000)],
    ['a chain of thousands', lines(5000, (i) => `_:n${i} ${P} _:n${i + 1} .\n`)],
  ])('refuses %s', (_name, document) => {
    expect(() => run(document)).toThrow(limit);
    // What was refused leaves nothing behind.
    expect(run(`_:a ${P} "x" .\n`)).toMatchObject({ quads: 1, hashNDegreeCalls: 0 });
  });

  it('is not touched by the orders of neighbours that are told apart', () => {
    const told = lines(12, (i) => `_:h0 ${P} _:u${i} .\n_:h1 ${P} _:u${i} .\n_:u${i} <a:id> "${i}" .\n`);
    expect(run(told).hashNDegreeCalls).toBe(2);
  });

  it('does not run out of stack where recursion is deep and calls are few', () => {
    const size = 20_000;
    const lists = lines(2 * size, (i) => {
      const [list, at] = [i % 2, i >> 1];
      return `_:l${list}n${at} <a:rest> _:l${list}n${at + 1} .\n_:l${list}n${at} <a:first> "${at}" .\n`;
    });
    const { quads, hashNDegreeCalls } = run(lists);
    expect(quads).toBe(4 * size);
    expect(hashNDegreeCalls).toBeLessThan(2 * size + 10);
  });

  it('stays small for thousands of leaves of one hub', () => {
    expect(run(lines(20_000, (i) => `_:hub ${P} _:n${i} .\n`)).hashNDegreeCalls).toBe(20_000);
    expect(run(pairs(5000)).hashNDegreeCalls).toBe(20_000);
  });
});

describe('canonicalize on large documents', () => {
  it.each([
    ['100,000 duplicates', lines(100_000, () => `<a:s> ${P} "x" .\n`), 1, 1],
    ['100,000 duplicates with blank nodes', lines(100_000, () => `_:a ${P} _:b .\n`), 1, 1],
    [
      '100,000 objects of one subject',
      lines(100_000, (i) => `_:a ${P} "${(i * 7919) % 100_000}" .\n`),
      100_000,
      1,
    ],
    ['descending lines', lines(100_000, (i) => `<a:s${999_999 - i}> ${P} "x" .\n`), 100_000, 1],
    ['100,000 graphs', lines(100_000, (i) => `<a:s> ${P} "x" <a:g${i}> .\n`), 100_000, 100_000],
    ['100,000 blank graphs', lines(100_000, (i) => `<a:s${i}> ${P} "x" _:g${i} .\n`), 100_000, 100_000],
    ['a literal of 10 MB', `<a:s> ${P} "${'x'.repeat(10_000_000)}" .\n`, 1, 1],
    ['a literal of 1 MB in escapes', `<a:s> ${P} "${'\\u0041'.repeat(170_000)}" .\n`, 1, 1],
    [
      'long common beginnings',
      lines(3000, (i) => `<a:${'x'.repeat(2000)}${(i * 7919) % 3000}> ${P} "x" .\n`),
      3000,
      1,
    ],
  ])('takes %s', (_name, document, quads, transactions) => {
    const canonical = run(document);
    expect([canonical.quads, canonical.transactions]).toEqual([quads, transactions]);
    expect(countQuads(canonical.bytes)).toEqual({ quads, transactions });
    const text = textOf(canonical.bytes).split('\n').slice(0, -1);
    expect(text).toHaveLength(quads);
    expect(text.every((line, i) => i === 0 || text[i - 1]! < line)).toBe(true);
  });
});
