import type { QuadText } from '../rdf/index.js';
import type { SampledBlock } from './check-sparql.js';
import type { FactCollector } from './finding.js';
import { canonicalizeStored } from './stored-payload.js';

type RdfCanonize = typeof import('rdf-canonize');

/** The reference's N-Quads parser is quadratic in blank nodes, so larger payloads are not handed to it. */
const LARGEST_PAYLOAD_BYTES = 256 * 1024;
/** Hash-N-Degree calls up to which it is asked: it bounds them for each blank node only, and takes some 50 µs for each. */
const MOST_CALLS = 10_000;

/** RDFC-1.0 §5.2 has U+FFFE and U+FFFF escaped in literals; the reference writes them as they are. */
const WRITTEN_OTHERWISE = /\\uFFF[EF]/;

let reference: Promise<RdfCanonize> | undefined;

/**
 * Holds our canonical form of one block against the reference implementation's. The lines are compared as a set: the
 * reference sorts them by UTF-16 units, which is not code point order. The blank nodes are renamed first, because the
 * reference keeps labels that look canonical already.
 *
 * A payload that the reference cannot be asked about is no disagreement: one that is too large or too hard for it, that
 * it writes in another way, or whose labels depend on the order that it sorts by.
 *
 * @param workLimit Hash-N-Degree calls that the reference may take
 */
export async function crossCheck(
  { index, payload, quads }: SampledBlock,
  workLimit: number,
  facts: FactCollector,
): Promise<void> {
  if (payload.length > LARGEST_PAYLOAD_BYTES || sortsOtherwise(payload)) return;
  if ('refused' in canonicalizeStored(payload, Math.min(workLimit, MOST_CALLS))) return;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
  if (WRITTEN_OTHERWISE.test(text)) return;
  reference ??= import('rdf-canonize');
  const { canonize } = await reference;
  let answer: string;
  try {
    answer = await canonize(quads.map(renameBlankNodes).join(''), {
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
  if (sortedLines(answer) === sortedLines(text)) return;
  facts.add('ENGINE_DISAGREEMENT', index, { problem: 'the canonical forms differ' });
}

function renameBlankNodes({ subject, predicate, object, graph }: QuadText): string {
  const rename = (term: string) => (term.startsWith('_:') ? `_:renamed-${term.slice(2)}` : term);
  return `${rename(subject)} ${predicate} ${rename(object)} ${rename(graph)} .\n`;
}

/**
 * Whether code points and UTF-16 units can sort this text differently: it has characters beyond U+FFFF (whose UTF-8
 * begins with F0 to F4) and from U+E000 to U+FFFF (EE and EF). The lines of a blank node are hashed in sorted order.
 */
function sortsOtherwise(payload: Uint8Array): boolean {
  const beyond = payload.some((byte) => byte >= 0xf0);
  return beyond && payload.some((byte) => byte === 0xee || byte === 0xef);
}

function sortedLines(text: string): string {
  return text.split('\n').sort().join('\n');
}
