import { blockKey, indexOfKey } from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import type { Range } from './plan.js';
import type { BlockSource, Column } from './source.js';

/** What is stored for one height: its value, null when there is none, or that RocksDB could not read it. */
export interface StoredValue {
  readonly index: number;
  readonly value: Uint8Array | null;
  readonly unreadable: boolean;
}

export function isCorruption(error: unknown): boolean {
  return error instanceof ProvChainError && error.code === 'STORE_CORRUPT';
}

/**
 * Every height of `range` in order, with what one column family holds for it, in batches. Keys in between that are
 * no block keys go to `onStray`. Where a scan meets damage, the rest is read key by key, so that one bad disk block
 * does not hide the blocks behind it.
 *
 * Errors: STORE_UNAVAILABLE, as the source throws it.
 */
export async function* readBlocks(
  source: BlockSource,
  column: Column,
  range: Range,
  onStray: (key: Uint8Array) => void,
): AsyncGenerator<readonly StoredValue[]> {
  let next = range.from;
  const skipTo = (index: number, batch: StoredValue[]) => {
    while (next < index) batch.push({ index: next++, value: null, unreadable: false });
  };
  let damaged = false;
  const scan = source.scan(column, blockKey(range.from), blockKey(range.to))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await nextUnlessCorrupt(scan);
      if (step === 'corrupt') {
        damaged = true;
        break;
      }
      if (step.done) break;
      const batch: StoredValue[] = [];
      for (const { key, value } of step.value) {
        const index = indexOfKey(key);
        if (index === undefined) onStray(key);
        else {
          skipTo(index, batch);
          batch.push({ index, value, unreadable: false });
          next = index + 1;
        }
      }
      yield batch;
    }
  } finally {
    await scan.return?.();
  }
  if (damaged) yield* readOneByOne(source, column, { from: next, to: range.to });
  else {
    const rest: StoredValue[] = [];
    skipTo(range.to, rest);
    if (rest.length > 0) yield rest;
  }
}

async function nextUnlessCorrupt<T>(scan: AsyncIterator<T>): Promise<IteratorResult<T> | 'corrupt'> {
  try {
    return await scan.next();
  } catch (error) {
    if (isCorruption(error)) return 'corrupt';
    throw error;
  }
}

async function* readOneByOne(
  source: BlockSource,
  column: Column,
  range: Range,
): AsyncGenerator<readonly StoredValue[]> {
  for (let index = range.from; index < range.to; index++) {
    yield [await readBlock(source, column, index)];
  }
}

/** One height of one column family. Errors: STORE_UNAVAILABLE. */
export async function readBlock(source: BlockSource, column: Column, index: number): Promise<StoredValue> {
  try {
    return { index, value: await source.get(column, blockKey(index)), unreadable: false };
  } catch (error) {
    if (isCorruption(error)) return { index, value: null, unreadable: true };
    throw error;
  }
}
