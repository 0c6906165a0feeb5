import { readdir, readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { JobOptions } from './messages.js';

/** Where shards run: on so many worker threads, and in the calling thread too or not. */
export interface Lanes {
  readonly threads: number;
  readonly caller: boolean;
}

/** More lanes than this wait for each other's reads. */
const MOST_LANES = 8;

/**
 * A worker thread takes some 100 ms and 150 ms of CPU before its first block: a third for Node and Piscina, the rest
 * for loading RocksDB and the checks once more, and then compiles for itself what the first thread has compiled. From
 * here on it is worth that: 92 MB at Standard take 515 ms in one lane and 590 ms in two, 460 MB a tenth less in two. The rates are those of one thread,
 * measured on chains of `trace` (Minimal: 100,000 headers in 750 ms; Standard: 10,000 blocks of 6.6 kB in 340 ms).
 */
const BREAK_EVEN_MS = 1000;
const MS_PER_HEADER = 0.0075;
const MS_PER_PAYLOAD_BYTE = 1 / 250_000;
/** Where nothing tells the number of blocks, it is taken from the size of the store. */
const BYTES_PER_BLOCK = 2000;
const SHARD_BLOCKS = 1000;
const LONGEST_ANCHOR_BYTES = 1 << 16;

/**
 * The lanes for a validation: `workers` of them, or as many as pay for themselves.
 *
 * What canonicalizes or queries payloads keeps out of the calling thread, unless `workers` is 0: only a worker can be
 * ended in the middle of a block that was made to be hard, and only a worker has a memory limit. What only reads and
 * hashes has the calling thread as its first lane: it has loaded everything anyway, and with one more thread in its
 * place Standard over 10,000 blocks took 100 ms longer (660 against 560).
 */
export async function planLanes(dir: string, options: JobOptions): Promise<Lanes> {
  const { workers, checks, level } = options;
  const guarded = checks !== undefined || level === 'Comprehensive' || level === 'Full';
  if (workers !== undefined) return lanesOf(workers, guarded);
  const { blocks, bytes } = await estimateWork(dir, options);
  const shards = Math.ceil(blocks / (options.batchSize ?? SHARD_BLOCKS));
  const most = Math.max(1, Math.min(availableParallelism(), MOST_LANES, shards));
  const payloadMs = level === 'Minimal' ? 0 : bytes * MS_PER_PAYLOAD_BYTE;
  const small = blocks * MS_PER_HEADER + payloadMs < BREAK_EVEN_MS;
  return lanesOf(small && !guarded ? 1 : most, guarded);
}

function lanesOf(lanes: number, guarded: boolean): Lanes {
  if (guarded && lanes > 0) return { threads: lanes, caller: false };
  return { threads: Math.max(0, lanes - 1), caller: true };
}

/**
 * How much a validation will read, told from file sizes and from the unverified anchor, before anything is opened: it
 * only steers the speed, and a wrong answer costs some 100 ms.
 */
async function estimateWork(dir: string, options: JobOptions): Promise<{ blocks: number; bytes: number }> {
  const storeBytes = await sizeOfFolder(join(dir, 'db'));
  const height = (await claimedHeight(join(dir, 'anchor.json'))) ?? storeBytes / BYTES_PER_BLOCK;
  const blocks = Math.max(0, Math.min(options.to ?? height, height) - (options.from ?? 0));
  return { blocks, bytes: height > 0 ? storeBytes * (blocks / height) : 0 };
}

async function sizeOfFolder(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function claimedHeight(file: string): Promise<number | undefined> {
  try {
    const status = await stat(file);
    // Whoever can write to the directory chooses its length, and may put a pipe there, which would never be read to its end.
    if (!status.isFile() || status.size > LONGEST_ANCHOR_BYTES) return undefined;
    const index: unknown = JSON.parse(await readFile(file, 'utf8')).index;
    return Number.isSafeInteger(index) ? (index as number) + 1 : undefined;
  } catch {
    return undefined;
  }
}
