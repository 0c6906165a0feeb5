import { LEVELS, type Level } from '../src/validation/index.js';
import { benchChain } from './chains.js';
import type { BenchGroup, BenchOptions } from './group.js';
import { figures } from './levels.js';
import { measurePairs, medianOf } from './pairs.js';
import type { BenchRow } from './row.js';
import { runValidation } from './verify.js';

const QUADS = 12;
const WORKERS = 2;

/** Ten times the blocks: time must grow in proportion, memory hardly at all. */
export const SCALE: BenchGroup = {
  name: 'scale',
  describe: '1,000,000 blocks against 100,000 at every level: time and peak memory',
  slow: true,
  async run(options) {
    const rows: BenchRow[] = [];
    for (const level of LEVELS) rows.push(...(await measureLevel(level, options)));
    return rows;
  },
};

async function measureLevel(level: Level, { quick, note }: BenchOptions): Promise<BenchRow[]> {
  const size = quick ? 10_000 : 100_000;
  const small = await benchChain({ profile: 'trace', documents: size, quads: QUADS }, note);
  const large = await benchChain({ profile: 'trace', documents: 10 * size, quads: QUADS }, note);
  const pairs = 3;
  note(`scale ${level}: ${pairs} pairs`);
  const { ours, peer } = await measurePairs(
    pairs,
    () => runValidation(large, { level, workers: WORKERS }),
    () => runValidation(small, { level, workers: WORKERS }),
  );
  const settings = { profile: 'trace', documents: 10 * size, quads: QUADS, pairs, workers: WORKERS, quick };
  const against = `${(10 * size).toLocaleString('en-US')} blocks against ${size.toLocaleString('en-US')}`;
  const notes = [figures('large', ours), figures('small', peer)];
  return [
    {
      name: `scale ${level} time`,
      title: `${level}, two workers, ${against}`,
      unit: 'ms',
      ours: medianOf(ours, 'wallMs'),
      peer: medianOf(peer, 'wallMs'),
      bar: { atMostTimes: 10.5 },
      settings,
      notes,
    },
    {
      name: `scale ${level} memory`,
      title: `${level}, two workers, peak resident memory, ${against}`,
      unit: 'MB',
      ours: medianOf(ours, 'peakMb'),
      peer: medianOf(peer, 'peakMb'),
      bar: { atMostMore: 60, below: 500 },
      settings,
      notes,
    },
  ];
}
