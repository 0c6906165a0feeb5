import { createHash } from 'node:crypto';
import { canonize } from 'rdf-canonize';
import { canonicalize, workloadDocument } from '../src/rdf/index.js';
import type { BenchOptions } from './group.js';
import { type BenchRow, median } from './row.js';
import { WrongAnswer } from './verify.js';

/** Factor 3 is what the peer needs for the tangles; for the other profiles it is never reached. */
const PEER = {
  algorithm: 'RDFC-1.0',
  inputFormat: 'application/n-quads',
  format: 'application/n-quads',
  maxWorkFactor: 3,
} as const;

const SEED = 1;
const PROFILES = [
  { profile: 'trace', quads: 64, canonicalBar: 5, shuffledBar: 3 },
  { profile: 'flat', quads: 32, canonicalBar: 5, shuffledBar: 3 },
  { profile: 'tangle', quads: 64, canonicalBar: 3, shuffledBar: 3 },
] as const;

/** One document as each side gets it: bytes from the store for us, a string ready made for the peer. */
interface Input {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * Canonicalization in one thread against rdf-canonize, on the stored form (canonical) and on the document as generated
 * (shuffled). Every answer is compared before anything is timed, byte by byte and by digest.
 */
export async function benchCanonicalize({ quick, note }: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const { profile, quads, canonicalBar, shuffledBar } of PROFILES) {
    const documents = (profile === 'tangle' ? 200 : 1000) / (quick ? 10 : 1);
    note(`canonicalize ${profile}: ${documents} documents`);
    const shuffled: Input[] = [];
    const canonical: Input[] = [];
    for (let index = 0; index < documents; index++) {
      const document = inputOf(workloadDocument(profile, index, { quads, seed: SEED }));
      shuffled.push(document);
      canonical.push(await verify(document, `${profile} ${index}`));
      await verify(canonical[index]!, `${profile} ${index}, canonical`);
    }
    const forms = [
      { form: 'canonical', inputs: canonical, bar: canonicalBar },
      { form: 'shuffled', inputs: shuffled, bar: shuffledBar },
    ] as const;
    for (const { form, inputs, bar } of forms) {
      const pairs = quick ? 5 : 15;
      const { ours, peer } = await measure(inputs, pairs, quick ? 5 : 2);
      const rate = (ms: number) => `${((documents * quads) / ms / 1000).toFixed(2)} M quads/s`;
      rows.push({
        name: `canonicalize ${profile} ${form}`,
        title: `${documents} ${profile} documents of ${quads} quads, ${form}, against rdf-canonize`,
        unit: 'ms',
        ours,
        peer,
        bar: { fasterBy: bar },
        settings: { profile, form, documents, quads, seed: SEED, pairs, threads: 1, maxWorkFactor: 3 },
        notes: [`${rate(ours)} against ${rate(peer)}`],
      });
    }
  }
  return rows;
}

function inputOf(text: string): Input {
  return { bytes: Buffer.from(text), text };
}

/** The canonical form, which both sides must agree on. */
async function verify({ bytes, text }: Input, what: string): Promise<Input> {
  const ours = canonicalize(bytes).bytes;
  const peer = await canonize(text, PEER);
  if (!Buffer.from(peer).equals(ours) || digest(ours) !== digest(peer)) {
    throw new WrongAnswer(`canonicalize ${what}`, 'the two canonical forms differ');
  }
  return { bytes: ours, text: peer };
}

function digest(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Medians, in milliseconds, of taking all documents in turns; the first `warmUps` turns are not counted. */
async function measure(
  inputs: readonly Input[],
  pairs: number,
  warmUps: number,
): Promise<{ ours: number; peer: number }> {
  const ours: number[] = [];
  const peer: number[] = [];
  for (let turn = 0; turn < warmUps + pairs; turn++) {
    const begin = performance.now();
    for (const { bytes } of inputs) canonicalize(bytes);
    const middle = performance.now();
    for (const { text } of inputs) await canonize(text, PEER);
    const end = performance.now();
    if (turn < warmUps) continue;
    ours.push(middle - begin);
    peer.push(end - middle);
  }
  return { ours: median(ours), peer: median(peer) };
}
