import type { BareLoopSum } from './bare-loop.js';
import type { BareLoopChildJob } from './bare-loop-child.js';
import type { BenchChain } from './chains.js';
import { type ChildRun, runChild } from './child-process.js';
import type { Validated, ValidateJob } from './validate-child.js';

/** An answer that is wrong is not timed: the run ends, and with it the exit code is 1. */
export class WrongAnswer extends Error {
  constructor(what: string, problem: string) {
    super(`${what}: ${problem}`);
    this.name = 'WrongAnswer';
  }
}

export type ValidateSettings = Omit<ValidateJob, 'dir'>;

/** The digest that a chain and a policy have, from their first run on; every later one must have it too. */
const digests = new Map<string, string>();

/** Validates an intact chain in a new process; what it reports must be what the generator had written. */
export async function runValidation(
  { dir, expected }: BenchChain,
  settings: ValidateSettings,
): Promise<ChildRun<Validated>> {
  const run = await runChild<Validated>('validate-child', { dir, ...settings } satisfies ValidateJob);
  const { status, complete, checked, findingCounts, reportDigest } = run.answer;
  const what = `${settings.level ?? 'custom checks'} on ${dir}`;
  if (status !== 'Healthy' || !complete) {
    throw new WrongAnswer(what, `${status}, complete: ${complete}, ${JSON.stringify(findingCounts)}`);
  }
  expectEqual(what, 'headers', checked.headers, expected.height);
  if (checked.payloads > 0 || settings.level !== 'Minimal') {
    expectEqual(what, 'payloads', checked.payloads, expected.height);
    expectEqual(what, 'payload bytes', checked.payloadBytes, expected.payloadBytes);
    expectEqual(what, 'quads', checked.quads, expected.quads);
  }
  if (settings.level === 'Full' || settings.checks?.includes('canonical')) {
    expectEqual(what, 'canonicalized payloads', checked.canonicalized, expected.height);
  }
  if (settings.level === 'Full') expectEqual(what, 'signatures', checked.signatures, expected.height);
  const policy = JSON.stringify([dir, settings.level, settings.checks]);
  const known = digests.get(policy) ?? reportDigest;
  digests.set(policy, known);
  if (reportDigest !== known) throw new WrongAnswer(what, 'two runs have different report digests');
  return run;
}

/** Runs a peer over all blocks of a chain in a new process; it must have hashed what the headers say. */
export async function runPeer(
  { dir, expected }: BenchChain,
  work: BareLoopChildJob['work'],
  threads: number,
): Promise<ChildRun<BareLoopSum>> {
  const job: BareLoopChildJob = { dir, from: 0, to: expected.height, work, threads };
  const run = await runChild<BareLoopSum>('bare-loop-child', job);
  const what = `the peer (${work}) on ${dir}`;
  const { blocks, bytes, digestSum } = run.answer;
  const headers = work !== 'canonize';
  const payloads = work !== 'hash-headers';
  expectEqual(what, 'blocks', blocks, expected.height);
  expectEqual(
    what,
    'bytes',
    bytes,
    (headers ? expected.headerBytes : 0) + (payloads ? expected.payloadBytes : 0),
  );
  const digests =
    (headers ? expected.headerDigestSum : 0) + (work === 'hash-all' ? expected.payloadDigestSum : 0);
  expectEqual(what, 'sum of digests', digestSum, digests % 2 ** 31);
  return run;
}

export function expectEqual(what: string, name: string, found: number, expected: number): void {
  if (found !== expected) throw new WrongAnswer(what, `${name}: ${found} instead of ${expected}`);
}
