import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  blockKey,
  decodeAnchor,
  encodeAnchor,
  encodeHeadRecord,
  encodeTrustRoot,
  generateProducerKey,
  HEAD_KEY,
  producerOf,
  signAnchor,
} from '../../src/chain/index.js';
import { ProvChainError } from '../../src/errors.js';
import { chainFiles, createChain, openSource, openWriter } from '../../src/ledger/index.js';
import { validateDirectory } from '../../src/pool/index.js';
import { type BlockSource, LEVELS, parseChecks } from '../../src/validation/index.js';
import { copyChain, smallChain, temporaryFolder, validateChain, validateSource } from '../support/chains.js';
import { producerKey } from '../support/forge.js';
import { type RawStore, tamper } from '../support/raw-store.js';

/** What somebody who can write to the chain directory, but has no trusted key, does to hide, to stall or to blame. */
const LAST = 11;

const folder = temporaryFolder();
const base = join(folder.path, 'base');
let copies = 0;
const copy = () => copyChain(base, join(folder.path, `copy-${copies++}`));

async function damaged(change: (store: RawStore) => Promise<void>): Promise<string> {
  const dir = copy();
  await tamper(dir, change);
  return dir;
}

const setHead = async (store: RawStore, index: number, from = index) => {
  const value = await store.get('header', blockKey(from));
  if (index !== from) await store.put('header', blockKey(index), value);
  const hash = value.toString('hex', 0, 32);
  await store.put('default', HEAD_KEY, encodeHeadRecord({ hash, index }));
};

/** The clean chain as a source that lies: what `change` replaces stands in for the honest methods. */
async function lyingSource(change: (honest: BlockSource) => Partial<BlockSource>) {
  const honest = await openSource(base);
  const source: BlockSource = {
    logDamaged: false,
    scan: (column, from, to, options) => honest.scan(column, from, to, options),
    get: (column, key) => honest.get(column, key),
    reopen: async () => ({ ...source, close: async () => {} }),
    close: () => honest.close(),
    ...change(honest),
  };
  return source;
}

beforeAll(() => smallChain(base, LAST));
afterAll(folder.remove);

describe('the head record', () => {
  it('set back to an older anchor leaves HEAD_MISMATCH at the blocks above it, at every level', async () => {
    const dir = await damaged((store) => setHead(store, LAST - 2));
    const key = producerKey(dir);
    let unsigned = { hash: '', historyRoot: '' };
    await tamper(dir, async (store) => {
      const value = await store.get('header', blockKey(LAST - 2));
      const { historyRoot } = JSON.parse(value.toString('utf8', 32));
      unsigned = { hash: value.toString('hex', 0, 32), historyRoot };
    });
    const decoded = decodeAnchor(readFileSync(join(dir, 'anchor.json')));
    if ('problem' in decoded) throw new Error(decoded.problem);
    const older = signAnchor({ ...decoded.anchor, ...unsigned, index: LAST - 2 }, key);
    writeFileSync(join(dir, 'anchor.json'), encodeAnchor(older));
    for (const level of LEVELS) {
      const { status, findings } = await validateChain(dir, { level });
      expect(status).toBe('Critical');
      const found = findings.map(({ code, block }) => `${code} ${block}`);
      expect(found).toEqual(expect.arrayContaining([`HEAD_MISMATCH ${LAST - 1}`, `HEAD_MISMATCH ${LAST}`]));
    }
  });

  it.each([20_000_000, Number.MAX_SAFE_INTEGER])(
    'that claims %i blocks by a single header is HEAD_MISMATCH and is not believed',
    async (index) => {
      const dir = await damaged((store) => setHead(store, index, LAST));
      for (const requireAnchor of [true, false]) {
        const anchor = join(dir, 'anchor.json');
        if (!requireAnchor) rmSync(anchor);
        const report = await validateChain(dir, { level: 'Minimal', requireAnchor });
        expect(report).toMatchObject({ status: 'Critical', complete: true, chain: { height: LAST + 1 } });
        expect(report.findings.map(({ code, block }) => `${code} ${block}`)).toEqual([
          'HEAD_MISMATCH null',
          `HEAD_MISMATCH ${index}`,
        ]);
      }
    },
  );

  it('is read by hash and not by what is stored in front of the header, in threads as without', async () => {
    const dir = await damaged(async (store) => {
      const value = await store.get('header', blockKey(LAST));
      value[0] ^= 1;
      await store.put('header', blockKey(LAST), value);
    });
    const digests = new Set<string>();
    for (const workers of [0, 1]) {
      const report = await validateDirectory(dir, { level: 'Minimal', workers });
      expect(report.findings.map(({ code, block }) => `${code} ${block}`)).toEqual([
        `HEADER_HASH_MISMATCH ${LAST}`,
      ]);
      digests.add(report.reportDigest);
    }
    expect(digests.size).toBe(1);
  });
});

describe('the anchor', () => {
  it('that is not valid is no anchor: --no-anchor goes without it and says so', async () => {
    const dir = copy();
    writeFileSync(join(dir, 'anchor.json'), 'healthy');
    expect(await validateChain(dir, { requireAnchor: false })).toMatchObject({
      status: 'Healthy',
      anchored: false,
    });
    expect(await validateChain(dir)).toMatchObject({ status: 'Critical', anchored: false });
  });

  it('that is not valid leaves a torn log Incomplete, as none does', async () => {
    const evidence = { ...(await chainFiles(base)), anchor: Buffer.from('healthy') };
    const source = await lyingSource(() => ({ logDamaged: true }));
    const report = await validateSource(source, evidence, { requireAnchor: false });
    await source.close();
    expect(report).toMatchObject({ status: 'Incomplete', findingCounts: { STORE_UNAVAILABLE: 1 } });
  });

  it('that is a named pipe keeps nobody waiting', async () => {
    const dir = copy();
    rmSync(join(dir, 'anchor.json'));
    execFileSync('mkfifo', [join(dir, 'anchor.json')]);
    expect((await validateChain(dir)).findingCounts).toEqual({ ANCHOR_INVALID: 1 });
  });
});

describe('the trust root', () => {
  it('is part of the policy: a report under other keys has another digest', async () => {
    const dir = copy();
    const { trust } = await chainFiles(dir);
    const producers = [...trust.producers, producerOf(generateProducerKey())];
    writeFileSync(join(dir, 'chain.json'), encodeTrustRoot({ ...trust, producers }));
    const [before, after] = [await validateChain(base), await validateChain(dir)];
    expect(after.status).toBe('Healthy');
    expect(after.engine.policyHash).not.toBe(before.engine.policyHash);
    expect(after.reportDigest).not.toBe(before.reportDigest);
  });
});

describe('work that an attacker can make', () => {
  it('does not stop a report of 150,000 keys between two blocks', async () => {
    const evidence = await chainFiles(base);
    const source = await lyingSource((honest) => ({
      async *scan(column, from, to, options) {
        yield* honest.scan(column, from, to, options);
        if (column !== 'payload' || Buffer.compare(from, blockKey(0)) !== 0) return;
        const value = Buffer.alloc(0);
        yield Array.from({ length: 150_000 }, (_, i) => ({ key: Buffer.from(`stray ${i}`), value }));
      },
    }));
    const report = await validateSource(source, evidence, { level: 'Standard' });
    await source.close();
    expect(report).toMatchObject({ status: 'Warning', findingCounts: { UNKNOWN_KEY: 150_000 } });
    expect(report.findings).toHaveLength(1000);
  });

  it('ends at the length of a payload: one of 65 MiB is PAYLOAD_DIGEST_MISMATCH without being read as RDF', async () => {
    const evidence = await chainFiles(base);
    const source = await lyingSource((honest) => ({
      async *scan(column, from, to, options) {
        for await (const entries of honest.scan(column, from, to, options)) {
          if (column !== 'payload' || options?.keysOnly) yield entries;
          else {
            yield entries.map((entry, i) =>
              i === 5 ? { ...entry, value: Buffer.alloc(65 << 20, '\n') } : entry,
            );
          }
        }
      },
    }));
    const report = await validateSource(source, evidence, { level: 'Standard' });
    await source.close();
    expect(report.findingCounts).toEqual({ PAYLOAD_DIGEST_MISMATCH: 1, PAYLOAD_SIZE_MISMATCH: 1 });
    expect(report.checked.canonicalized).toBe(0);
  });
});

describe('a single bad reading', () => {
  it('of the head is not reported when two fresh handles do not repeat it', async () => {
    let reads = 0;
    const source = await lyingSource((honest) => ({
      get: async (column, key) =>
        Buffer.compare(key, HEAD_KEY) === 0 && ++reads === 2 ? null : honest.get(column, key),
    }));
    const report = await validateSource(source, await chainFiles(base), { level: 'Minimal' });
    await source.close();
    expect(report).toMatchObject({ status: 'Healthy', complete: true });
  });

  it('as damage is STORE_UNAVAILABLE when the handles before and after say otherwise', async () => {
    let scans = 0;
    const source = await lyingSource((honest) => ({
      async *scan(column, from, to, options) {
        // At Minimal, only the look behind the head reads keys alone.
        if (!options?.keysOnly) return yield* honest.scan(column, from, to, options);
        const code = scans++ === 1 ? 'STORE_CORRUPT' : 'STORE_UNAVAILABLE';
        throw new ProvChainError(code, 'the disk said so');
      },
    }));
    const report = await validateSource(source, await chainFiles(base), { level: 'Minimal' });
    await source.close();
    expect(scans).toBe(3);
    expect(report).toMatchObject({ status: 'Incomplete', complete: false });
    expect(report.findingCounts).toEqual({ STORE_UNAVAILABLE: 1 });
  });
});

describe('honest blocks that look odd', () => {
  it('that took as much canonicalization work as an append allows are Healthy at Full', async () => {
    const dir = join(folder.path, 'ring');
    const ring = Array.from({ length: 110 }, (_, i) => `_:n${i} <urn:p> _:n${(i + 1) % 110} .\n`);
    await createChain(dir);
    const writer = await openWriter(dir);
    await writer.append(Buffer.from(ring.join('')));
    await writer.close();
    expect(await validateChain(dir, { level: 'Full' })).toMatchObject({ status: 'Healthy', complete: true });
  });

  it('whose blank nodes the reference sorts by UTF-16 are Healthy at Full', async () => {
    const dir = join(folder.path, 'astral');
    const lines = Array.from({ length: 12 }, (_, i) => [
      `_:n${i} <urn:p> "${i % 2 ? '\u{1f600}' : '\ufffd'}${i}" .\n`,
      `_:n${i} <urn:p> "${i % 2 ? '\ufffd' : '\u{1f600}'}x${i}" .\n`,
      `_:n${i} <urn:q> _:n${(i + 1) % 12} .\n`,
    ]);
    await createChain(dir);
    const writer = await openWriter(dir);
    await writer.append(Buffer.from(lines.flat().join('')));
    await writer.close();
    expect(await validateChain(dir, { level: 'Full' })).toMatchObject({ status: 'Healthy', complete: true });
  });
});

describe('parseChecks', () => {
  it('has payloads read where keys are, because stray ones lie between them', async () => {
    expect(parseChecks(['keys'])).toEqual(['headers', 'payloads', 'keys']);
    const dir = await damaged((store) =>
      store.put('payload', Buffer.concat([blockKey(5), Buffer.from([0])]), Buffer.from('x')),
    );
    expect((await validateChain(dir, { checks: ['keys'] })).findingCounts).toEqual({ UNKNOWN_KEY: 1 });
  });
});
