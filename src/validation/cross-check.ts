import type { FactCollector } from './finding.js';

type RdfCanonize = typeof import('rdf-canonize');

/** The reference's N-Quads parser is quadratic in blank nodes, so larger payloads are not handed to it. */
const LARGEST_PAYLOAD_BYTES = 256 * 1024;

let reference: Promise<RdfCanonize> | undefined;

/**
 * Holds our canonical form of one block against the reference implementation's. The lines are compared as a set: the
 * reference sorts them by UTF-16 units, which is not code point order.
 *
 * A graph that is too large for the reference is no disagreement; it has then simply not been asked.
 *
 * @param payload canonical N-Quads, UTF-8
 * @param workLimit Hash-N-Degree calls that the reference may take
 */
export async function crossCheck(
  index: number,
  payload: Uint8Array,
  workLimit: number,
  facts: FactCollector,
): Promise<void> {
  if (payload.length > LARGEST_PAYLOAD_BYTES) return;
  reference ??= import('rdf-canonize');
  const { canonize } = await reference;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
  let answer: string;
  try {
    answer = await canonize(text, {
      algorithm: 'RDFC-1.0',
      inputFormat: 'application/n-quads',
      format: 'application/n-quads',
      maxDeepIterations: workLimit,
    });
  } catch (error) {
    if (/Maximum deep iterations/.test(String(error))) return;
    facts.add('ENGINE_DISAGREEMENT', index, {
      problem: `the reference refuses the payload: ${String(error)}`,
    });
    return;
  }
  if (answer === text || sortedLines(answer) === sortedLines(text)) return;
  facts.add('ENGINE_DISAGREEMENT', index, { problem: 'the canonical forms differ' });
}

function sortedLines(text: string): string {
  return text.split('\n').sort().join('\n');
}
