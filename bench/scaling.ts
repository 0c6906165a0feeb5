import type { BenchChain } from './chains.js';
import type { BenchGroup } from './group.js';
import { figures, traceChain } from './levels.js';
import { measurePairs, medianOf } from './pairs.js';
import { median } from './row.js';
import { runPeer, runValidation } from './verify.js';

/** How much of a second core becomes speed. */
export const SCALING: BenchGroup = {
  name: 'scaling',
  describe: 'Full with two workers against half the CPU time of one worker',
  async run(options) {
    const chain = await traceChain(options);
    const { profile, documents, quads } = chain;
    const pairs = options.quick ? 3 : 5;
    options.note(`scaling: ${pairs} pairs`);
    const { ours, peer } = await measurePairs(
      pairs,
      () => runValidation(chain, { level: 'Full', workers: 2 }),
      () => runValidation(chain, { level: 'Full', workers: 1 }),
    );
    return [
      {
        name: 'scaling',
        title: `Full, wall time of two workers against half the CPU time of one, ${profile} ${documents.toLocaleString('en-US')} × ${quads}`,
        unit: 'ms',
        ours: medianOf(ours, 'wallMs'),
        peer: medianOf(peer, 'cpuMs') / 2,
        bar: { atMostTimes: 1.1 },
        settings: { profile, documents, quads, pairs, workers: 2, quick: options.quick },
        notes: [
          figures('two workers', ours),
          `${figures('one worker', peer)}, ${medianOf(peer, 'wallMs').toFixed(0)} ms wall`,
          await slowdownOfTwo(chain, pairs),
        ],
      },
    ];
  },
};

/** What the machine itself takes from two processes that share nothing: its cores may share caches and clock. */
async function slowdownOfTwo(chain: BenchChain, runs: number): Promise<string> {
  const canonize = () => runPeer(chain, 'canonize', 0);
  const alone: number[] = [];
  const together: number[] = [];
  for (let i = 0; i < runs; i++) {
    alone.push((await canonize()).wallMs);
    for (const { wallMs } of await Promise.all([canonize(), canonize()])) together.push(wallMs);
  }
  const factor = median(together) / median(alone);
  return `two independent processes of rdf-canonize at once each take ${factor.toFixed(2)}× as long as one alone`;
}
