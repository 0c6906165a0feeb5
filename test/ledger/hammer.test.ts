import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createChain, openWriter } from '../../src/ledger/index.js';
import { temporaryFolder } from '../support/chains.js';
import { checkChain } from '../support/check-chain.js';
import { documentOf, seededNumbers } from './documents.js';

/**
 * One durable writer that flushes and compacts, and two readers in processes of their own that open and read in a
 * loop: no hole, no block that goes away, no failure to open. PROVCHAIN_HAMMER_SECONDS sets how long; 300 for a release.
 */

const SECONDS = Number(process.env.PROVCHAIN_HAMMER_SECONDS ?? 15);
const READER = fileURLToPath(new URL('./hammer-reader.js', import.meta.url));

const folder = temporaryFolder();
afterAll(folder.remove);

function runReader(dir: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [READER, dir, String(SECONDS)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    output += data;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

/** Appends at the pace of a busy node, with several flushes a second and a compaction every few seconds. */
async function write(dir: string, until: () => boolean) {
  const next = seededNumbers(42);
  const ledger = await openWriter(dir, { flushAtLogBytes: 512 << 10 });
  const counts = { blocks: 0, flushes: 0, compactions: 0 };
  while (!until()) {
    const documents = Array.from({ length: 1 + next(30) }, () => documentOf(next(1 << 30), 1 + next(12)));
    await Promise.all(documents.map((document) => ledger.append(document)));
    counts.blocks += documents.length;
    if (counts.flushes === 0 || next(25) === 0) {
      await ledger.flush();
      counts.flushes++;
    }
    if (next(200) === 0) {
      await ledger.compact();
      counts.compactions++;
    }
    await sleep(next(20));
  }
  await ledger.close();
  return counts;
}

describe('two readers beside a writer that flushes and compacts', () => {
  it(`always open and never see a hole, for ${SECONDS} s`, { timeout: (SECONDS + 120) * 1000 }, async () => {
    const dir = join(folder.path, 'chain');
    await createChain(dir);
    let readersEnded = false;
    const readers = Promise.all([runReader(dir), runReader(dir)]).finally(() => {
      readersEnded = true;
    });
    const written = await write(dir, () => readersEnded);
    const ends = await readers;
    expect(ends.map(({ code, output }) => (code === 0 ? '' : output))).toEqual(['', '']);
    const totals = ends.map(({ output }) => JSON.parse(output));
    console.log(`hammer: ${SECONDS} s, writer ${JSON.stringify(written)}, readers ${JSON.stringify(totals)}`);
    for (const { opens } of totals) expect(opens).toBeGreaterThan(0);
    expect(written.flushes).toBeGreaterThan(0);
    expect((await checkChain(dir)).hashes).toHaveLength(written.blocks + 1);
  });
});
