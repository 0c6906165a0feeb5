import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  consistencyPath,
  inclusionPath,
  leafHash,
  type NodeAt,
  verifyConsistency,
  verifyInclusion,
} from '../../src/chain/index.js';
import { rawHash } from './samples.js';

/** The definitions of RFC 9162 §2.1, word for word, over whole lists: slow, and nothing to get wrong. */
const sha256 = (...parts: Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');

function largestPowerBelow(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** MTH(D_n), §2.1.1. */
function treeHash(entries: readonly Uint8Array[]): Buffer {
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256(Buffer.from([0]), entries[0]);
  const k = largestPowerBelow(entries.length);
  return sha256(Buffer.from([1]), treeHash(entries.slice(0, k)), treeHash(entries.slice(k)));
}

/** PATH(m, D_n), §2.1.3.1. */
function naivePath(m: number, entries: readonly Uint8Array[]): Buffer[] {
  if (entries.length === 1) return [];
  const k = largestPowerBelow(entries.length);
  const [left, right] = [entries.slice(0, k), entries.slice(k)];
  return m < k ? [...naivePath(m, left), treeHash(right)] : [...naivePath(m - k, right), treeHash(left)];
}

/** SUBPROOF(m, D_n, b), §2.1.4.1. */
function naiveSubproof(m: number, entries: readonly Uint8Array[], whole: boolean): Buffer[] {
  if (m === entries.length) return whole ? [] : [treeHash(entries)];
  const k = largestPowerBelow(entries.length);
  const [left, right] = [entries.slice(0, k), entries.slice(k)];
  return m <= k
    ? [...naiveSubproof(m, left, whole), treeHash(right)]
    : [...naiveSubproof(m - k, right, false), treeHash(left)];
}

const BLOCKS = Array.from({ length: 130 }, (_, i) => rawHash(`block ${i}`));

/** Nodes of the tree over BLOCKS; asking for one that is not wholly inside `size` leaves is an error. */
const nodesOf =
  (size: number): NodeAt =>
  (level, position) => {
    const [from, to] = [position * 2 ** level, (position + 1) * 2 ** level];
    if (to > size) throw new Error(`node ${level}/${position} is no part of a tree of ${size} leaves`);
    return treeHash(BLOCKS.slice(from, to));
  };

const rootOf = (size: number) => treeHash(BLOCKS.slice(0, size));

const indexInTree = fc
  .integer({ min: 1, max: BLOCKS.length })
  .chain((size) => fc.tuple(fc.nat(size - 1), fc.constant(size)));

describe('inclusionPath', () => {
  it('is the path of RFC 9162 §2.1.3.1 for every leaf of every small tree', async () => {
    for (let size = 1; size <= 40; size++) {
      for (let index = 0; index < size; index++) {
        const path = await inclusionPath(index, size, nodesOf(size));
        expect(path).toEqual(naivePath(index, BLOCKS.slice(0, size)));
        const claim = { index, size, leaf: leafHash(BLOCKS[index]), path, root: rootOf(size) };
        expect(verifyInclusion(claim)).toBe(true);
      }
    }
  });

  it('reads a few nodes per level of a tree with 2^53 - 1 leaves, and its path leads to the root', async () => {
    // All leaves alike: then all subtrees of a level are, and such a tree needs no storage.
    const levels = [leafHash(BLOCKS[0])];
    const levelHash = (level: number): Buffer => {
      while (levels.length <= level) {
        const below = levels[levels.length - 1];
        levels.push(sha256(Buffer.from([1]), below, below));
      }
      return levels[level];
    };
    let reads = 0;
    const nodeAt: NodeAt = (level) => {
      reads++;
      return levelHash(level);
    };
    const size = Number.MAX_SAFE_INTEGER;
    let root = levelHash(0);
    for (let level = 1; level < 53; level++) root = sha256(Buffer.from([1]), levelHash(level), root);
    for (const index of [0, 2 ** 52, 2 ** 32 + 5, size - 1]) {
      const path = await inclusionPath(index, size, nodeAt);
      expect(path.length).toBeLessThanOrEqual(53);
      expect(verifyInclusion({ index, size, leaf: levels[0], path, root })).toBe(true);
    }
    expect(reads).toBeLessThanOrEqual(4 * 2 * 53);
  });

  it.each([
    [0, 0],
    [5, 5],
    [-1, 5],
    [1.5, 5],
  ])('refuses leaf %d of a tree of %d with OUT_OF_RANGE', async (index, size) => {
    await expect(inclusionPath(index, size, nodesOf(130))).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });
});

describe('verifyInclusion', () => {
  const claimOf = async (index: number, size: number) => ({
    index,
    size,
    leaf: leafHash(BLOCKS[index]),
    path: await inclusionPath(index, size, nodesOf(size)),
    root: rootOf(size),
  });

  it('refuses every other index or size under the same path', async () => {
    await fc.assert(
      fc.asyncProperty(indexInTree, fc.nat(140), fc.nat(140), async ([index, size], other, otherSize) => {
        const claim = await claimOf(index, size);
        if (other !== index) expect(verifyInclusion({ ...claim, index: other })).toBe(false);
        // With another size a path can lead to the same root only if it goes the same way up, leaf for leaf.
        const same = verifyInclusion({ ...claim, size: otherSize });
        if (same) expect(naiveTurns(index, otherSize)).toEqual(naiveTurns(index, size));
      }),
    );
  });

  it('refuses a changed, missing, added or swapped hash', async () => {
    await fc.assert(
      fc.asyncProperty(indexInTree, fc.nat(), fc.nat(31), async ([index, size], at, byte) => {
        const claim = await claimOf(index, size);
        const { path } = claim;
        const extra = [...path, BLOCKS[0]];
        expect(verifyInclusion({ ...claim, path: extra })).toBe(false);
        if (path.length === 0) return;
        expect(verifyInclusion({ ...claim, path: path.slice(1) })).toBe(false);
        expect(verifyInclusion({ ...claim, path: path.slice(0, -1) })).toBe(false);
        const changed = path.map((node) => Buffer.from(node));
        changed[at % path.length][byte] ^= 1;
        expect(verifyInclusion({ ...claim, path: changed })).toBe(false);
        if (path.length > 1) expect(verifyInclusion({ ...claim, path: [...path].reverse() })).toBe(false);
      }),
    );
  });

  it('refuses what is no claim at all, without throwing', async () => {
    const claim = await claimOf(3, 7);
    const wrong = [
      { size: 0 },
      { size: 3 },
      { index: -1 },
      { index: 2.5 },
      { size: Number.NaN },
      { size: 2 ** 60 },
      { leaf: Buffer.alloc(31) },
      { root: Buffer.alloc(33) },
      { path: [Buffer.alloc(0)] },
      { path: Array.from({ length: 1000 }, () => BLOCKS[0]) },
    ];
    for (const change of wrong) expect(verifyInclusion({ ...claim, ...change })).toBe(false);
  });
});

/** On the way up from a leaf: whether the sibling stands left or right. */
function naiveTurns(index: number, size: number): string[] {
  if (size <= 1) return [];
  const k = largestPowerBelow(size);
  return index < k ? [...naiveTurns(index, k), 'right'] : [...naiveTurns(index - k, size - k), 'left'];
}

describe('consistencyPath', () => {
  it('is the proof of RFC 9162 §2.1.4.1 for every pair of small trees', async () => {
    for (let second = 1; second <= 33; second++) {
      for (let first = 1; first <= second; first++) {
        const path = await consistencyPath(first, second, nodesOf(second));
        expect(path).toEqual(naiveSubproof(first, BLOCKS.slice(0, second), true));
        const roots = { firstRoot: rootOf(first), secondRoot: rootOf(second) };
        expect(verifyConsistency({ first, second, ...roots, path })).toBe(true);
      }
    }
  });

  it('is empty where nothing is to be shown: of an empty tree and of a tree with itself', async () => {
    expect(await consistencyPath(0, 9, nodesOf(9))).toEqual([]);
    expect(await consistencyPath(9, 9, nodesOf(9))).toEqual([]);
    const [empty, root] = [treeHash([]), rootOf(9)];
    const check = (first: number, firstRoot: Buffer) =>
      verifyConsistency({ first, second: 9, firstRoot, secondRoot: root, path: [] });
    expect([check(0, empty), check(0, root), check(9, root), check(9, rootOf(8))]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('refuses to show that a larger tree is the beginning of a smaller one', async () => {
    await expect(consistencyPath(6, 5, nodesOf(6))).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });
});

describe('verifyConsistency', () => {
  const pair = fc
    .integer({ min: 2, max: BLOCKS.length })
    .chain((second) => fc.tuple(fc.integer({ min: 1, max: second - 1 }), fc.constant(second)));

  it('refuses a root of another history, and every change of the path', async () => {
    await fc.assert(
      fc.asyncProperty(pair, fc.nat(), fc.nat(31), async ([first, second], at, byte) => {
        const path = await consistencyPath(first, second, nodesOf(second));
        const claim = { first, second, firstRoot: rootOf(first), secondRoot: rootOf(second), path };
        expect(verifyConsistency(claim)).toBe(true);
        const rewritten = [...BLOCKS.slice(0, second)];
        rewritten[at % first] = rawHash('rewritten');
        expect(verifyConsistency({ ...claim, secondRoot: treeHash(rewritten) })).toBe(false);
        expect(verifyConsistency({ ...claim, firstRoot: treeHash(rewritten.slice(0, first)) })).toBe(false);
        expect(verifyConsistency({ ...claim, path: [...path, BLOCKS[0]] })).toBe(false);
        expect(verifyConsistency({ ...claim, path: path.slice(0, -1) })).toBe(false);
        const changed = path.map((node) => Buffer.from(node));
        changed[at % path.length][byte] ^= 1;
        expect(verifyConsistency({ ...claim, path: changed })).toBe(false);
      }),
    );
  });

  it('refuses what is no claim at all, without throwing', () => {
    const claim = { first: 3, second: 7, firstRoot: rootOf(3), secondRoot: rootOf(7), path: [] };
    for (const change of [{}, { first: 8 }, { first: -1 }, { second: 1e300 }, { path: [Buffer.alloc(5)] }]) {
      expect(verifyConsistency({ ...claim, ...change })).toBe(false);
    }
  });
});
