import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { planLanes } from '../../src/pool/lanes.js';
import { temporaryFolder } from '../support/chains.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const MOST = Math.min(availableParallelism(), 8);
const CALLER = { threads: 0, caller: true };
const ALL = { threads: MOST - 1, caller: true };

/** A directory that looks to be of that size; what is in its files does not matter here. */
function directory(name: string, anchor: string | undefined, storeBytes: number): string {
  const dir = join(folder.path, name);
  const file = join(dir, 'db', '000001.sst');
  mkdirSync(join(dir, 'db'), { recursive: true });
  writeFileSync(file, '');
  truncateSync(file, storeBytes);
  if (anchor !== undefined) writeFileSync(join(dir, 'anchor.json'), anchor);
  return dir;
}

const small = directory('small', '{"index":99}', 300_000);
const tall = directory('tall', '{"index":4999999}', 1000);
const wide = directory('wide', '{"index":19999}', 512_000_000);

describe('planLanes', () => {
  it('gives as many lanes as were asked for, the first of them in the calling thread', async () => {
    expect(await planLanes(small, { workers: 5 })).toEqual({ threads: 4, caller: true });
    expect(await planLanes(small, { workers: 1, level: 'Minimal' })).toEqual(CALLER);
    expect(await planLanes(tall, { workers: 0 })).toEqual(CALLER);
  });

  it('keeps what canonicalizes out of the calling thread, unless no workers are wanted', async () => {
    for (const options of [{ level: 'Comprehensive' }, { level: 'Full' }, { checks: ['headers'] }] as const) {
      expect(await planLanes(small, { ...options, workers: 3 })).toEqual({ threads: 3, caller: false });
      expect(await planLanes(small, options)).toEqual({ threads: 1, caller: false });
      expect(await planLanes(wide, options)).toEqual({ threads: MOST, caller: false });
      expect(await planLanes(wide, { ...options, workers: 0 })).toEqual(CALLER);
    }
  });

  it('leaves small work to the calling thread', async () => {
    for (const level of ['Minimal', 'Standard'] as const) {
      expect(await planLanes(small, { level })).toEqual(CALLER);
    }
    expect(await planLanes(small, {})).toEqual(CALLER);
    expect(await planLanes(wide, { level: 'Minimal' })).toEqual(CALLER);
  });

  it('gives large work all lanes', async () => {
    expect(await planLanes(tall, { level: 'Minimal' })).toEqual(ALL);
    expect(await planLanes(wide, { level: 'Standard' })).toEqual(ALL);
  });

  it('goes by the range and not by the chain', async () => {
    expect(await planLanes(tall, { level: 'Minimal', from: 4_000_000, to: 4_001_000 })).toEqual(CALLER);
    expect(await planLanes(wide, { level: 'Standard', from: 19_900 })).toEqual(CALLER);
  });

  it('gives no more lanes than there are shards', async () => {
    expect(await planLanes(wide, { level: 'Full', from: 19_500 })).toEqual({ threads: 1, caller: false });
    expect(await planLanes(wide, { level: 'Full', from: 19_500, batchSize: 10 })).toEqual({
      threads: MOST,
      caller: false,
    });
  });

  it('goes by the size of the store when the anchor tells nothing', async () => {
    for (const [name, anchor] of Object.entries({
      none: undefined,
      torn: '{"ind',
      lying: '{"index":"many"}',
      endless: `{"index":1,"x":"${'x'.repeat(100_000)}"}`,
    })) {
      expect(await planLanes(directory(name, anchor, 512_000_000), {})).toEqual(ALL);
    }
  });

  it('leaves the refusal of what is no chain to who opens it', async () => {
    expect(await planLanes(join(folder.path, 'nothing'), {})).toEqual(CALLER);
  });
});
