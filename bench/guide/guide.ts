import type { BenchGroup } from '../group.js';
import { concurrencyRows } from './concurrency.js';
import { hitRateRows } from './hit-rates.js';
import { memoryRows } from './memory.js';
import { timeRows } from './times.js';

/** Every figure of the predecessor's deployment guide, on started nodes, with the chain on which it holds. */
export const GUIDE: BenchGroup = {
  name: 'guide',
  describe: "the figures of the predecessor's guide, and the chain size where each holds",
  slow: true,
  async run(options) {
    return [
      ...(await timeRows(options)),
      ...(await hitRateRows(options)),
      ...(await memoryRows(options)),
      ...(await concurrencyRows(options)),
    ];
  },
};
