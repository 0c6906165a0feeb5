import fc from 'fast-check';
import { canonize } from 'rdf-canonize';
import { describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import { type Canonical, canonicalize } from '../../src/rdf/index.js';
import { graphLines, toDocument } from './generated-graphs.js';

const RUNS = Number(process.env.PROVCHAIN_DIFFERENTIAL_RUNS ?? 20_000);

const REFERENCE = {
  algorithm: 'RDFC-1.0',
  inputFormat: 'application/n-quads',
  format: 'application/n-quads',
  maxWorkFactor: 3,
} as const;

function ours(document: string): Canonical | undefined {
  try {
    return canonicalize(Buffer.from(document));
  } catch (error) {
    if (error instanceof ProvChainError && error.code === 'CANONICAL_LIMIT') return undefined;
    throw error;
  }
}

async function theirs(document: string): Promise<string | undefined> {
  try {
    return await canonize(document, REFERENCE);
  } catch (error) {
    if (/Maximum deep iterations/.test(String(error))) return undefined;
    throw error;
  }
}

describe('canonicalize', () => {
  it(`agrees with rdf-canonize on ${RUNS} generated graphs`, { timeout: 600_000 }, async () => {
    let tooHard = 0;
    let compared = 0;
    let withHashNDegree = 0;
    await fc.assert(
      fc.asyncProperty(graphLines, async (lines) => {
        const document = toDocument(lines);
        const mine = ours(document);
        const reference = await theirs(document);
        if (mine === undefined || reference === undefined) {
          tooHard++;
          return;
        }
        compared++;
        if (mine.hashNDegreeCalls > 0) withHashNDegree++;
        expect(Buffer.from(mine.bytes).toString()).toBe(reference);
      }),
      { numRuns: RUNS },
    );
    expect(tooHard).toBeLessThan(RUNS / 200);
    expect(withHashNDegree).toBeGreaterThan(compared / 10);
  });
});
