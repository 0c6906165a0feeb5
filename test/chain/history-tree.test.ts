import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  frontierKeys,
  HistoryTree,
  leafHash,
  nodeHash,
  RangeTree,
  rangeSubtrees,
  type Subtree,
} from '../../src/chain/index.js';
import { rawHash } from './samples.js';

const sha256 = (...parts: Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');

/** MTH of RFC 9162 §2.1.1, word for word. */
function treeHash(entries: readonly Uint8Array[]): Buffer {
  const n = entries.length;
  if (n === 0) return sha256();
  if (n === 1) return sha256(Buffer.from([0]), entries[0]);
  let k = 1;
  while (k * 2 < n) k *= 2;
  return sha256(Buffer.from([1]), treeHash(entries.slice(0, k)), treeHash(entries.slice(k)));
}

const BLOCKS = Array.from({ length: 300 }, (_, i) => rawHash(`block ${i}`));

function treeOf(size: number): HistoryTree {
  const tree = new HistoryTree();
  for (const block of BLOCKS.slice(0, size)) tree.append(block);
  return tree;
}

const leavesUnder = ({ level, position }: { level: number; position: number }): Buffer[] =>
  BLOCKS.slice(position * 2 ** level, (position + 1) * 2 ** level);

const hexOf = (subtrees: readonly Subtree[]) =>
  subtrees.map(({ level, position, hash: raw }) => ({
    level,
    position,
    hash: Buffer.from(raw).toString('hex'),
  }));

describe('leafHash and nodeHash', () => {
  it('are SHA-256 with the byte 0 or 1 in front (RFC 9162 §2.1.1)', () => {
    expect(leafHash(BLOCKS[0])).toEqual(sha256(Buffer.from([0]), BLOCKS[0]));
    expect(nodeHash(BLOCKS[0], BLOCKS[1])).toEqual(sha256(Buffer.from([1]), BLOCKS[0], BLOCKS[1]));
  });

  it('give the reference roots of Certificate Transparency from its eight leaves', () => {
    // The reference leaves are no 32-byte hashes, so their leaf hashes are made here and joined by the tree.
    const leaves = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ];
    const roots = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ];
    const tree = new HistoryTree();
    for (const [position, leaf] of leaves.entries()) {
      tree.appendSubtree({ level: 0, position, hash: sha256(Buffer.from([0]), Buffer.from(leaf, 'hex')) });
      expect(tree.rootHex()).toBe(roots[position]);
    }
  });
});

describe('HistoryTree', () => {
  it('has the hash of the empty string when it is empty', () => {
    expect(new HistoryTree().rootHex()).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  it('has the root of the recursive definition for every size up to 300', () => {
    const tree = new HistoryTree();
    for (const [size, block] of [...BLOCKS, undefined].entries()) {
      const expected = treeHash(BLOCKS.slice(0, size));
      expect(tree.size).toBe(size);
      expect(tree.root()).toEqual(expected);
      expect(tree.rootHex()).toBe(expected.toString('hex'));
      if (block !== undefined) tree.append(block);
    }
  });

  it('returns each complete subtree of level 1 and up once, when its last leaf comes', () => {
    const tree = new HistoryTree();
    const seen: string[] = [];
    for (const block of BLOCKS) {
      for (const subtree of tree.append(block)) {
        expect(subtree.level).toBeGreaterThanOrEqual(1);
        expect((subtree.position + 1) * 2 ** subtree.level).toBe(tree.size);
        expect(Buffer.from(subtree.hash)).toEqual(treeHash(leavesUnder(subtree)));
        seen.push(`${subtree.level}/${subtree.position}`);
      }
    }
    const expected = [1, 2, 3, 4, 5, 6, 7, 8].map((level) => Math.floor(300 / 2 ** level));
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe(expected.reduce((sum, count) => sum + count, 0));
  });

  it('goes on from its frontier as if it had never stopped', () => {
    for (let size = 0; size <= 130; size++) {
      const frontier = treeOf(size).frontier();
      expect(frontier.map(({ level, position }) => ({ level, position }))).toEqual(frontierKeys(size));
      const resumed = HistoryTree.from(size, frontier);
      expect(resumed.rootHex()).toBe(treeHash(BLOCKS.slice(0, size)).toString('hex'));
      const whole = treeOf(size);
      expect(hexOf(resumed.append(BLOCKS[size]))).toEqual(hexOf(whole.append(BLOCKS[size])));
      expect(resumed.rootHex()).toBe(whole.rootHex());
    }
  });

  it('throws INTERNAL for a frontier of another size, with a gap, or out of order', () => {
    const frontier = treeOf(7).frontier();
    const internal = expect.objectContaining({ code: 'INTERNAL' });
    expect(() => HistoryTree.from(6, frontier)).toThrow(internal);
    expect(() => HistoryTree.from(7, frontier.slice(1))).toThrow(internal);
    expect(() => HistoryTree.from(7, [...frontier].reverse())).toThrow(internal);
  });

  it('throws INTERNAL for a hash that is not 32 bytes long', () => {
    const internal = expect.objectContaining({ code: 'INTERNAL' });
    expect(() => new HistoryTree().append(Buffer.alloc(31))).toThrow(internal);
    expect(() => new HistoryTree().append(Buffer.alloc(33))).toThrow(internal);
    expect(() => new HistoryTree().appendSubtree({ level: 1, position: 0, hash: Buffer.alloc(0) })).toThrow(
      internal,
    );
  });

  it('keeps its own copy of what it was given', () => {
    const block = Buffer.from(BLOCKS[0]);
    const tree = new HistoryTree();
    tree.append(block);
    block.fill(0);
    expect(tree.rootHex()).toBe(treeHash(BLOCKS.slice(0, 1)).toString('hex'));
  });
});

const anyRange = fc
  .tuple(fc.nat(300), fc.nat(300))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

describe('rangeSubtrees', () => {
  it('covers the range without gap or overlap by maximal aligned subtrees', () => {
    fc.assert(
      fc.property(anyRange, ([from, to]) => {
        let at = from;
        for (const { level, position } of rangeSubtrees(from, to)) {
          expect(position * 2 ** level).toBe(at);
          at += 2 ** level;
          // Its parent does not fit: it sticks out on one side.
          const parent = 2 ** (level + 1);
          const parentFrom = Math.floor(position / 2) * parent;
          expect(parentFrom < from || parentFrom + parent > to).toBe(true);
        }
        expect(at).toBe(to);
      }),
      { numRuns: 1000 },
    );
  });

  it('holds for indexes near the safe limit', () => {
    const from = 2 ** 52 - 3;
    expect(rangeSubtrees(from, from + 8)).toEqual([
      { level: 0, position: 2 ** 52 - 3 },
      { level: 1, position: 2 ** 51 - 1 },
      { level: 2, position: 2 ** 50 },
      { level: 0, position: 2 ** 52 + 4 },
    ]);
  });
});

describe('RangeTree', () => {
  it('computes the decomposition of its range', () => {
    fc.assert(
      fc.property(anyRange, ([from, to]) => {
        const range = new RangeTree(from);
        for (const block of BLOCKS.slice(from, to)) range.append(block);
        expect(range.to).toBe(to);
        expect(hexOf(range.subtrees())).toEqual(
          rangeSubtrees(from, to).map((place) => ({
            ...place,
            hash: treeHash(leavesUnder(place)).toString('hex'),
          })),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('joins into the whole tree, each complete subtree turning up exactly once', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200), { maxLength: 8 }), (cuts) => {
        const ends = [...new Set([0, ...cuts, 200])].sort((a, b) => a - b);
        const whole = new HistoryTree();
        const completed: Subtree[] = [];
        for (let i = 0; i + 1 < ends.length; i++) {
          const range = new RangeTree(ends[i]);
          for (const block of BLOCKS.slice(ends[i], ends[i + 1])) completed.push(...range.append(block));
          for (const subtree of range.subtrees()) completed.push(...whole.appendSubtree(subtree));
        }
        expect(whole.rootHex()).toBe(treeHash(BLOCKS.slice(0, 200)).toString('hex'));
        const plain = new HistoryTree();
        const expected = BLOCKS.slice(0, 200).flatMap((block) => [...plain.append(block)]);
        const byPlace = (subtrees: Subtree[]) =>
          hexOf(subtrees).sort((a, b) => a.level - b.level || a.position - b.position);
        expect(byPlace(completed)).toEqual(byPlace(expected));
      }),
      { numRuns: 200 },
    );
  });

  it('throws INTERNAL for a subtree that does not begin where the range ends', () => {
    const range = new RangeTree(4);
    const internal = expect.objectContaining({ code: 'INTERNAL' });
    expect(() => range.appendSubtree({ level: 1, position: 3, hash: BLOCKS[0] })).toThrow(internal);
    expect(() => range.appendSubtree({ level: 3, position: 0, hash: BLOCKS[0] })).toThrow(internal);
  });

  it('throws INTERNAL when asked for the root of a range that leaves out the beginning', () => {
    expect(() => new RangeTree(1).root()).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});
