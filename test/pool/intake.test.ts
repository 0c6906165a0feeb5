import { afterEach, describe, expect, it } from 'vitest';
import { Intake, type IntakeOptions } from '../../src/pool/index.js';
import { canonicalize } from '../../src/rdf/index.js';

const LIMIT = 1 << 20;
const bytes = (text: string) => new TextEncoder().encode(text);
const QUAD = '<http://e.org/s> <http://e.org/p> "o" .\n';
const TURTLE = '@prefix e: <http://e.org/> . e:s e:p [ e:q "x" ] .';

let intake: Intake | undefined;
afterEach(() => intake?.close());

function open(options: Partial<IntakeOptions> = {}): Intake {
  intake = new Intake({ threads: 1, maxDocuments: 4, timeoutMs: 30_000, ...options });
  return intake;
}

/** Blank nodes that all look alike: a complete graph, whose labels take more work than there is time for. */
function clique(size: number): string {
  let text = '';
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) if (i !== j) text += `_:n${i} <http://e.org/p> _:n${j} .\n`;
  }
  return text;
}

describe('Intake', () => {
  it('makes of a document in any format the payload that would be stored', async () => {
    const payload = await open().prepare(bytes(TURTLE), 'turtle', LIMIT);
    expect(payload).toMatchObject({ quadCount: 2, transactionCount: 1 });
    expect(Buffer.from(payload.bytes).toString()).toBe(
      '<http://e.org/s> <http://e.org/p> _:c14n0 .\n_:c14n0 <http://e.org/q> "x" .\n',
    );
    expect(canonicalize(payload.bytes).unchanged).toBe(true);
  });

  it('tells code and place of what is wrong with a document', async () => {
    await expect(
      open().prepare(bytes(`${QUAD}<http://e.org/s> oops`), 'n-quads', LIMIT),
    ).rejects.toMatchObject({
      code: 'RDF_SYNTAX',
      place: { source: 'body', line: 2 },
    });
    await expect(intake?.prepare(bytes('\n'), 'n-quads', LIMIT)).rejects.toMatchObject({
      code: 'BLOCK_EMPTY',
    });
    await expect(intake?.prepare(bytes(QUAD), 'n-quads', 10)).rejects.toMatchObject({
      code: 'BLOCK_TOO_LARGE',
    });
  });

  it('ends a document that takes too long, and goes on with the next', async () => {
    const pool = open({ timeoutMs: 200 });
    await pool.prepare(bytes(QUAD), 'n-quads', LIMIT).catch(() => {});
    const slow = bytes(
      `@prefix e: <http://e.org/> .\n${'e:s e:p ( '.repeat(1)}${'"x" '.repeat(2_000_000)}) .`,
    );
    await expect(pool.prepare(slow, 'turtle', 1 << 30)).rejects.toMatchObject({ code: 'CANONICAL_LIMIT' });
    await expect
      .poll(() => pool.prepare(bytes(QUAD), 'n-quads', LIMIT).then(({ quadCount }) => quadCount, String))
      .toBe(1);
  });

  it('refuses a graph over the work limit', async () => {
    await expect(open().prepare(bytes(clique(10)), 'n-quads', LIMIT)).rejects.toMatchObject({
      code: 'CANONICAL_LIMIT',
    });
  });

  it('refuses more documents than may wait', async () => {
    const pool = open({ maxDocuments: 2 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => pool.prepare(bytes(QUAD), 'n-quads', LIMIT)),
    );
    const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'done'));
    expect(codes).toEqual(['done', 'done', 'OVERLOADED', 'OVERLOADED', 'OVERLOADED']);
  });
});
