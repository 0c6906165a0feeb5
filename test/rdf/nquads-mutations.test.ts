import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import { canonicalize, workloadDocument } from '../../src/rdf/index.js';
import { graphLines, toDocument } from './generated-graphs.js';

/** Bytes that mean something to the grammar, and some that never may occur. */
const INTERESTING = [
  ...Buffer.from(' \t\n.<>"@^_:\\#-u0Aa{é☃🌃'),
  ...[0x00, 0x1f, 0x7f, 0xa0, 0xbf, 0xc0, 0xed, 0xef, 0xf4, 0xff],
];

const mutation = fc.record({
  at: fc.nat(),
  remove: fc.nat(3),
  insert: fc.array(fc.constantFrom(...INTERESTING), { maxLength: 3 }),
});

function mutate(
  document: Uint8Array,
  mutations: readonly { at: number; remove: number; insert: number[] }[],
) {
  let bytes = [...document];
  for (const { at, remove, insert } of mutations) {
    const from = at % (bytes.length + 1);
    bytes = [...bytes.slice(0, from), ...insert, ...bytes.slice(from + remove)];
  }
  return Uint8Array.from(bytes);
}

/** A space before every line is no change of meaning, but then no line is spelled canonically. */
function indented(document: Uint8Array): Uint8Array {
  return Uint8Array.from([0x20, ...[...document].flatMap((byte) => (byte === 0x0a ? [byte, 0x20] : [byte]))]);
}

function outcomeOf(document: Uint8Array, indentation: number): unknown {
  try {
    const { bytes, quads, transactions } = canonicalize(document);
    return { text: Buffer.from(bytes).toString('latin1'), quads, transactions };
  } catch (error) {
    if (!(error instanceof ProvChainError)) throw error;
    const { line, column = 0 } = error.place ?? {};
    return { code: error.code, message: error.message, line, column: column - indentation };
  }
}

describe('the N-Quads reader', () => {
  it('judges a canonically spelled line as it judges any other', () => {
    const workloads = fc
      .tuple(fc.constantFrom('trace', 'flat', 'tangle'), fc.nat(50))
      .map(([profile, index]) => workloadDocument(profile, index, { quads: 6 }));
    const documents = fc.oneof(workloads, graphLines.filter((lines) => lines.length < 30).map(toDocument));
    let refused = 0;
    let runs = 0;
    fc.assert(
      fc.property(
        documents,
        fc.array(mutation, { maxLength: 3 }),
        fc.boolean(),
        (document, mutations, sorted) => {
          const original = Buffer.from(document);
          const mutated = mutate(sorted ? canonicalize(original).bytes : original, mutations);
          const outcome = outcomeOf(mutated, 0);
          expect(outcome).toEqual(outcomeOf(indented(mutated), 1));
          runs++;
          if (outcome !== null && typeof outcome === 'object' && 'code' in outcome) refused++;
        },
      ),
      { numRuns: 10_000 },
    );
    expect(refused).toBeGreaterThan(runs / 4);
    expect(refused).toBeLessThan((3 * runs) / 4);
  });
});
