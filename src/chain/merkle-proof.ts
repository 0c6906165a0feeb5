/**
 * Inclusion and consistency proofs of the history tree (RFC 9162 §2.1.3 and §2.1.4).
 *
 * A proof is made from the hashes of subtrees and checked from nothing but its own hashes: whoever hands one over
 * controls every number and every byte of it, so the checks bound their work by the length of the path, never throw,
 * and answer with false. Sizes go up to 2^53, past what bit operators can hold.
 */
import { hash } from 'node:crypto';
import { ProvChainError } from '../errors.js';
import { nodeHash, rangeSubtrees } from './history-tree.js';

/**
 * Raw hash (32 bytes) of the complete subtree over 2^level leaves from leaf position·2^level on; on level 0 that is
 * the leaf hash. Asked for subtrees of the tree at hand only.
 */
export type NodeAt = (level: number, position: number) => Uint8Array | Promise<Uint8Array>;

/** Leaves [from, to). */
interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/** No path in a tree of fewer than 2^53 leaves is longer; a consistency path has one hash more than an inclusion path. */
export const PATH_LIMIT = 54;

export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  /** Raw leaf hash: `leafHash` of the block's hash. */
  readonly leaf: Uint8Array;
  /** Raw hashes, from the leaf's sibling up. */
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

export interface ConsistencyClaim {
  readonly first: number;
  readonly second: number;
  readonly firstRoot: Uint8Array;
  readonly secondRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/**
 * The inclusion path of leaf `index` in the tree of `size` leaves (RFC 9162 §2.1.3.1), from the leaf's sibling up:
 * one raw hash per level, at most 53. Reads at most two nodes per level. Errors: OUT_OF_RANGE unless index < size, and
 * what `nodeAt` throws.
 */
export async function inclusionPath(index: number, size: number, nodeAt: NodeAt): Promise<Buffer[]> {
  if (!(isCount(index) && isCount(size) && index < size)) {
    throw new ProvChainError('OUT_OF_RANGE', `a tree of ${size} leaves has no leaf ${index}`);
  }
  const siblings: LeafRange[] = [];
  let range: LeafRange = { from: 0, to: size };
  while (range.to - range.from > 1) {
    const [left, right] = split(range);
    const inLeft = index < left.to;
    siblings.push(inLeft ? right : left);
    range = inLeft ? left : right;
  }
  return hashRanges(siblings.reverse(), nodeAt);
}

/**
 * The path that shows the tree of `first` leaves to be the beginning of the tree of `second` (RFC 9162 §2.1.4.1), as
 * raw hashes; empty when `first` is 0 or both are the same. Errors: OUT_OF_RANGE unless first ≤ second, and what
 * `nodeAt` throws.
 */
export async function consistencyPath(first: number, second: number, nodeAt: NodeAt): Promise<Buffer[]> {
  if (!(isCount(first) && isCount(second) && first <= second)) {
    throw new ProvChainError('OUT_OF_RANGE', `${first} leaves are not the beginning of ${second}`);
  }
  if (first === 0 || first === second) return [];
  const ranges: LeafRange[] = [];
  let range: LeafRange = { from: 0, to: second };
  // SUBPROOF(m, D_n, b): b stays true while the old tree is a prefix of the range, from its first leaf on.
  while (first !== range.to) {
    const [left, right] = split(range);
    const inLeft = first <= left.to;
    ranges.push(inLeft ? right : left);
    range = inLeft ? left : right;
  }
  if (range.from > 0) ranges.push(range);
  return hashRanges(ranges.reverse(), nodeAt);
}

/** Whether the path leads from the leaf to the root (RFC 9162 §2.1.3.2). All of the claim may be an attacker's. */
export function verifyInclusion({ index, size, leaf, path, root }: InclusionClaim): boolean {
  if (!(isCount(index) && isCount(size) && index < size) || path.length > PATH_LIMIT) return false;
  if (![leaf, root, ...path].every(isHash)) return false;
  let walk = { node: index, last: size - 1 };
  let computed = leaf;
  for (const sibling of path) {
    if (walk.last === 0) return false;
    if (isOdd(walk.node) || walk.node === walk.last) {
      computed = nodeHash(sibling, computed);
      walk = upToRightChild(walk);
    } else computed = nodeHash(computed, sibling);
    walk = up(walk);
  }
  return walk.last === 0 && equal(computed, root);
}

/**
 * Whether the path shows that the tree with the second root begins with the one with the first (RFC 9162 §2.1.4.2). All
 * of the claim may be an attacker's.
 */
export function verifyConsistency({ first, second, firstRoot, secondRoot, path }: ConsistencyClaim): boolean {
  if (!(isCount(first) && isCount(second) && first <= second) || path.length > PATH_LIMIT) return false;
  if (![firstRoot, secondRoot, ...path].every(isHash)) return false;
  // Of these two the RFC says nothing: nothing is the beginning of everything, and a tree of itself.
  if (first === 0) return path.length === 0 && equal(firstRoot, EMPTY_ROOT);
  if (first === second) return path.length === 0 && equal(firstRoot, secondRoot);
  if (path.length === 0) return false;
  const [seed, ...rest] = isPowerOfTwo(first) ? [firstRoot, ...path] : path;
  let walk = { node: first - 1, last: second - 1 };
  while (isOdd(walk.node)) walk = up(walk);
  let oldRoot = seed;
  let newRoot = seed;
  for (const sibling of rest) {
    if (walk.last === 0) return false;
    if (isOdd(walk.node) || walk.node === walk.last) {
      oldRoot = nodeHash(sibling, oldRoot);
      newRoot = nodeHash(sibling, newRoot);
      walk = upToRightChild(walk);
    } else newRoot = nodeHash(newRoot, sibling);
    walk = up(walk);
  }
  return walk.last === 0 && equal(oldRoot, firstRoot) && equal(newRoot, secondRoot);
}

const EMPTY_ROOT = Buffer.from(hash('sha256', '', 'hex'), 'hex');
const HASH_BYTES = 32;

/** The RFC's fn and sn: the place of a node on its level, and of the last node there. */
interface Walk {
  readonly node: number;
  readonly last: number;
}

const up = ({ node, last }: Walk): Walk => ({ node: Math.floor(node / 2), last: Math.floor(last / 2) });

/** A node without a right sibling stands for itself on the levels above, until it is a right child. */
function upToRightChild(from: Walk): Walk {
  let walk = from;
  while (!isOdd(walk.node) && walk.node !== 0) walk = up(walk);
  return walk;
}

/** RFC 9162 §2.1.1: the left part holds the largest power of two of leaves that is smaller than all of them. */
function split({ from, to }: LeafRange): [LeafRange, LeafRange] {
  let size = 1;
  while (size * 2 < to - from) size *= 2;
  return [
    { from, to: from + size },
    { from: from + size, to },
  ];
}

function hashRanges(ranges: readonly LeafRange[], nodeAt: NodeAt): Promise<Buffer[]> {
  return Promise.all(ranges.map((range) => hashRange(range, nodeAt)));
}

/** The tree hash over the leaves of one side of a split, whose complete subtrees therefore become smaller and smaller. */
async function hashRange({ from, to }: LeafRange, nodeAt: NodeAt): Promise<Buffer> {
  const places = rangeSubtrees(from, to);
  const nodes = await Promise.all(places.map(({ level, position }) => nodeAt(level, position)));
  return Buffer.from(nodes.reduceRight((right, left) => nodeHash(left, right)));
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isHash = (raw: Uint8Array): boolean => raw.length === HASH_BYTES;
const isOdd = (value: number): boolean => value % 2 === 1;
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}
