import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeHeader, generateProducerKey, producerOf } from '../../src/chain/index.js';
import { chainFiles, createChain, openSource, openWriter } from '../../src/ledger/index.js';
import { copyChain, temporaryFolder } from '../support/chains.js';
import { checkChain } from '../support/check-chain.js';

const folder = temporaryFolder();
afterAll(folder.remove);
let count = 0;
const newDir = () => join(folder.path, `dir-${count++}`);

describe('createChain', () => {
  it('makes a chain of one block that a writer continues', async () => {
    const dir = join(newDir(), 'deep', 'er');
    const key = generateProducerKey();
    const chain = await createChain(dir, {
      chainId: 'my-chain',
      producerKey: key,
      now: () => Date.UTC(2026, 4, 9),
    });
    expect(readdirSync(dir).sort()).toEqual(['anchor.json', 'chain.json', 'db', 'keys', 'replica.json']);
    expect(statSync(join(dir, 'keys', 'producer.pem')).mode & 0o777).toBe(0o600);
    const { trust, replicaId } = await chainFiles(dir);
    expect(trust).toEqual({
      chainId: 'my-chain',
      format: 'provchain/1',
      genesisHash: chain.genesisHash,
      producers: [producerOf(key)],
    });
    expect(chain).toMatchObject({ chainId: 'my-chain', replicaId, producer: producerOf(key), height: 1 });
    expect((await checkChain(dir)).hashes).toEqual([chain.genesisHash]);
    const ledger = await openWriter(dir);
    expect(ledger.head).toEqual({ index: 0, hash: chain.genesisHash, timestamp: '2026-05-09T00:00:00.000Z' });
    await ledger.close();
  });

  it('states the provenance of the chain in block 0', async () => {
    const dir = newDir();
    const { producer } = await createChain(dir, { chainId: 'my-chain', now: () => Date.UTC(2026, 4, 9) });
    const graph = '<urn:provchain:my-chain>';
    expect(String((await checkChain(dir)).payloads[0])).toBe(
      [
        `${graph} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/prov#Bundle> ${graph} .`,
        `${graph} <http://www.w3.org/ns/prov#generatedAtTime> "2026-05-09T00:00:00.000Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> ${graph} .`,
        `${graph} <http://www.w3.org/ns/prov#wasAttributedTo> <urn:provchain:producer:${producer}> ${graph} .`,
        '',
      ].join('\n'),
    );
    const source = await openSource(dir);
    const stored = await source.get('header', Buffer.alloc(8));
    expect(decodeHeader(stored!.subarray(32))).toMatchObject({
      header: { quadCount: 3, transactionCount: 1 },
    });
    await source.close();
  });

  it('gives chains and replicas ids of their own', async () => {
    const chains = await Promise.all([createChain(newDir()), createChain(newDir())]);
    expect(
      new Set(chains.flatMap(({ chainId, replicaId, producer }) => [chainId, replicaId, producer])).size,
    ).toBe(6);
  });

  it('leaves files of another kind alone', async () => {
    const dir = newDir();
    mkdirSync(dir);
    writeFileSync(join(dir, 'notes.txt'), 'keep me');
    await createChain(dir);
    expect(readFileSync(join(dir, 'notes.txt'), 'utf8')).toBe('keep me');
  });

  it('refuses an id that is none, with USAGE, and makes nothing', async () => {
    const dir = newDir();
    await expect(createChain(dir, { chainId: 'two words' })).rejects.toMatchObject({ code: 'USAGE' });
    expect(existsSync(dir)).toBe(false);
  });

  it.each(['chain.json', 'replica.json', 'anchor.json', 'db', 'keys'])(
    'refuses a directory that has %s, with CHAIN_EXISTS, and changes nothing',
    async (part) => {
      const dir = newDir();
      await createChain(dir);
      for (const other of readdirSync(dir)) if (other !== part) rmSync(join(dir, other), { recursive: true });
      await expect(createChain(dir)).rejects.toMatchObject({ code: 'CHAIN_EXISTS', place: { source: dir } });
      expect(readdirSync(dir)).toEqual([part]);
    },
  );

  it('makes one chain when two callers race, and tells the other CHAIN_EXISTS', async () => {
    const dir = newDir();
    const settled = await Promise.allSettled([createChain(dir), createChain(dir), createChain(dir)]);
    const made = settled.filter(({ status }) => status === 'fulfilled');
    const refused = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(made).toHaveLength(1);
    expect(refused).toEqual(['CHAIN_EXISTS', 'CHAIN_EXISTS']);
    expect((await checkChain(dir)).hashes).toHaveLength(1);
  });
});

describe('createChain after a crash', () => {
  const parts = ['db', 'keys', 'replica.json', 'anchor.json', 'chain.json'];

  it('starts anew when nothing had been put in place', async () => {
    const dir = newDir();
    await createChain(dir);
    mkdirSync(join(dir, '.init-abc'));
    for (const part of parts) renameSync(join(dir, part), join(dir, '.init-abc', part));
    const { genesisHash } = await createChain(dir);
    expect((await checkChain(dir)).hashes).toEqual([genesisHash]);
  });

  it.each([1, 2, 3, 4])('completes the chain when %i of 5 parts had been put in place', async (placed) => {
    const whole = newDir();
    await createChain(whole);
    const dir = copyChain(whole, newDir());
    mkdirSync(join(dir, '.init-abc'));
    for (const part of parts.slice(placed)) renameSync(join(dir, part), join(dir, '.init-abc', part));
    await expect(openWriter(dir)).rejects.toMatchObject({ code: 'NOT_A_CHAIN' });
    await expect(createChain(dir)).rejects.toMatchObject({
      code: 'CHAIN_EXISTS',
      message: expect.stringContaining('now complete'),
    });
    expect(readdirSync(dir)).toEqual(readdirSync(whole));
    expect(await checkChain(dir)).toEqual(await checkChain(whole));
  });
});
