import type { Column, Entry, ScanOptions } from '../validation/index.js';
import type { Cursor } from './cursor.js';
import type { Rocks } from './rocks.js';
import { classifyRocksError } from './rocks-errors.js';

/** Bytes that one batch aims at: the next one is being read while the consumer has this one. */
const BATCH_BYTES = 2 << 20;
const BATCH_ENTRIES = 1024;
/**
 * RocksDB's iterator is told a number of entries, never of bytes. So that a run of short values followed by long ones
 * (an attacker or one honest bulk load can arrange that) cannot fill the memory, a key range is cut into segments that
 * hold no more than this by the files' index, and one segment is iterated at a time.
 */
const SEGMENT_BYTES = 16 << 20;
const FIRST_SEGMENT_KEYS = 2048n;
const EXPECTED_ENTRY_BYTES = { default: 64, header: 768, payload: 8192 } as const;
/** Later than every key that sorts by its first eight bytes; ends the estimate of an open range. */
const LAST_KEY = Buffer.alloc(64, 0xff);
const KEY_SPACE = 1n << 64n;

interface Segment {
  readonly end: Uint8Array | undefined;
  readonly bytes: number;
  /** Width in steps of the first eight key bytes; 0 for the last segment. */
  readonly keys: bigint;
}

/** Entries with `from` ≤ key < `to`, in batches, the next of which is read while the consumer works on this one. */
export async function* scan(
  rocks: Rocks,
  column: Column,
  from: Uint8Array,
  to: Uint8Array | undefined,
  options: ScanOptions = {},
): AsyncGenerator<readonly Entry[]> {
  const batches = readBatches(rocks, column, from, to, options);
  let next = batches.next();
  try {
    for (;;) {
      const batch = await next;
      if (batch.done) return;
      next = batches.next();
      // The consumer may take its time, or never come back: an error of this read is thrown when it is awaited.
      next.catch(() => {});
      yield batch.value;
    }
  } finally {
    await next.catch(() => {});
    await batches.return(undefined);
  }
}

async function* readBatches(
  rocks: Rocks,
  column: Column,
  from: Uint8Array,
  to: Uint8Array | undefined,
  options: ScanOptions,
): AsyncGenerator<readonly Entry[]> {
  const keysOnly = options.keysOnly ?? false;
  const capacity = Math.max(1, Math.min(options.batchEntries ?? BATCH_ENTRIES, BATCH_ENTRIES));
  let entryBytes: number = EXPECTED_ENTRY_BYTES[column];
  let position = from;
  let keys = FIRST_SEGMENT_KEYS;
  for (;;) {
    const segment = await nextSegment(rocks, column, position, to, keys);
    const cursor = await rocks.openCursor(column, position, segment.end, { keysOnly, capacity });
    try {
      for (let done = false; !done; ) {
        // A segment too long even for one step of the keys holds long values: one at a time.
        const limit = segment.bytes > 2 * SEGMENT_BYTES ? 1 : Math.floor(BATCH_BYTES / entryBytes);
        const read = await readCursor(rocks, cursor, limit);
        done = read.done;
        if (read.entries.length === 0) continue;
        entryBytes = Math.max(1, averageBytes(read.entries));
        yield read.entries;
      }
    } finally {
      await cursor.close();
    }
    if (segment.keys === 0n) return;
    position = segment.end!;
    // Short segments grow, so that a gap in the keys of any width is crossed in a few steps.
    keys = segment.bytes < SEGMENT_BYTES / 2 ? segment.keys * 4n : segment.keys;
  }
}

async function readCursor(rocks: Rocks, cursor: Cursor, limit: number) {
  try {
    return await cursor.read(limit);
  } catch (error) {
    throw classifyRocksError(error, rocks.path);
  }
}

async function nextSegment(
  rocks: Rocks,
  column: Column,
  position: Uint8Array,
  to: Uint8Array | undefined,
  wantedKeys: bigint,
): Promise<Segment> {
  const rest = await rocks.approximateBytes(column, position, to ?? LAST_KEY);
  if (rest <= SEGMENT_BYTES) return { end: to, bytes: rest, keys: 0n };
  for (let keys = wantedKeys; ; ) {
    const end = keyAfter(position, keys);
    if (end === undefined || (to !== undefined && Buffer.compare(end, to) >= 0)) {
      if (keys === 1n) return { end: to, bytes: rest, keys: 0n };
      keys = keys / 2n;
      continue;
    }
    const bytes = await rocks.approximateBytes(column, position, end);
    if (bytes <= SEGMENT_BYTES || keys === 1n) return { end, bytes, keys };
    // Aim below the bound, and always shrink.
    const fitting = (keys * BigInt(SEGMENT_BYTES)) / BigInt(Math.ceil(bytes * 1.25));
    keys = fitting < 1n ? 1n : fitting;
  }
}

/** The key whose first eight bytes, read as an integer, are `steps` greater; undefined past the last. */
function keyAfter(key: Uint8Array, steps: bigint): Buffer | undefined {
  const prefix = Buffer.alloc(8);
  prefix.set(key.subarray(0, 8));
  const value = prefix.readBigUInt64BE() + steps;
  if (value >= KEY_SPACE) return undefined;
  prefix.writeBigUInt64BE(value);
  return prefix;
}

function averageBytes(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const { key, value } of entries) bytes += key.length + value.length;
  return bytes / entries.length;
}
