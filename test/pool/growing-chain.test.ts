import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { validateDirectory } from '../../src/pool/index.js';
import { LEVELS } from '../../src/validation/index.js';
import { AppendChild } from '../ledger/child.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';

const folder = temporaryFolder();
const base = join(folder.path, 'base');

beforeAll(() => smallChain(base, 200, 8));
afterAll(folder.remove);

const WAYS = [
  { workers: 1, batchSize: 1000 },
  { workers: 2, batchSize: 61 },
  { workers: 4, batchSize: 17 },
];

/** Runs `work` beside a process that appends, flushes and compacts, at the lowest priority so that both get on. */
async function besideWriter(dir: string, work: (writer: AppendChild) => Promise<void>): Promise<void> {
  const writer = new AppendChild('append-forever', dir, 7, 'renice -n 19 $$ >/dev/null');
  try {
    await writer.hasTold(20);
    await work(writer);
  } finally {
    writer.process.kill('SIGKILL');
    await writer.exited;
  }
}

it.each(LEVELS)(
  'finds nothing at %s while another process appends and compacts, and gives one digest for a pinned height',
  { timeout: 120_000 },
  async (level) => {
    const dir = copyChain(base, join(folder.path, level));
    await besideWriter(dir, async (writer) => {
      const first = await validateDirectory(dir, { level, workers: 1 });
      const { height, headHash } = first.chain;
      expect(first, JSON.stringify(first.findings)).toMatchObject({ status: 'Healthy', complete: true });
      if (height === null || headHash === null) throw new Error('the store could not be opened');
      const toldBefore = writer.told.length;
      const digests = [first.reportDigest];
      for (const way of WAYS) {
        const pinned = await validateDirectory(dir, { level, ...way, pin: { height, headHash } });
        expect(pinned.findings).toEqual([]);
        digests.push(pinned.reportDigest);
        const grown = await validateDirectory(dir, { level, ...way });
        expect(grown, JSON.stringify(grown.findings)).toMatchObject({ status: 'Healthy', complete: true });
        expect(grown.chain.height).toBeGreaterThanOrEqual(height);
      }
      expect(new Set(digests).size).toBe(1);
      // Otherwise nothing was appended meanwhile, and the test has shown nothing.
      expect(writer.told.length).toBeGreaterThan(toldBefore);
    });
  },
);
