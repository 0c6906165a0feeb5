import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { ProvChainError } from '../../src/errors.js';
import { createChain, openSource, openWriter } from '../../src/ledger/index.js';
import { findBadRecord } from '../../src/ledger/log-format.js';
import { workloadDocument } from '../../src/rdf/index.js';
import { copyChain, temporaryFolder } from '../support/chains.js';
import { type CheckedChain, checkChain } from '../support/check-chain.js';
import { seededNumbers } from './documents.js';

/**
 * Single bits changed in the files of a database. What comes back is an error, or the chain as it was, or, behind a
 * damaged log, a shorter one: never other bytes, and never the end of this process.
 */

const folder = temporaryFolder();
afterAll(folder.remove);

// The name looks like a part of RocksDB's messages for failed system calls, to which damage must not be counted.
let flushed: string;
let unflushed: string;
let original: CheckedChain;

beforeAll(async () => {
  flushed = join(folder.path, 'IO error: While reading');
  await createChain(flushed);
  const ledger = await openWriter(flushed);
  await ledger.appendAll(
    Array.from({ length: 40 }, (_, i) => Buffer.from(workloadDocument('trace', i, { quads: 24 }))),
  );
  await ledger.compact();
  await ledger.appendAll(
    Array.from({ length: 40 }, (_, i) => Buffer.from(workloadDocument('flat', i, { quads: 24 }))),
  );
  unflushed = copyChain(flushed, join(folder.path, 'unflushed'));
  await ledger.close();
  original = await checkChain(flushed);
});

/** Changes one bit of a file, runs `work`, and changes it back. */
async function withFlippedBit<T>(path: string, bit: number, work: () => Promise<T>): Promise<T> {
  const file = openSync(path, 'r+');
  const flip = () => {
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, bit >> 3);
    byte[0]! ^= 1 << (bit & 7);
    writeSync(file, byte, 0, 1, bit >> 3);
  };
  try {
    flip();
    try {
      return await work();
    } finally {
      flip();
    }
  } finally {
    closeSync(file);
  }
}

function sizeOf(path: string): number {
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  closeSync(file);
  return size;
}

const filesOf = (dir: string, pattern: RegExp): string[] =>
  readdirSync(join(dir, 'db'))
    .filter((name) => pattern.test(name))
    .map((name) => join(dir, 'db', name))
    .filter((path) => sizeOf(path) > 0);

/** Indexes at which two lists of bytes differ, up to the end of the first. Quick, unlike a deep comparison. */
const differing = (some: readonly Uint8Array[], all: readonly Buffer[]): number[] =>
  some.flatMap((bytes, i) => (all[i]?.equals(bytes) ? [] : [i]));

interface Outcomes {
  intact: number;
  shortened: number;
  readonly errors: Record<string, number>;
}

/** Flips `count` seeded bits, each in a file drawn evenly from `paths`. */
async function flipBits(
  dir: string,
  paths: readonly string[],
  count: number,
  seed: number,
): Promise<Outcomes> {
  const next = seededNumbers(seed);
  const outcomes: Outcomes = { intact: 0, shortened: 0, errors: {} };
  for (let i = 0; i < count; i++) {
    const path = paths[i % paths.length]!;
    const bit = next(sizeOf(path) * 8);
    try {
      const { hashes, payloads, logDamaged } = await withFlippedBit(path, bit, () => checkChain(dir));
      expect(hashes).toEqual(original.hashes.slice(0, hashes.length));
      expect(differing(payloads, original.payloads)).toEqual([]);
      if (hashes.length === original.hashes.length) outcomes.intact++;
      else {
        expect(logDamaged).toBe(true);
        outcomes.shortened++;
      }
    } catch (error) {
      if (!(error instanceof Error) || error.name === 'AssertionError') throw error;
      const kind = error instanceof ProvChainError ? error.code : 'inconsistent';
      outcomes.errors[kind] = (outcomes.errors[kind] ?? 0) + 1;
    }
  }
  return outcomes;
}

describe('a bit changed on disk', () => {
  it('in a table file is STORE_CORRUPT, or without effect', async () => {
    const outcomes = await flipBits(flushed, filesOf(flushed, /\.sst$/), 120, 11);
    expect(Object.keys(outcomes.errors)).toEqual(['STORE_CORRUPT']);
    expect(outcomes.shortened).toBe(0);
    expect(outcomes.errors.STORE_CORRUPT).toBeGreaterThan(50);
  });

  it('in the log never goes unnoticed: the chain ends before its anchor', async () => {
    const outcomes = await flipBits(unflushed, filesOf(unflushed, /\.log$/), 30, 12);
    expect(outcomes).toMatchObject({ intact: 0, shortened: 0 });
    expect(Object.keys(outcomes.errors)).toEqual(['inconsistent']);
  });

  it('in the MANIFEST or CURRENT is an error, or without effect', async () => {
    const outcomes = await flipBits(flushed, filesOf(flushed, /^MANIFEST-/), 24, 13);
    const current = await flipBits(flushed, filesOf(flushed, /^CURRENT$/), 3, 14);
    expect(outcomes.shortened + current.shortened).toBe(0);
    expect(outcomes.errors.STORE_CORRUPT).toBeGreaterThan(15);
    expect(current.intact).toBe(0);
  });
});

describe('a record type that RocksDB loops on', () => {
  /** Bit 2 of the type byte of the second record: 1 becomes 5, a record of a recycled log. */
  const typeBitOf = (path: string) => (7 + readFileSync(path).readUInt16LE(4) + 6) * 8 + 2;

  it.each([
    ['the MANIFEST', /^MANIFEST-/],
    ['the log', /\.log$/],
  ])('is STORE_CORRUPT in %s', async (_, pattern) => {
    const [path] = filesOf(unflushed, pattern);
    await withFlippedBit(path!, typeBitOf(path!), async () => {
      await expect(openSource(unflushed)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
      await expect(openWriter(unflushed)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    });
  });

  it('is found by its checksum like every other changed bit of a MANIFEST', () => {
    const bytes = readFileSync(filesOf(flushed, /^MANIFEST-/)[0]!);
    expect(findBadRecord(bytes, 0, true)).toBeUndefined();
    const unnoticed: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      if (findBadRecord(bytes, 0, true) === undefined) unnoticed.push(bit);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(unnoticed).toEqual([]);
  });
});

describe('a scan that meets damage', () => {
  it('hands out what stands before it, then throws STORE_CORRUPT, and gets still give the sound blocks', async () => {
    const dir = join(folder.path, 'long');
    await createChain(dir);
    const ledger = await openWriter(dir);
    await ledger.appendAll(
      Array.from({ length: 2000 }, (_, i) => Buffer.from(workloadDocument('flat', i, { quads: 64 }))),
    );
    await ledger.compact();
    await ledger.close();
    const { payloads } = await checkChain(dir);
    const largest = filesOf(dir, /\.sst$/).sort((a, b) => sizeOf(b) - sizeOf(a))[0]!;
    await withFlippedBit(largest, Math.floor(sizeOf(largest) * 0.7) * 8, async () => {
      const source = await openSource(dir);
      const before: Uint8Array[] = [];
      const scanAll = async () => {
        for await (const entries of source.scan('payload', blockKey(0), undefined)) {
          before.push(...entries.map(({ value }) => value));
        }
      };
      await expect(scanAll()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
      expect(before.length).toBeGreaterThan(500);
      expect(differing(before, payloads)).toEqual([]);
      const rest = await Promise.allSettled(
        payloads.slice(before.length).map((_, i) => source.get('payload', blockKey(before.length + i))),
      );
      const lost = rest.filter((result) => result.status === 'rejected');
      expect(lost.length).toBeGreaterThan(0);
      expect(lost.length).toBeLessThan(5);
      for (const { reason } of lost) expect(reason).toMatchObject({ code: 'STORE_CORRUPT' });
      const sound = rest.flatMap((result, i) =>
        result.status === 'fulfilled' ? [[i, result.value] as const] : [],
      );
      for (const [i, value] of sound) expect(payloads[before.length + i]!.equals(value!)).toBe(true);
      await source.close();
    });
  });
});
