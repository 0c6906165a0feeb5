import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { chainFiles } from '../../src/ledger/index.js';
import { type ChainEvidence, LEVELS, type Level } from '../../src/validation/index.js';
import { smallChain, temporaryFolder, validateSource } from '../support/chains.js';
import { RawStore } from '../support/raw-store.js';

const folder = temporaryFolder();
const dir = join(folder.path, 'chain');
const BLOCKS = 2;
let raw: RawStore;
let evidence: ChainEvidence;

beforeAll(async () => {
  await smallChain(dir, BLOCKS - 1, 2);
  evidence = await chainFiles(dir);
  raw = await RawStore.open(dir);
});

afterAll(async () => {
  await raw.close();
  folder.remove();
});

/** Flips one bit after the other in every value of a column family; `check` is asked while each is flipped. */
async function flipEveryBit(
  column: 'header' | 'payload',
  check: (flip: number, where: string) => Promise<void>,
) {
  let flip = 0;
  for (let index = 0; index < BLOCKS; index++) {
    const key = blockKey(index);
    const value = Buffer.from(await raw.get(column, key));
    for (let bit = 0; bit < value.length * 8; bit++) {
      const flipped = Buffer.from(value);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      await raw.put(column, key, flipped);
      await check(flip++, `${column} of block ${index}, bit ${bit}`);
    }
    await raw.put(column, key, value);
  }
  return flip;
}

const validateNow = (level: Level) => validateSource(raw.asSource(), evidence, { level });

it('is Critical for every single flipped bit of every header, at every level', {
  timeout: 300_000,
}, async () => {
  const flips = await flipEveryBit('header', async (flip, where) => {
    // Minimal does to headers what every level does; the others take turns, so that each meets bits of every field.
    for (const level of ['Minimal', LEVELS[1 + (flip % 3)]] as const) {
      const report = await validateNow(level);
      expect(report.status, `${where} at ${level}`).toBe('Critical');
    }
  });
  expect(flips).toBeGreaterThan(BLOCKS * 500 * 8);
});

it('is never Healthy for a flipped bit of a payload, from Standard on', { timeout: 300_000 }, async () => {
  const levels = LEVELS.slice(1);
  const flips = await flipEveryBit('payload', async (flip, where) => {
    const level = levels[flip % levels.length];
    const report = await validateNow(level);
    expect(report.status, `${where} at ${level}`).toBe('Critical');
    expect(report.findingCounts.PAYLOAD_DIGEST_MISMATCH, where).toBe(1);
  });
  expect(flips).toBeGreaterThan(BLOCKS * 150 * 8);
});

it('is Healthy again once every bit is back', async () => {
  for (const level of LEVELS) expect((await validateNow(level)).status).toBe('Healthy');
});
