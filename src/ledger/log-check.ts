import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvChainError } from '../errors.js';
import { type BadRecord, findBadRecord, LOG_BLOCK_BYTES } from './log-format.js';

const PIECE_BYTES = 32 * LOG_BLOCK_BYTES;

/**
 * Looks through the MANIFEST and the write-ahead logs before RocksDB does. In any record of either, a single changed
 * bit of the type (1 to 5: a record of a recycled log) makes RocksDB 10 loop for ever while it opens, in a thread that
 * nothing can stop. In the MANIFEST, other such bits make it take an older state without a word.
 *
 * Returns whether the MANIFEST ends within a record: it is just being written, or a power cut tore it, which RocksDB
 * can tell. Errors: STORE_CORRUPT. What cannot be read is left for RocksDB to report.
 */
export async function checkLogs(database: string): Promise<{ torn: boolean }> {
  for (const name of await readdir(database).catch(() => [])) {
    if (!name.endsWith('.log')) continue;
    const bad = await firstBadRecord(join(database, name), false);
    if (bad?.kind !== 'recycled') continue;
    // Behind a wrong checksum RocksDB reads no further, so that what looks like a record there is none.
    const first = await firstBadRecord(join(database, name), true);
    if (first?.kind === 'recycled') throw damaged(name, first);
  }
  const current = await readFile(join(database, 'CURRENT'), 'latin1').catch(() => '');
  const name = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  const bad = name === undefined ? undefined : await firstBadRecord(join(database, name), true);
  if (bad && bad.kind !== 'torn') throw damaged(name!, bad);
  return { torn: bad !== undefined };
}

/** Length of a log that holds one batch of nothing: an opening that was killed before it was done leaves such a one. */
const EMPTY_BATCH_BYTES = 19;

/**
 * The first record of the write-ahead logs that is whole but wrong. A record cut off by the end of the last log that
 * was written to, or zeros from there to its end, are what a writer that died leaves; in an older log they are damage.
 */
export async function findDamagedLog(database: string): Promise<(BadRecord & { name: string }) | undefined> {
  const names = (await readdir(database)).filter((name) => name.endsWith('.log')).sort();
  let cutOff: (BadRecord & { name: string }) | undefined;
  for (const name of names) {
    const path = join(database, name);
    if (cutOff && (await stat(path)).size > EMPTY_BATCH_BYTES) return cutOff;
    const bad = await firstBadRecord(path, true);
    if (bad === undefined) continue;
    if (bad.kind !== 'torn' && !(await zerosFrom(path, bad.at))) return { name, ...bad };
    cutOff ??= { name, ...bad };
  }
  return undefined;
}

async function zerosFrom(path: string, at: number): Promise<boolean> {
  const bytes = await readFile(path);
  return bytes.subarray(at).every((byte) => byte === 0);
}

async function firstBadRecord(path: string, checksums: boolean): Promise<BadRecord | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return undefined;
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let offset = 0; ; offset += PIECE_BYTES) {
      let length = 0;
      for (let read = -1; read !== 0 && length < PIECE_BYTES; length += read) {
        ({ bytesRead: read } = await file.read(piece, length, PIECE_BYTES - length, offset + length));
      }
      const bad = findBadRecord(piece.subarray(0, length), offset, checksums);
      if (bad || length < PIECE_BYTES) return bad;
    }
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

const damaged = (name: string, { at, kind }: BadRecord): ProvChainError =>
  new ProvChainError(
    'STORE_CORRUPT',
    `${name} is damaged: the record at byte ${at} has a wrong ${kind === 'recycled' ? 'type' : kind}`,
  );
