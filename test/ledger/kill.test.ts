import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { createChain, openWriter } from '../../src/ledger/index.js';
import { copyChain, temporaryFolder, validateChain } from '../support/chains.js';
import { checkChain } from '../support/check-chain.js';
import { AppendChild } from './child.js';
import { documentOf, seededNumbers } from './documents.js';

/**
 * Writers killed with SIGKILL at random moments. Whatever a writer had told of before it died must be there with the
 * same hash, the chain must hold together to its last record, the next validation must be Healthy, and the next writer
 * must be able to go on.
 */

const KILLS = Number(process.env.PROVCHAIN_KILLS ?? 200);
const CHAINS = 4;

const folder = temporaryFolder();
afterAll(folder.remove);

interface Tally {
  kills: number;
  confirmed: number;
  aboveAnchor: number;
  tornLogs: number;
}

/** Starts a writer, kills it after a seeded time, and checks what it left. Returns the chain's height. */
async function killOnce(dir: string, seed: number, tally: Tally): Promise<number> {
  const next = seededNumbers(seed);
  const child = new AppendChild('append-forever', dir, seed);
  // From the moment it is open, or, every eighth time, while it is opening.
  if (next(8) > 0) await child.hasTold(1);
  else await sleep(60 + next(150));
  await sleep(next(120));
  child.process.kill('SIGKILL');
  await child.exited;
  expect(child.told.filter(({ failed }) => failed)).toEqual([]);

  const confirmed = child.told.filter(({ hash }) => hash);
  const { hashes, logDamaged } = await checkChain(dir);
  for (const { index, hash } of confirmed) expect(hashes[index!]).toBe(hash);
  const opened = child.told[0]?.opened ?? 0;
  expect(hashes.length).toBeGreaterThanOrEqual(opened + confirmed.length + 1);
  tally.kills++;
  tally.confirmed += confirmed.length;
  const report = await validateChain(dir, { level: next(10) === 0 ? 'Full' : 'Standard' });
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ status: 'Healthy', complete: true, chain: { height: hashes.length } });
  if (hashes.length > opened + confirmed.length + 1) tally.aboveAnchor++;
  if (logDamaged) tally.tornLogs++;
  return hashes.length;
}

describe('kill -9 while appending', () => {
  it(`loses no confirmed block and leaves nothing half-written, ${KILLS} times`, {
    timeout: 600_000,
  }, async () => {
    const tally: Tally = { kills: 0, confirmed: 0, aboveAnchor: 0, tornLogs: 0 };
    const work = Array.from({ length: CHAINS }, async (_, chain) => {
      for (let round = 0, dir = ''; round < KILLS / CHAINS; round++) {
        // A new chain now and then, so that checking it stays quick.
        if (round % 12 === 0) {
          dir = join(folder.path, `chain-${chain}-${round}`);
          await createChain(dir);
        }
        await killOnce(dir, 1 + chain * 1_000_003 + round * 7919, tally);
      }
    });
    await Promise.all(work);
    console.log(`kill -9: ${JSON.stringify(tally)}`);
    expect(tally.kills).toBe(KILLS);
    expect(tally.confirmed).toBeGreaterThan(0);
  });
});

describe('a log torn at any byte behind the anchored block', () => {
  it('keeps every confirmed block, and the next writer goes on', { timeout: 120_000 }, async () => {
    const dir = join(folder.path, 'torn');
    await createChain(dir);
    const ledger = await openWriter(dir);
    await ledger.append(documentOf(1, 4));
    const anchor = readFileSync(join(dir, 'anchor.json'));
    const anchoredBytes = statSync(logOf(dir)).size;
    await Promise.all([2, 3, 4, 5].map((number) => ledger.append(documentOf(number, 200))));
    await ledger.append(documentOf(6, 900));
    const whole = copyChain(dir, join(folder.path, 'torn-whole'));
    await ledger.close();
    // As after a crash between the batches and their anchors.
    writeFileSync(join(whole, 'anchor.json'), anchor);
    const { hashes } = await checkChain(whole);
    const size = statSync(logOf(whole)).size;
    const next = seededNumbers(5);
    const heights = new Set<number>();
    for (let cut = 0; cut < 24; cut++) {
      const torn = copyChain(whole, join(folder.path, `torn-${cut}`));
      truncateSync(logOf(torn), anchoredBytes + next(size - anchoredBytes));
      const left = await checkChain(torn);
      expect(left.hashes).toEqual(hashes.slice(0, left.hashes.length));
      expect(left.hashes.length).toBeGreaterThanOrEqual(2);
      heights.add(left.hashes.length);
      const writer = await openWriter(torn);
      expect((await writer.append(documentOf(7, 1))).index).toBe(left.hashes.length);
      await writer.close();
      expect((await checkChain(torn)).logDamaged).toBe(false);
    }
    // Blocks that were appended together are there together or not at all.
    expect([...heights].sort()).toEqual([2, 6]);
  });
});

/** The log that is being written. */
function logOf(dir: string): string {
  const logs = readdirSync(join(dir, 'db')).filter((name) => name.endsWith('.log'));
  return join(dir, 'db', logs.sort().at(-1)!);
}
