import { hash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  blockHash,
  blockKey,
  decodeHeader,
  encodeHeader,
  encodeHeadRecord,
  encodeStoredHeader,
  HEAD_KEY,
  HistoryTree,
  treeKey,
} from '../../src/chain/index.js';
import { LEVELS } from '../../src/validation/index.js';
import { copyChain, smallChain, temporaryFolder, validateChain } from '../support/chains.js';
import { forge } from '../support/forge.js';
import { type RawStore, tamper } from '../support/raw-store.js';

/** Genesis and eleven documents; the anchor names the last. */
const HEIGHT = 12;

const folder = temporaryFolder();
const base = join(folder.path, 'base');
let copies = 0;

async function damaged(change: (store: RawStore) => Promise<void>): Promise<string> {
  const dir = copyChain(base, join(folder.path, `copy-${copies++}`));
  await tamper(dir, change);
  return dir;
}

const foundIn = async (dir: string, options: Parameters<typeof validateChain>[1]) => {
  const { status, findings } = await validateChain(dir, options);
  return { status, found: findings.map(({ code, block }) => `${code} ${block}`) };
};

/** Other data in blocks [from, to), linked and hashed anew, by somebody who has no producer's key. */
async function rewriteBlocks(store: RawStore, from: number, to: number): Promise<void> {
  let previousHash: string | undefined;
  for (let index = from; index < to; index++) {
    const decoded = decodeHeader((await store.get('header', blockKey(index))).subarray(32));
    if ('problem' in decoded) throw new Error(decoded.problem);
    const stored = (await store.get('payload', blockKey(index))).toString();
    const payload = Buffer.from(stored.replaceAll('BATCH-', 'OTHER-'));
    const claims = { payloadBytes: payload.length, payloadHash: hash('sha256', payload) };
    const { header } = decoded;
    const bytes = encodeHeader({
      ...header,
      ...claims,
      previousHash: previousHash ?? header.previousHash,
    });
    const raw = blockHash(bytes);
    previousHash = raw.toString('hex');
    await store.put('header', blockKey(index), encodeStoredHeader(raw, bytes));
    await store.put('payload', blockKey(index), payload);
  }
}

beforeAll(() => smallChain(base, HEIGHT - 1));
afterAll(folder.remove);

describe('validate, of a part of a chain', () => {
  it('finds nothing in any part of the clean twin', async () => {
    for (const level of LEVELS) {
      for (const [from, to] of [
        [0, 1],
        [0, 5],
        [4, 9],
        [11, 12],
      ]) {
        const report = await validateChain(base, { level, from, to });
        expect(report).toMatchObject({
          status: 'Healthy',
          complete: true,
          scope: { from, to, partial: true },
        });
      }
    }
  });

  it.each(LEVELS)(
    'reports SIGNATURE_INVALID at its last block when its end was written anew, at level %s',
    async (level) => {
      const dir = await damaged((store) => rewriteBlocks(store, 2, 5));
      for (const from of [0, 3]) {
        const { status, found } = await foundIn(dir, { level, from, to: 5 });
        expect(status).toBe('Critical');
        expect(found).toContain('SIGNATURE_INVALID 4');
      }
    },
  );

  it.each(LEVELS)(
    'reports LINK_BROKEN at its first block when the one before was written anew, at level %s',
    async (level) => {
      const dir = await damaged((store) => rewriteBlocks(store, 4, 5));
      expect((await foundIn(dir, { level, from: 5, to: 8 })).found).toContain('LINK_BROKEN 5');
    },
  );

  it.each([
    ['before it', 4],
    ['of genesis', 0],
    ['that the anchor names', 11],
  ])('reports HEADER_MISSING of the block %s', async (_, missing) => {
    const dir = await damaged(async (store) => store.delete('header', blockKey(missing)));
    for (const level of LEVELS) {
      const { status, found } = await foundIn(dir, { level, from: 5, to: 8 });
      expect(status).toBe('Critical');
      // Without the last header the head record is wrong, and the chain ends before its anchor.
      expect(found).toContain(missing === 11 ? `TRUNCATED 11` : `HEADER_MISSING ${missing}`);
    }
  });

  it('is not complete at Full when a block before it has no header, and never Healthy', async () => {
    const dir = await damaged((store) => store.delete('header', blockKey(2)));
    const report = await validateChain(dir, { level: 'Full', from: 5, to: 8 });
    expect(report).toMatchObject({
      status: 'Incomplete',
      complete: false,
      findingCounts: { SHARD_FAILED: 1 },
    });
    expect(report.findings[0].details.reason).toContain('block 2');
  });

  it('reports HISTORY_ROOT_MISMATCH at its first block when a signed root and the tree records tell the same lie', async () => {
    const dir = copyChain(base, join(folder.path, 'lie'));
    const lie = new HistoryTree();
    await tamper(dir, async (store) => {
      for (let index = 0; index < 6; index++) {
        const raw = (await store.get('header', blockKey(index))).subarray(0, 32);
        lie.append(index === 2 ? Buffer.alloc(32, 7) : raw);
      }
    });
    await forge(dir, { 6: { header: { historyRoot: lie.rootHex() } } });
    await tamper(dir, async (store) => {
      for (const { level, position, hash } of lie.frontier()) {
        await store.put('default', treeKey(level, position), hash);
      }
    });
    const { found } = await foundIn(dir, { level: 'Full', from: 6, to: 7 });
    expect(found).toEqual(['HISTORY_ROOT_MISMATCH 6']);
  });

  it('reports TRUNCATED and does not refuse a part whose blocks were cut off', async () => {
    const dir = await damaged(async (store) => {
      for (const index of [10, 11]) {
        await store.delete('header', blockKey(index));
        await store.delete('payload', blockKey(index));
      }
      const hash = (await store.get('header', blockKey(9))).toString('hex', 0, 32);
      await store.put('default', HEAD_KEY, encodeHeadRecord({ hash, index: 9 }));
    });
    expect((await foundIn(dir, { level: 'Minimal', from: 3, to: 12 })).found).toEqual(['TRUNCATED 10']);
    await expect(validateChain(dir, { from: 3, to: 13 })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });
});
