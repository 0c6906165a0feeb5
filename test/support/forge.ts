import { hash, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BlockHeader,
  blockHash,
  blockKey,
  decodeHeader,
  decodeProducerKey,
  encodeAnchor,
  encodeHeader,
  encodeHeadRecord,
  encodeStoredHeader,
  HEAD_KEY,
  HistoryTree,
  producerOf,
  signAnchor,
  signHeader,
  treeKey,
  ZERO_HASH,
} from '../../src/chain/index.js';
import { type RawStore, tamper } from './raw-store.js';

/** What a dishonest producer changes in one block. What follows from it is computed anew, unless it is given. */
export interface Forgery {
  readonly payload?: Buffer;
  readonly header?: Partial<BlockHeader>;
  /** Signs the block instead of the chain's own key, and is named as its producer. */
  readonly key?: KeyObject;
  /** Leaves `payloadHash` and `payloadBytes` as they would be for the honest payload. */
  readonly keepClaims?: boolean;
}

export function producerKey(dir: string): KeyObject {
  const path = join(dir, 'keys', 'producer.pem');
  return decodeProducerKey(readFileSync(path), path);
}

/**
 * Rewrites a chain from block `from` on as the holder of its producer key could: every later block is linked, rooted
 * and signed anew, and head record, tree records and anchor fit. Only what the forgeries say is wrong.
 */
export async function forge(dir: string, forgeries: Readonly<Record<number, Forgery>>): Promise<void> {
  await tamper(dir, async (store) => {
    const key = producerKey(dir);
    const tree = new HistoryTree();
    let previousHash = ZERO_HASH;
    let last: BlockHeader | undefined;
    const height = (await store.entries('header')).length;
    const first = Math.min(...Object.keys(forgeries).map(Number));
    for (let index = 0; index < height; index++) {
      const honest = await readHeader(store, index);
      const historyRoot = tree.rootHex();
      const header =
        index < first
          ? honest
          : await forgeBlock(store, { ...honest, previousHash, historyRoot }, key, forgeries[index] ?? {});
      last = { ...header, historyRoot };
      const bytes = encodeHeader(header);
      const raw = blockHash(bytes);
      await store.put('header', blockKey(index), encodeStoredHeader(raw, bytes));
      for (const { level, position, hash } of tree.append(raw)) {
        await store.put('default', treeKey(level, position), hash);
      }
      previousHash = raw.toString('hex');
    }
    if (!last) throw new Error('nothing to forge');
    const head = { hash: previousHash, index: height - 1 };
    await store.put('default', HEAD_KEY, encodeHeadRecord(head));
    const { historyRoot, timestamp } = last;
    const anchor = signAnchor(
      { ...head, chainId: 'test-chain', historyRoot, producer: producerOf(key), timestamp },
      key,
    );
    writeFileSync(join(dir, 'anchor.json'), encodeAnchor(anchor));
  });
}

async function readHeader(store: RawStore, index: number): Promise<BlockHeader> {
  const decoded = decodeHeader((await store.get('header', blockKey(index))).subarray(32));
  if ('problem' in decoded) throw new Error(decoded.problem);
  return decoded.header;
}

async function forgeBlock(
  store: RawStore,
  honest: BlockHeader,
  key: KeyObject,
  { payload, header, key: otherKey, keepClaims }: Forgery,
): Promise<BlockHeader> {
  let claims = {};
  if (payload) {
    await store.put('payload', blockKey(honest.index), payload);
    if (!keepClaims) claims = { payloadBytes: payload.length, payloadHash: hash('sha256', payload) };
  }
  const signer = otherKey ?? key;
  const { signature: _, ...unsigned } = { ...honest, ...claims, producer: producerOf(signer), ...header };
  const signed = signHeader(unsigned, signer);
  return header?.signature ? { ...signed, signature: header.signature } : signed;
}
