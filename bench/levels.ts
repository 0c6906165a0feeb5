import { type Check, LEVEL_CHECKS } from '../src/validation/index.js';
import type { BareLoopChildJob } from './bare-loop-child.js';
import { type BenchChain, benchChain } from './chains.js';
import type { ChildRun } from './child-process.js';
import type { BenchGroup, BenchOptions } from './group.js';
import { measurePairs, medianOf } from './pairs.js';
import { type Bar, type BenchRow, median } from './row.js';
import { runPeer, runValidation, type ValidateSettings } from './verify.js';

/** A level on the trace chain, cold, against a loop that only reads and hashes or canonicalizes. */
interface Duel {
  readonly name: string;
  readonly describe: string;
  readonly title: string;
  readonly ours: ValidateSettings;
  readonly peer: { readonly work: BareLoopChildJob['work']; readonly threads: number };
  readonly bar: Bar;
  /** Also measures reading and hashing alone on as many threads: less than that no level can take. */
  readonly floor?: boolean;
  readonly note?: string;
}

const THREADS = 2;
const QUADS = 64;

const SIGNATURES: readonly Check[] = ['signatures', 'signatures-sampled'];

const DUELS: readonly Duel[] = [
  {
    name: 'full',
    describe: 'Full without signatures against rdf-canonize over the same store',
    title: 'Full without signatures, two workers, against one thread of rdf-canonize over the same store',
    ours: { checks: LEVEL_CHECKS.Full.filter((check) => !SIGNATURES.includes(check)), workers: THREADS },
    peer: { work: 'canonize', threads: 0 },
    bar: { fasterBy: 5 },
    floor: true,
    note: 'ours also checks headers, digests, history, keys and the samples, and reads past the page cache',
  },
  {
    name: 'standard',
    describe: 'Standard against reading and hashing everything, one thread each',
    title: 'Standard, in one thread, against getMany and SHA-256 over headers and payloads in one thread',
    ours: { level: 'Standard', workers: 1 },
    peer: { work: 'hash-all', threads: 0 },
    bar: { atMostTimes: 1.5 },
  },
  {
    name: 'standard-threads',
    describe: 'Standard against reading and hashing everything, two threads each',
    title: 'Standard, two workers, against getMany and SHA-256 over headers and payloads on two threads',
    ours: { level: 'Standard', workers: THREADS },
    peer: { work: 'hash-all', threads: THREADS },
    bar: { atMostTimes: 1.5 },
  },
  {
    name: 'minimal',
    describe: 'Minimal against reading and hashing the headers',
    title: 'Minimal, in one thread, against getMany and SHA-256 over headers in one thread',
    ours: { level: 'Minimal', workers: 0 },
    peer: { work: 'hash-headers', threads: 0 },
    bar: { atMostTimes: 1.7 },
  },
];

export const LEVEL_GROUPS: readonly BenchGroup[] = DUELS.map((duel) => ({
  name: duel.name,
  describe: duel.describe,
  run: async (options) => [await fight(duel, options)],
}));

async function fight(duel: Duel, { quick, note }: BenchOptions): Promise<BenchRow> {
  const chain = await traceChain({ quick, note });
  const pairs = quick ? 3 : 7;
  note(`${duel.name}: ${pairs} pairs`);
  const { ours, peer } = await measurePairs(
    pairs,
    () => runValidation(chain, duel.ours),
    () => runPeer(chain, duel.peer.work, duel.peer.threads),
  );
  const { profile, documents, quads } = chain;
  const notes = [figures('ours', ours), figures('peer', peer)];
  if (duel.floor) notes.push(await floorOf(chain, pairs));
  if (duel.note) notes.push(duel.note);
  return {
    name: duel.name,
    title: `${duel.title}, ${profile} ${documents.toLocaleString('en-US')} × ${quads}`,
    unit: 'ms',
    ours: medianOf(ours, 'wallMs'),
    peer: medianOf(peer, 'wallMs'),
    bar: duel.bar,
    settings: { profile, documents, quads, pairs, workers: duel.ours.workers, quick },
    notes,
  };
}

export function traceChain({ quick, note }: BenchOptions): Promise<BenchChain> {
  return benchChain({ profile: 'trace', documents: quick ? 2000 : 10_000, quads: QUADS }, note);
}

async function floorOf(chain: BenchChain, runs: number): Promise<string> {
  const walls: number[] = [];
  for (let i = 0; i < runs; i++) walls.push((await runPeer(chain, 'hash-all', THREADS)).wallMs);
  return `getMany and SHA-256 alone, on ${THREADS} threads: ${median(walls).toFixed(0)} ms`;
}

/** What the same runs took without the start and end of the process, and what they took of all cores together. */
export function figures(whose: string, runs: readonly ChildRun<unknown>[]): string {
  const inProcess = medianOf(runs, 'inProcessMs').toFixed(0);
  return `${whose}: ${inProcess} ms inside the process, ${medianOf(runs, 'cpuMs').toFixed(0)} ms CPU, ${medianOf(runs, 'peakMb').toFixed(0)} MB`;
}
