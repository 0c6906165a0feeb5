import {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey, HEAD_KEY } from '../../src/chain/index.js';
import { createChain, openSource, openWriter } from '../../src/ledger/index.js';
import { copyChain, temporaryFolder } from '../support/chains.js';
import { checkChain } from '../support/check-chain.js';
import { AppendChild } from './child.js';
import { documentOf } from './documents.js';

const folder = temporaryFolder();
afterAll(folder.remove);
let count = 0;
const copy = (dir: string) => copyChain(dir, join(folder.path, `copy-${count++}`));

let chain: string;
let hashes: readonly string[];
/** A chain whose blocks from 5 on stand in the log only, as after kill -9. */
let unflushed: string;

beforeAll(async () => {
  chain = join(folder.path, 'chain');
  await createChain(chain);
  let ledger = await openWriter(chain);
  for (let i = 0; i < 4; i++) await ledger.append(documentOf(i, 5));
  await ledger.close();
  ledger = await openWriter(chain);
  for (let i = 4; i < 20; i++) await ledger.append(documentOf(i, 5));
  unflushed = copy(chain);
  await ledger.close();
  ({ hashes } = await checkChain(chain));
});

const logOf = (dir: string) => {
  const logs = readdirSync(join(dir, 'db')).filter((name) => name.endsWith('.log'));
  const path = join(dir, 'db', logs.sort().at(-1)!);
  expect(statSync(path).size).toBeGreaterThan(10_000);
  return path;
};

const headOf = async (dir: string) => {
  const source = await openSource(dir);
  const head = JSON.parse(String(await source.get('default', HEAD_KEY)));
  const { logDamaged, counts } = source;
  await source.close();
  return { index: head.index, logDamaged, counts };
};

describe('openSource', () => {
  it('shows the state at opening while the chain grows, and the new state when reopened', async () => {
    const dir = copy(chain);
    const source = await openSource(dir);
    const ledger = await openWriter(dir);
    await ledger.append(documentOf(99, 1));
    await ledger.compact();
    expect(await source.get('header', blockKey(21))).toBeNull();
    expect(await source.get('payload', blockKey(3))).toEqual(documentOf(2, 5));
    const again = await source.reopen();
    expect(await again.get('payload', blockKey(21))).toEqual(documentOf(99, 1));
    await Promise.all([source.close(), again.close(), ledger.close()]);
  });

  it('replays the log of a writer that was killed', async () => {
    expect(await headOf(copy(unflushed))).toMatchObject({ index: 20, logDamaged: false });
  });

  it('reads past the page cache when told to, with the same result', async () => {
    const source = await openSource(chain, { direct: true });
    const payloads: Buffer[] = [];
    for await (const entries of source.scan('payload', blockKey(1), undefined)) {
      payloads.push(...entries.map(({ value }) => Buffer.from(value)));
    }
    expect(payloads).toEqual(Array.from({ length: 20 }, (_, i) => documentOf(i, 5)));
    await source.close();
  });

  it('closes under a scan that was left in the middle', async () => {
    const source = await openSource(chain);
    const scan = source.scan('payload', blockKey(0), undefined, { batchEntries: 2 })[Symbol.asyncIterator]();
    expect((await scan.next()).value).toHaveLength(2);
    await source.close();
    expect((await scan.next()).done).toBe(true);
  });

  it('fails with NOT_A_CHAIN where no database is, and makes none', async () => {
    const dir = join(folder.path, 'none');
    await expect(openSource(dir)).rejects.toMatchObject({ code: 'NOT_A_CHAIN' });
    expect(readdirSync(folder.path)).not.toContain('none');
  });

  it('fails with STORE_UNAVAILABLE after 20 attempts while a file of the database is away', async () => {
    const dir = copy(chain);
    const table = readdirSync(join(dir, 'db')).find((name) => name.endsWith('.sst'))!;
    renameSync(join(dir, 'db', table), join(dir, table));
    await expect(openSource(dir)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('20 attempts'),
    });
  });

  it.each([20, 200, 600])(
    'opens when the file is back after %i ms, and counts the attempts',
    async (pauseMs) => {
      const dir = copy(chain);
      const table = readdirSync(join(dir, 'db')).find((name) => name.endsWith('.sst'))!;
      renameSync(join(dir, 'db', table), join(dir, table));
      const opening = headOf(dir);
      await sleep(pauseMs);
      renameSync(join(dir, table), join(dir, 'db', table));
      const { index, counts } = await opening;
      expect(index).toBe(20);
      expect(counts.attempts).toBe(1 + counts.vanished + counts.changed);
    },
  );
});

describe('openSource with a pin', () => {
  it('shows the chain when the pinned hash stands at the pinned height', async () => {
    const source = await openSource(chain, { pin: { height: 8, headHash: hashes[7]! } });
    expect(await source.get('header', blockKey(20))).not.toBeNull();
    await source.close();
  });

  it.each([
    ['above the head', 25, 20],
    ['of another hash', 8, 6],
  ])('fails with STORE_UNAVAILABLE at a height %s', async (_, height, hashAt) => {
    const pin = { height, headHash: hashes[hashAt]! };
    await expect(openSource(chain, { pin })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      place: { block: height - 1 },
    });
  });
});

describe('a torn or damaged log', () => {
  it('loses what stood behind the damage, and the view says so', async () => {
    const dir = copy(unflushed);
    const log = logOf(dir);
    truncateSync(log, Math.floor(statSync(log).size * 0.6));
    const { index, logDamaged } = await headOf(dir);
    expect(logDamaged).toBe(true);
    expect(index).toBeGreaterThan(4);
    expect(index).toBeLessThan(20);
  });

  it('keeps a writer out with CHAIN_DAMAGED when anchored blocks are lost, and nothing is written', async () => {
    const dir = copy(unflushed);
    const log = logOf(dir);
    const bytes = readFileSync(log);
    bytes[Math.floor(bytes.length / 2)]! ^= 4;
    writeFileSync(log, bytes);
    const names = readdirSync(join(dir, 'db')).sort();
    await expect(openWriter(dir)).rejects.toMatchObject({ code: 'CHAIN_DAMAGED' });
    expect(readdirSync(join(dir, 'db')).sort()).toEqual(names);
    expect(readFileSync(log)).toEqual(bytes);
  });

  it('lets a writer go on when nothing was lost that the anchor names', async () => {
    const dir = copy(unflushed);
    appendFileSync(logOf(dir), Buffer.alloc(3000, 0x5a));
    expect(await headOf(dir)).toMatchObject({ index: 20, logDamaged: true });
    const ledger = await openWriter(dir);
    expect((await ledger.append(documentOf(50, 1))).index).toBe(21);
    await ledger.close();
    const checked = await checkChain(dir);
    expect(checked.logDamaged).toBe(false);
    expect(checked.hashes.slice(0, 21)).toEqual(hashes);
  });
});

describe('a store that cannot be read now', () => {
  it('fails with STORE_UNAVAILABLE for want of file descriptors, at any point, and opens with enough', async () => {
    const child = new AppendChild('open-with-few-descriptors', copy(chain), 40, 'ulimit -n 90');
    expect(await child.exited).toBe(0);
    expect(child.told).toHaveLength(41);
    expect(child.told[0]).toMatchObject({ failed: { code: 'STORE_UNAVAILABLE' } });
    expect(child.told[40]).toEqual({ opened: 21 });
    const firstOpened = child.told.findIndex(({ opened }) => opened !== undefined);
    for (const { failed } of child.told.slice(0, firstOpened)) expect(failed?.code).toBe('STORE_UNAVAILABLE');
    for (const { opened } of child.told.slice(firstOpened)) expect(opened).toBe(21);
  });

  it.each(['chain.json', 'anchor.json', 'db', 'db/CURRENT', 'db/*.sst', 'db/MANIFEST-*'])(
    'fails with STORE_UNAVAILABLE without the right to read %s',
    async (pattern) => {
      const dir = copy(chain);
      chmodSync(folder.path, 0o755);
      const [name, extension] = pattern.split('*');
      const path = join(dir, name!);
      const names = readdirSync(join(dir, 'db')).filter((file) => `db/${file}`.startsWith(name!));
      const found = names.find((file) => file.endsWith(extension ?? ''));
      chmodSync(pattern.includes('*') ? join(dir, 'db', found!) : path, 0);
      const child = new AppendChild('open-as-nobody', dir);
      expect(await child.exited).toBe(0);
      expect(child.told).toMatchObject([
        { failed: { code: 'STORE_UNAVAILABLE', message: expect.stringMatching(/denied/) } },
      ]);
    },
  );
});
