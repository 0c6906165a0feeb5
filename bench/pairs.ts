import type { ChildRun } from './child-process.js';
import { median } from './row.js';

export interface Pairs<A, B> {
  readonly ours: readonly ChildRun<A>[];
  readonly peer: readonly ChildRun<B>[];
}

/** Runs both once without counting, so that the files are in the page cache, and then in turns. */
export async function measurePairs<A, B>(
  pairs: number,
  runOurs: () => Promise<ChildRun<A>>,
  runPeer: () => Promise<ChildRun<B>>,
): Promise<Pairs<A, B>> {
  await runPeer();
  await runOurs();
  const ours: ChildRun<A>[] = [];
  const peer: ChildRun<B>[] = [];
  for (let i = 0; i < pairs; i++) {
    ours.push(await runOurs());
    peer.push(await runPeer());
  }
  return { ours, peer };
}

/** The median of one figure of some runs. */
export function medianOf(
  runs: readonly ChildRun<unknown>[],
  figure: 'wallMs' | 'inProcessMs' | 'cpuMs' | 'peakMb',
): number {
  return median(runs.map((run) => run[figure]));
}
