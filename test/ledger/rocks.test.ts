import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Put, Rocks } from '../../src/ledger/rocks.js';
import { scan } from '../../src/ledger/scan.js';

const folder = mkdtempSync(join(tmpdir(), 'provchain-rocks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const newPath = () => join(folder, `db-${count++}`);
const create = (path = newPath()) =>
  Rocks.open(path, { readOnly: false, create: true, damagedLog: 'refuse' });
const reopen = (path: string, readOnly = true) => Rocks.open(path, { readOnly, damagedLog: 'refuse' });

function u64(value: number | bigint): Buffer {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(value));
  return key;
}

type Pair = [string, string];

async function scanned(
  rocks: Rocks,
  from: Uint8Array,
  to?: Uint8Array,
  batchEntries?: number,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for await (const entries of scan(rocks, 'payload', from, to, { batchEntries })) {
    expect(entries.length).toBeGreaterThan(0);
    for (const { key, value } of entries)
      pairs.push([Buffer.from(key).toString('hex'), Buffer.from(value).toString()]);
  }
  return pairs;
}

describe('Rocks.write', () => {
  it('writes to every column family, and reads back byte for byte', async () => {
    const rocks = await create();
    const key = u64(7);
    const puts: Put[] = [
      { column: 'header', key, value: Buffer.from('h') },
      { column: 'payload', key, value: Buffer.from([0, 255, 10]) },
      { column: 'default', key: Buffer.from('head'), value: Buffer.alloc(0) },
    ];
    await rocks.write(puts);
    for (const { column, key, value } of puts) expect(await rocks.get(column, key)).toEqual(value);
    expect(await rocks.get('default', key)).toBeNull();
    expect(await rocks.get('header', Buffer.from('head'))).toBeNull();
    await rocks.close();
  });

  it('refuses a read-only handle with an error, and nothing is stored', async () => {
    const path = newPath();
    await (await create(path)).close();
    const rocks = await reopen(path);
    await expect(rocks.write([{ column: 'header', key: u64(1), value: u64(1) }])).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    await rocks.close();
  });
});

describe('Rocks.open', () => {
  it('fails with STORE_UNAVAILABLE where no database is', async () => {
    await expect(reopen(newPath())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('fails with NOT_A_CHAIN for a writer where no database is', async () => {
    await expect(reopen(newPath(), false)).rejects.toMatchObject({ code: 'NOT_A_CHAIN' });
  });

  it('fails with LOCKED for a second writer', async () => {
    const path = newPath();
    const first = await create(path);
    await expect(reopen(path, false)).rejects.toMatchObject({ code: 'LOCKED' });
    await first.close();
    await (await reopen(path, false)).close();
  });

  it('takes the verdict from RocksDB, not from the name of the folder', async () => {
    const parent = join(folder, 'While x: y');
    symlinkSync(folder, parent);
    const missing = await reopen(join(parent, 'Column family not found')).catch((error) => error);
    expect(missing).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

describe('Rocks.get', () => {
  it('answers more gets at once than one read holds, each its own', async () => {
    const rocks = await create();
    const keys = Array.from({ length: 1000 }, (_, i) => u64(i));
    await rocks.write(keys.filter((_, i) => i % 3 > 0).map((key) => ({ column: 'header', key, value: key })));
    const values = await Promise.all(keys.map((key) => rocks.get('header', key)));
    expect(values).toEqual(keys.map((key, i) => (i % 3 > 0 ? key : null)));
    await rocks.close();
  });

  it('fails after closing', async () => {
    const rocks = await create();
    await rocks.close();
    await expect(rocks.get('header', u64(1))).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('scan', () => {
  it('gives what a sorted list of the entries holds, for any keys, range and batch size', async () => {
    const key = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
      fc.nat({ max: 300 }).map(u64),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(u64),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { selector: (bytes) => bytes.toString('hex'), maxLength: 60 }),
        key,
        fc.option(key, { nil: undefined }),
        fc.integer({ min: 1, max: 70 }),
        fc.boolean(),
        async (keys, from, to, batchEntries, flushed) => {
          const rocks = await create();
          await rocks.write(keys.map((key, i) => ({ column: 'payload', key, value: Buffer.from(`v${i}`) })));
          if (flushed) await rocks.flush();
          const expected = keys
            .map((key, i) => ({ key, text: `v${i}` }))
            .filter(({ key }) => Buffer.compare(key, from) >= 0 && (!to || Buffer.compare(key, to) < 0))
            .sort((a, b) => Buffer.compare(a.key, b.key))
            .map(({ key, text }): Pair => [key.toString('hex'), text]);
          expect(await scanned(rocks, from, to, batchEntries)).toEqual(expected);
          await rocks.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('holds few megabytes at a time when short values are followed by long ones, with gaps between the keys', async () => {
    const rocks = await create();
    for (let i = 0; i < 2000; i++)
      await rocks.write([{ column: 'payload', key: u64(i), value: Buffer.from('short') }]);
    const long = Buffer.alloc(4 << 20, 0x61);
    for (let i = 0; i < 24; i++) {
      await rocks.write([{ column: 'payload', key: u64(2000n + (1n << BigInt(2 * i))), value: long }]);
    }
    await rocks.flush();
    let entriesSeen = 0;
    let largest = 0;
    for await (const entries of scan(rocks, 'payload', u64(0), undefined)) {
      entriesSeen += entries.length;
      largest = Math.max(
        largest,
        entries.reduce((sum, { value }) => sum + value.length, 0),
      );
    }
    expect(entriesSeen).toBe(2024);
    expect(largest).toBeLessThanOrEqual(20 << 20);
    await rocks.close();
  });

  it('leaves values out when only keys are asked for', async () => {
    const rocks = await create();
    await rocks.write([{ column: 'payload', key: u64(1), value: Buffer.from('value') }]);
    for await (const [entry] of scan(rocks, 'payload', u64(0), undefined, { keysOnly: true })) {
      expect(entry).toMatchObject({ key: u64(1), value: Buffer.alloc(0) });
    }
    await rocks.close();
  });

  it('gives its iterators back when it is left early, so that the database can close', async () => {
    const rocks = await create();
    await rocks.write(
      Array.from({ length: 500 }, (_, i) => ({ column: 'payload', key: u64(i), value: u64(i) })),
    );
    for await (const entries of scan(rocks, 'payload', u64(0), undefined, { batchEntries: 10 })) {
      expect(entries).toHaveLength(10);
      break;
    }
    await rocks.close();
  });
});
