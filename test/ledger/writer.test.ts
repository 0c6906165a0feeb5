import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  blockHash,
  decodeAnchor,
  decodeHeader,
  encodeHeadRecord,
  generateProducerKey,
  HEAD_KEY,
  producerOf,
  verifyHeader,
} from '../../src/chain/index.js';
import { createChain, openSource, openWriter, preparePayload, SYNC_MODES } from '../../src/ledger/index.js';
import { canonicalize, workloadDocument } from '../../src/rdf/index.js';
import { copyChain, temporaryFolder } from '../support/chains.js';
import { checkChain } from '../support/check-chain.js';
import { tamper } from '../support/raw-store.js';
import { AppendChild } from './child.js';
import { documentOf } from './documents.js';

const folder = temporaryFolder();
afterAll(folder.remove);
let count = 0;

async function newChain(blocks = 0, now?: () => number): Promise<string> {
  const dir = join(folder.path, `chain-${count++}`);
  await createChain(dir, { chainId: 'test-chain', now });
  if (blocks === 0) return dir;
  const ledger = await openWriter(dir, { now });
  await ledger.appendAll(Array.from({ length: blocks }, (_, i) => documentOf(i, 2)));
  await ledger.close();
  return dir;
}

const u64 = (value: number) => {
  const key = Buffer.alloc(8);
  key.writeUInt32BE(value, 4);
  return key;
};

const filesOf = (dir: string) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${path} ${hash('sha256', readFileSync(path))}`);

describe('appendPrepared', () => {
  const payloadOf = (i: number) => preparePayload(documentOf(i, 2), 1 << 20);

  it('appends only behind the expected head: of many that expect the same one, the first', async () => {
    const dir = await newChain(1);
    const ledger = await openWriter(dir);
    const expectedHead = ledger.head.hash;
    const attempts = Array.from({ length: 5 }, (_, i) =>
      ledger.appendPrepared(payloadOf(i), { expectedHead }),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', ...Array(4).fill('rejected')]);
    for (const outcome of outcomes.slice(1)) {
      expect(outcome).toMatchObject({ reason: { code: 'HEAD_MOVED', place: { block: 2 } } });
    }
    // A group of which nothing is left writes nothing, and the next append is not held up by it.
    await expect(ledger.appendPrepared(payloadOf(7), { expectedHead })).rejects.toMatchObject({
      code: 'HEAD_MOVED',
    });
    await expect(ledger.appendPrepared(payloadOf(8))).resolves.toMatchObject({ index: 3 });
    await ledger.close();
    expect((await checkChain(dir)).hashes).toHaveLength(4);
  });

  it.each(SYNC_MODES)('leaves a sound chain in mode %s', async (syncMode) => {
    const dir = await newChain();
    const ledger = await openWriter(dir, { syncMode });
    await Promise.all(Array.from({ length: 20 }, (_, i) => ledger.appendPrepared(payloadOf(i))));
    const logs = () => readdirSync(join(dir, 'db')).filter((name) => name.endsWith('.sst')).length;
    const before = logs();
    await ledger.appendPrepared(payloadOf(21));
    // Only Full has moved the block into table files by the time it is confirmed.
    expect(logs() > before).toBe(syncMode === 'Full');
    await ledger.close();
    expect((await checkChain(dir)).hashes).toHaveLength(22);
  });
});

describe('append', () => {
  it('stores header and canonical payload under the keys of the format, byte for byte', async () => {
    const dir = await newChain();
    const ledger = await openWriter(dir, { now: () => Date.UTC(2026, 0, 2) });
    const document = Buffer.from(workloadDocument('trace', 1, { quads: 24 }));
    const block = await ledger.append(document);
    expect(block).toMatchObject({ index: 1, hash: ledger.head.hash });
    await ledger.close();

    const source = await openSource(dir);
    const stored = Buffer.from((await source.get('header', Buffer.from('0000000000000001', 'hex')))!);
    expect(stored.toString('hex', 0, 32)).toBe(block.hash);
    expect(blockHash(stored.subarray(32)).toString('hex')).toBe(block.hash);
    const decoded = decodeHeader(stored.subarray(32));
    const payload = canonicalize(document);
    expect(decoded).toMatchObject({
      header: {
        chainId: 'test-chain',
        index: 1,
        payloadBytes: payload.bytes.length,
        quadCount: payload.quads,
      },
    });
    expect(verifyHeader(stored.subarray(32))).toBe(true);
    expect(await source.get('payload', Buffer.from('0000000000000001', 'hex'))).toEqual(
      Buffer.from(payload.bytes),
    );
    const keys: string[] = [];
    for await (const entries of source.scan('default', Buffer.alloc(0), undefined)) {
      for (const { key, value } of entries)
        keys.push(`${Buffer.from(key).toString('latin1')} ${value.length}`);
    }
    expect(keys).toEqual(['chain 47', 'head 85', 't\x01\0\0\0\0\0\0\0\0 32']);
    expect(String(await source.get('default', Buffer.from('head')))).toBe(
      `{"hash":"${block.hash}","index":1}`,
    );
    expect(String(await source.get('default', Buffer.from('chain')))).toBe(
      '{"chainId":"test-chain","format":"provchain/1"}',
    );
    await source.close();
  });

  it('keeps the order of a hundred concurrent calls, and writes fewer anchors than blocks', async () => {
    const dir = await newChain();
    const ledger = await openWriter(dir);
    const blocks = await Promise.all(Array.from({ length: 100 }, (_, i) => ledger.append(documentOf(i, 3))));
    expect(blocks.map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    await ledger.close();
    const { hashes, payloads } = await checkChain(dir);
    expect(hashes.slice(1)).toEqual(blocks.map(({ hash }) => hash));
    expect(payloads.slice(1)).toEqual(Array.from({ length: 100 }, (_, i) => documentOf(i, 3)));
  });

  it('is not disturbed when the caller changes the document after the call', async () => {
    const dir = await newChain();
    const ledger = await openWriter(dir);
    const document = documentOf(1, 2);
    const appended = ledger.append(document);
    document.fill(0x20);
    await appended;
    await ledger.close();
    expect((await checkChain(dir)).payloads[1]).toEqual(documentOf(1, 2));
  });

  it('never lets time run backwards along the chain', async () => {
    const dir = await newChain(1, () => Date.UTC(2030, 0, 1));
    const ledger = await openWriter(dir, { now: () => Date.UTC(2026, 0, 1) });
    expect((await ledger.append(documentOf(5, 1))).timestamp).toBe('2030-01-01T00:00:00.000Z');
    await ledger.close();
  });

  it.each([
    ['RDF_SYNTAX', Buffer.from('<urn:a> <urn:b> .\n')],
    ['RDF_ENCODING', Buffer.from('<urn:a> <urn:b> "\xff" .\n', 'latin1')],
    ['BLOCK_EMPTY', Buffer.from('\n# nothing\n')],
    ['BLOCK_TOO_LARGE', documentOf(1, 100)],
  ])('refuses a document with %s, stores nothing and goes on', async (code, document) => {
    const dir = await newChain();
    const ledger = await openWriter(dir, { payloadLimitBytes: 1000 });
    const refused = ledger.append(document);
    const accepted = ledger.append(documentOf(2, 1));
    await expect(refused).rejects.toMatchObject({ code });
    expect((await accepted).index).toBe(1);
    await ledger.close();
    expect((await checkChain(dir)).hashes).toHaveLength(2);
  });

  it('refuses a closed ledger', async () => {
    const ledger = await openWriter(await newChain());
    await ledger.close();
    await ledger.close();
    await expect(ledger.append(documentOf(1, 1))).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('appendAll', () => {
  it('appends thousands in order across groups and flushes, and the chain holds together', async () => {
    const dir = await newChain();
    const ledger = await openWriter(dir);
    const confirmed: number[] = [];
    const documents = Array.from({ length: 1500 }, (_, i) => documentOf(i, 1 + (i % 9)));
    const last = await ledger.appendAll(documents, ({ index }) => confirmed.push(index));
    expect(last).toEqual(ledger.head);
    expect(confirmed).toEqual(Array.from({ length: 1500 }, (_, i) => i + 1));
    await ledger.compact();
    await ledger.append(documentOf(1, 1));
    await ledger.close();
    const { payloads } = await checkChain(dir);
    expect(payloads.slice(1, -1)).toEqual(documents);
  });

  it('stops at a document that is refused, after those before it', async () => {
    const dir = await newChain();
    const ledger = await openWriter(dir);
    const confirmed: number[] = [];
    const documents = [documentOf(1, 1), documentOf(2, 1), Buffer.from('no quads'), documentOf(3, 1)];
    await expect(ledger.appendAll(documents, ({ index }) => confirmed.push(index))).rejects.toMatchObject({
      code: 'RDF_SYNTAX',
    });
    await ledger.close();
    expect((await checkChain(dir)).hashes.length).toBeGreaterThanOrEqual(3);
    expect(confirmed).toEqual([1, 2]);
  });
});

describe('openWriter', () => {
  it('fails with LOCKED while another process writes, and succeeds afterwards', async () => {
    const dir = await newChain();
    const child = new AppendChild('open', dir, 'hold');
    await child.hasTold(1);
    await expect(openWriter(dir)).rejects.toMatchObject({ code: 'LOCKED', exitCode: 75 });
    child.process.stdin!.write('end\n');
    expect(await child.exited).toBe(0);
    await (await openWriter(dir)).close();
  });

  it('fails with LOCKED in the same process, also by another path to the directory', async () => {
    const dir = await newChain();
    const other = join(folder.path, 'link');
    symlinkSync(dir, other);
    const ledger = await openWriter(dir);
    await expect(openWriter(dir)).rejects.toMatchObject({ code: 'LOCKED' });
    await expect(openWriter(other)).rejects.toMatchObject({ code: 'LOCKED' });
    await ledger.append(documentOf(1, 1));
    await ledger.close();
  });

  it('names what is missing of a directory that is not a chain, with NOT_A_CHAIN', async () => {
    const missing = join(folder.path, 'nowhere');
    await expect(openWriter(missing)).rejects.toMatchObject({
      code: 'NOT_A_CHAIN',
      place: { source: missing },
    });
    const empty = join(folder.path, 'empty');
    mkdirSync(empty);
    await expect(openWriter(empty)).rejects.toMatchObject({
      code: 'NOT_A_CHAIN',
      place: { source: join(empty, 'chain.json') },
    });
    expect(readdirSync(empty)).toEqual([]);
    for (const part of ['chain.json', 'replica.json', 'db']) {
      const dir = await newChain();
      rmSync(join(dir, part), { recursive: true });
      await expect(openWriter(dir)).rejects.toMatchObject({
        code: 'NOT_A_CHAIN',
        place: { source: expect.stringContaining(part) },
      });
    }
  });

  it('wants a producer key that chain.json trusts', async () => {
    const dir = await newChain();
    const stranger = generateProducerKey();
    await expect(openWriter(dir, { producerKey: stranger })).rejects.toMatchObject({
      code: 'NO_PRODUCER_KEY',
      message: expect.stringContaining(producerOf(stranger)),
    });
    rmSync(join(dir, 'keys'), { recursive: true });
    await expect(openWriter(dir)).rejects.toMatchObject({ code: 'NO_PRODUCER_KEY' });
  });

  it('anchors blocks that a crash left above the anchor, after checking them', async () => {
    const dir = await newChain(2);
    const behind = readFileSync(join(dir, 'anchor.json'));
    const ledger = await openWriter(dir);
    for (let i = 0; i < 5; i++) await ledger.append(documentOf(i, 2));
    const { index, hash } = ledger.head;
    await ledger.close();
    writeFileSync(join(dir, 'anchor.json'), behind);
    const again = await openWriter(dir);
    expect(again.head).toMatchObject({ index, hash });
    await again.close();
    expect(decodeAnchor(readFileSync(join(dir, 'anchor.json')))).toMatchObject({ anchor: { index, hash } });
  });

  it('goes on without the tree records, which are a cache', async () => {
    const dir = await newChain(20);
    await tamper(dir, (store) =>
      store.put('default', Buffer.from('74040000000000000000', 'hex'), Buffer.alloc(32)),
    );
    const ledger = await openWriter(dir);
    const { index, hash } = await ledger.append(documentOf(1, 1));
    expect(index).toBe(21);
    await ledger.close();
    const twin = copyChain(dir, `${dir}-twin`);
    await expect(checkChain(twin)).rejects.toThrow('tree record 74040000000000000000');
    await tamper(twin, async (store) => {
      const stored = await store.get('header', u64(21));
      expect(stored.toString('hex', 0, 32)).toBe(hash);
    });
  });
});

describe('openWriter on a chain damaged at its end', () => {
  const head = (index: number, hash: string) => encodeHeadRecord({ index, hash });
  const damages: [string, number | undefined, (dir: string) => Promise<void>][] = [
    ['no head record', undefined, (dir) => tamper(dir, (store) => store.delete('default', HEAD_KEY))],
    [
      'head record with another hash',
      9,
      (dir) => tamper(dir, (s) => s.put('default', HEAD_KEY, head(9, 'ab'.repeat(32)))),
    ],
    ['no last header', 9, (dir) => tamper(dir, (store) => store.delete('header', u64(9)))],
    ['no last payload', 9, (dir) => tamper(dir, (store) => store.delete('payload', u64(9)))],
    [
      'another last payload',
      9,
      (dir) => tamper(dir, (store) => store.put('payload', u64(9), documentOf(77, 2))),
    ],
    [
      'a payload behind the head',
      9,
      (dir) => tamper(dir, (store) => store.put('payload', u64(10), documentOf(1, 1))),
    ],
    [
      'a header behind the head',
      9,
      (dir) => tamper(dir, (store) => store.put('header', u64(12), Buffer.alloc(40))),
    ],
    [
      'a bit changed in the last header',
      9,
      (dir) =>
        tamper(dir, async (store) => {
          const stored = await store.get('header', u64(9));
          stored[40]! ^= 1;
          await store.put('header', u64(9), stored);
        }),
    ],
    [
      'its last block cut off, head record rewritten',
      8,
      (dir) =>
        tamper(dir, async (store) => {
          await store.delete('header', u64(9));
          await store.delete('payload', u64(9));
          const before = await store.get('header', u64(8));
          await store.put('default', HEAD_KEY, head(8, before.toString('hex', 0, 32)));
        }),
    ],
    [
      'an earlier header changed and its tree records gone',
      9,
      (dir) =>
        tamper(dir, async (store) => {
          const stored = await store.get('header', u64(3));
          stored[60]! ^= 1;
          await store.put('header', u64(3), stored);
          await store.delete('default', Buffer.from('74030000000000000000', 'hex'));
        }),
    ],
    ['no anchor', undefined, async (dir) => rmSync(join(dir, 'anchor.json'))],
    [
      'an anchor with a changed signature',
      undefined,
      async (dir) => {
        const path = join(dir, 'anchor.json');
        const text = readFileSync(path, 'utf8');
        writeFileSync(
          path,
          text.replace(/"signature":"(.)/, (_, c) => `"signature":"${c === 'A' ? 'B' : 'A'}`),
        );
      },
    ],
  ];

  let sound: string | undefined;

  it.each(damages)('fails with CHAIN_DAMAGED and touches no file: %s', async (_, block, damage) => {
    sound ??= await newChain(9);
    const dir = copyChain(sound, join(folder.path, `damaged-${count++}`));
    await damage(dir);
    const before = filesOf(dir);
    await expect(openWriter(dir)).rejects.toMatchObject({ code: 'CHAIN_DAMAGED', place: { block } });
    expect(filesOf(dir)).toEqual(before);
  });
});

describe('a failing disk', () => {
  it('latches the writer at the first failed write, and what was confirmed is there', async () => {
    const dir = await newChain();
    // In blocks of 512 bytes; beyond it a write fails with EFBIG. RocksDB's info log alone takes 60 kB at opening.
    const child = new AppendChild('append-until-failure', dir, 40, 'trap "" XFSZ; ulimit -f 300');
    expect(await child.exited).toBe(0);
    const failures = child.told.filter(({ failed }) => failed);
    expect(failures.map(({ failed }) => failed?.code)).toEqual(['STORE_UNAVAILABLE', 'WRITE_LATCHED']);
    expect(child.told.at(-1)).toEqual({ closed: true });
    const confirmed = child.told.filter(({ hash }) => hash);
    expect(confirmed.length).toBeGreaterThan(5);

    const ledger = await openWriter(dir);
    const last = confirmed.at(-1)!;
    expect(ledger.head.index).toBeGreaterThanOrEqual(last.index!);
    await ledger.append(documentOf(1, 1));
    await ledger.close();
    const { hashes } = await checkChain(dir);
    for (const { index, hash } of confirmed) expect(hashes[index!]).toBe(hash);
  });
});
