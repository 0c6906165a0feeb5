import { hash } from 'node:crypto';
import { join } from 'node:path';
import type RocksDB from 'rocksdb-native';

/**
 * The peers: loops with nothing in them but reading by rocksdb-native and the one function they are named for. They
 * know no format beyond the key of a block and the length of the hash before a header, and check nothing.
 */
export interface BareLoopJob {
  readonly dir: string;
  readonly from: number;
  readonly to: number;
  readonly work: 'hash-headers' | 'hash-all' | 'canonize';
}

/** `digestSum` stands for all digests in any order; a loop that skipped one, or hashed other bytes, has another. */
export interface BareLoopSum {
  blocks: number;
  bytes: number;
  digestSum: number;
}

/** Blocks that are asked for at once; the best of 64 to 1,024. */
const BLOCKS_PER_READ = 256;
const HASH_BYTES = 32;

export function addDigest(sum: number, digest: string): number {
  return (
    (sum + digest.charCodeAt(0) * 7 + digest.charCodeAt(31) * 131 + digest.charCodeAt(63) * 8191) % 2 ** 31
  );
}

export async function runBareLoop({ dir, from, to, work }: BareLoopJob): Promise<BareLoopSum> {
  const { default: Database } = await import('rocksdb-native');
  const canonize = work === 'canonize' ? (await import('rdf-canonize')).canonize : undefined;
  const root = new Database(join(dir, 'db'), {
    columnFamilies: ['header', 'payload'],
    readOnly: true,
    maxOpenFiles: -1,
    blockCache: false,
  });
  await root.ready();
  const headers = root.columnFamily('header');
  const payloads = root.columnFamily('payload');
  const sum: BareLoopSum = { blocks: 0, bytes: 0, digestSum: 0 };
  for (let at = from; at < to; at += BLOCKS_PER_READ) {
    const end = Math.min(to, at + BLOCKS_PER_READ);
    const [headerValues, payloadValues] = await Promise.all([
      work === 'canonize' ? [] : getMany(headers, at, end),
      work === 'hash-headers' ? [] : getMany(payloads, at, end),
    ]);
    for (const value of headerValues) {
      sum.digestSum = addDigest(sum.digestSum, hash('sha256', value.subarray(HASH_BYTES)));
      sum.bytes += value.length;
    }
    for (const value of payloadValues) {
      if (canonize) await canonizeSame(canonize, value);
      else sum.digestSum = addDigest(sum.digestSum, hash('sha256', value));
      sum.bytes += value.length;
    }
    sum.blocks += end - at;
  }
  await headers.close();
  await payloads.close();
  await root.close();
  return sum;
}

async function getMany(column: RocksDB, from: number, to: number): Promise<Buffer[]> {
  const batch = column.read({ capacity: to - from });
  const reads: Promise<Buffer | null>[] = [];
  for (let index = from; index < to; index++) {
    const key = Buffer.alloc(8);
    key.writeBigUInt64BE(BigInt(index));
    reads.push(batch.get(key));
  }
  batch.tryFlush();
  const values = await Promise.all(reads);
  batch.destroy();
  return values.map((value, i) => {
    if (value === null) throw new Error(`block ${from + i} is not in the store`);
    return value;
  });
}

async function canonizeSame(
  canonize: typeof import('rdf-canonize').canonize,
  payload: Buffer,
): Promise<void> {
  const text = payload.toString('utf8');
  const canonical = await canonize(text, {
    algorithm: 'RDFC-1.0',
    inputFormat: 'application/n-quads',
    format: 'application/n-quads',
    maxWorkFactor: 3,
  });
  if (canonical !== text) throw new Error('rdf-canonize finds that a payload is not canonical');
}
