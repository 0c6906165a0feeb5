import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { encodeAnchor, producerOf, signAnchor } from '../chain/index.js';
import type { ChainTip } from './block-builder.js';
import { ANCHOR_FILE } from './chain-files.js';
import { replaceFile } from './durable-files.js';

/** The bytes of an anchor for the end of a chain. */
export function anchorBytes(
  chainId: string,
  { hash, historyRoot, index, timestamp }: ChainTip,
  key: KeyObject,
): Buffer {
  const producer = producerOf(key);
  return encodeAnchor(signAnchor({ chainId, hash, historyRoot, index, producer, timestamp }, key));
}

/**
 * Replaces anchor.json: to be called once the blocks it vouches for are durable, before they are confirmed. Durable
 * itself unless told otherwise.
 */
export async function writeAnchor(
  dir: string,
  chainId: string,
  tip: ChainTip,
  key: KeyObject,
  { synced = true } = {},
): Promise<void> {
  await replaceFile(join(dir, ANCHOR_FILE), anchorBytes(chainId, tip, key), { synced });
}
