import { blockKey, CHAIN_KEY, HEAD_KEY, indexOfKey, placeOfTreeKey, treeKey } from '../chain/index.js';
import type { FactCollector } from './finding.js';
import type { Range } from './plan.js';
import type { BlockSource, Column } from './source.js';

/**
 * Keys that the format does not know (DESIGN §3). The key space of each column family is cut into ranges that
 * together cover all of it, so that every stored key is looked at once: the shards take the block keys and the tree
 * records of the low levels in step with the blocks, `checkStrayKeys` takes everything in between and behind.
 */

/** Tree levels looked at by the shards; the levels above hold less than 1 % of the records. */
const SHARD_LEVELS = 8;
const NOTHING = new Uint8Array(0);
/** Longest part of an unknown key that is shown. */
const SHOWN_KEY_BYTES = 64;

/** Positions of one level whose subtrees are completed by the blocks before `height`. */
const recordsAt = (level: number, height: number) => Math.floor(height / 2 ** level);

export function reportUnknownKey(column: Column, key: Uint8Array, facts: FactCollector): void {
  facts.add('UNKNOWN_KEY', null, {
    column,
    key: Buffer.from(key.subarray(0, SHOWN_KEY_BYTES)).toString('hex'),
    keyBytes: key.length,
  });
}

/** Looks at the tree records that the blocks of a range completed. Errors: as the source throws. */
export async function checkTreeKeys(source: BlockSource, range: Range, facts: FactCollector): Promise<void> {
  const scans: Promise<void>[] = [];
  for (let level = 1; level <= SHARD_LEVELS; level++) {
    const from = recordsAt(level, range.from);
    const to = recordsAt(level, range.to);
    if (from < to)
      scans.push(scanKeys(source, 'default', treeKey(level, from), treeKey(level, to), isTreeKey, facts));
  }
  await Promise.all(scans);
}

/**
 * Everything outside the blocks of a whole chain of `height` blocks. `lastIndex` is the last block of this view of
 * the store, which may be newer than the pinned height: what belongs to it is not stray.
 */
export async function checkStrayKeys(
  source: BlockSource,
  height: number,
  lastIndex: number,
  facts: FactCollector,
): Promise<void> {
  for (const column of ['header', 'payload'] as const) {
    await scanKeys(source, column, NOTHING, blockKey(0), () => false, facts);
    await scanBehind(source, column, height, lastIndex, facts);
  }
  let from: Uint8Array = NOTHING;
  for (let level = 1; level <= SHARD_LEVELS; level++) {
    await scanKeys(source, 'default', from, treeKey(level, 0), isExpected(lastIndex), facts);
    from = treeKey(level, recordsAt(level, height));
  }
  await scanKeys(source, 'default', from, undefined, isExpected(lastIndex), facts);
}

/** A chain ends where its head record says: behind it there is no header. `height` is the head's. */
export async function checkBehindHead(
  source: BlockSource,
  height: number,
  facts: FactCollector,
): Promise<void> {
  for await (const entries of source.scan('header', blockKey(height), undefined, { keysOnly: true })) {
    for (const { key } of entries) {
      const index = indexOfKey(key);
      if (index === undefined) continue;
      facts.add('HEAD_MISMATCH', index, { head: height - 1, problem: 'a block above the head record' });
    }
  }
}

/**
 * Keys behind the pinned height: newer blocks, or payloads without a header. Headers above the head record are
 * {@link checkBehindHead}'s.
 */
async function scanBehind(
  source: BlockSource,
  column: 'header' | 'payload',
  height: number,
  lastIndex: number,
  facts: FactCollector,
): Promise<void> {
  for await (const entries of source.scan(column, blockKey(height), undefined, { keysOnly: true })) {
    for (const { key } of entries) {
      const index = indexOfKey(key);
      if (index === undefined) reportUnknownKey(column, key, facts);
      else if (column === 'payload' && index > lastIndex) facts.add('ORPHAN_PAYLOAD', index);
    }
  }
}

async function scanKeys(
  source: BlockSource,
  column: Column,
  from: Uint8Array,
  to: Uint8Array | undefined,
  expected: (key: Uint8Array) => boolean,
  facts: FactCollector,
): Promise<void> {
  for await (const entries of source.scan(column, from, to, { keysOnly: true })) {
    for (const { key } of entries) if (!expected(key)) reportUnknownKey(column, key, facts);
  }
}

/** Inside a range of tree records, everything that reads as a tree key at all is one that belongs there. */
function isTreeKey(key: Uint8Array): boolean {
  return placeOfTreeKey(key) !== undefined;
}

function isExpected(lastIndex: number): (key: Uint8Array) => boolean {
  return (key) => {
    if (HEAD_KEY.equals(key) || CHAIN_KEY.equals(key)) return true;
    const place = placeOfTreeKey(key);
    return place !== undefined && place.position < recordsAt(place.level, lastIndex + 1);
  };
}
