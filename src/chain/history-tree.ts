/**
 * The history tree: the Merkle tree of RFC 9162 §2.1 with SHA-256 over the raw block hashes.
 *
 * A list of n leaves is held as the roots of its complete subtrees, largest first (the binary digits of n). They
 * are enough to add leaves and to tell the tree hash, and they are what the store's `t` records hold, from level 1
 * up; a subtree of level 0 is one hash away from its block's and gets no record.
 *
 * Hashes are kept as strings of 32 Latin-1 characters inside: `crypto.hash` returns those three times as fast as
 * a Buffer, and Full computes about eight hashes per block here.
 */
import { hash } from 'node:crypto';
import { ProvChainError } from '../errors.js';
import type { SubtreePlace } from './store-layout.js';

/** A complete subtree: 2^level leaves from leaf position·2^level on, and its raw hash (32 bytes). */
export interface Subtree extends SubtreePlace {
  readonly hash: Uint8Array;
}

interface Peak extends SubtreePlace {
  readonly text: string;
}

// RFC 9162 §2.1.1: one byte in front tells leaves (0) from nodes (1). The inputs are built in place, over and over.
const HASH_BYTES = 32;
const LEFT_AT = 1;
const RIGHT_AT = LEFT_AT + HASH_BYTES;
const leafInput = Buffer.alloc(LEFT_AT + HASH_BYTES, 0);

function leafText(blockHash: Uint8Array): string {
  checkLength(blockHash);
  leafInput.set(blockHash, LEFT_AT);
  return hash('sha256', leafInput, 'binary');
}

/** The input of a node's hash with the left child in place; the right one is written for each use. */
class NodeInput {
  readonly #bytes = Buffer.alloc(RIGHT_AT + HASH_BYTES, 1);

  setLeft(text: string): void {
    this.#bytes.write(text, LEFT_AT, 'latin1');
  }

  hashWith(right: string, encoding: 'binary' | 'hex'): string {
    this.#bytes.write(right, RIGHT_AT, 'latin1');
    return hash('sha256', this.#bytes, encoding);
  }
}

function checkLength(raw: Uint8Array): void {
  if (raw.length !== HASH_BYTES) throw new ProvChainError('INTERNAL', `a raw hash of ${raw.length} bytes`);
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

function textOf(raw: Uint8Array): string {
  checkLength(raw);
  return Buffer.from(raw).toString('latin1');
}

/** Raw hash (32 bytes) of the leaf for a raw block hash. */
export function leafHash(blockHash: Uint8Array): Buffer {
  return bytesOf(leafText(blockHash));
}

/** Raw hash (32 bytes) of the node over two raw hashes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const input = new NodeInput();
  input.setLeft(textOf(left));
  return bytesOf(input.hashWith(textOf(right), 'binary'));
}

const NONE: readonly Subtree[] = [];

/**
 * The complete subtrees of a run of leaves [from, to), which grows at its end. Shards of one chain each hold the
 * run of their blocks; their decompositions, joined in order by {@link RangeTree.appendSubtree}, give the whole.
 */
export class RangeTree {
  readonly from: number;
  #to: number;
  readonly #peaks: Peak[] = [];
  /** By level: the peak at an even position, as the left child of the node it will be completed or folded into. */
  readonly #lefts: NodeInput[] = [];

  constructor(from: number) {
    this.from = from;
    this.#to = from;
  }

  /** One past the last leaf. */
  get to(): number {
    return this.#to;
  }

  /**
   * Adds the leaf of the next block's raw hash (32 bytes). Returns the subtrees of level ≥ 1 it completes, lowest
   * first.
   */
  append(blockHash: Uint8Array): readonly Subtree[] {
    return this.#push({ level: 0, position: this.#to, text: leafText(blockHash) });
  }

  /**
   * Adds the leaves of a subtree that begins where this run ends. Returns the larger subtrees that completes,
   * lowest first, without the given one. Throws INTERNAL when the subtree begins elsewhere, and for a
   * hash that is not 32 bytes long (a stored one may be: check it first).
   */
  appendSubtree(subtree: Subtree): readonly Subtree[] {
    if (subtree.position * 2 ** subtree.level !== this.#to) {
      throw new ProvChainError(
        'INTERNAL',
        `subtree ${subtree.level}/${subtree.position} does not begin at leaf ${this.#to}`,
      );
    }
    return this.#push({ level: subtree.level, position: subtree.position, text: textOf(subtree.hash) });
  }

  /** The decomposition of [from, to) into maximal complete subtrees, in order: see {@link rangeSubtrees}. */
  subtrees(): Subtree[] {
    return this.#peaks.map(({ level, position, text }) => ({ level, position, hash: bytesOf(text) }));
  }

  /** Raw hash (32 bytes) of the tree over leaves 0 to `to`. Throws INTERNAL for a run that does not begin at 0. */
  root(): Buffer {
    return bytesOf(this.#fold('binary'));
  }

  /** {@link RangeTree.root} as lower-case hex, the form headers hold. */
  rootHex(): string {
    return this.#fold('hex');
  }

  #push(added: Peak): readonly Subtree[] {
    const peaks = this.#peaks;
    this.#to += 2 ** added.level;
    let top = added;
    let completed: Subtree[] | undefined;
    // A subtree at an odd position completes its parent, if the run holds its left sibling.
    while (top.position % 2 !== 0 && peaks.at(-1)?.level === top.level) {
      peaks.pop();
      const text = this.#left(top.level).hashWith(top.text, 'binary');
      top = { level: top.level + 1, position: (top.position - 1) / 2, text };
      completed ??= [];
      completed.push({ level: top.level, position: top.position, hash: bytesOf(text) });
    }
    peaks.push(top);
    if (top.position % 2 === 0) this.#left(top.level).setLeft(top.text);
    return completed ?? NONE;
  }

  #left(level: number): NodeInput {
    while (this.#lefts.length <= level) this.#lefts.push(new NodeInput());
    return this.#lefts[level];
  }

  /** RFC 9162 §2.1.1: the largest complete subtree is the left child, so the hash folds from the right. */
  #fold(encoding: 'binary' | 'hex'): string {
    if (this.from !== 0) throw new ProvChainError('INTERNAL', 'only a tree from leaf 0 on has a root');
    const peaks = this.#peaks;
    const last = peaks.at(-1);
    if (last === undefined) return hash('sha256', '', encoding);
    if (peaks.length === 1) return encoding === 'hex' ? bytesOf(last.text).toString('hex') : last.text;
    let text = last.text;
    for (let i = peaks.length - 2; i > 0; i--) text = this.#left(peaks[i].level).hashWith(text, 'binary');
    return this.#left(peaks[0].level).hashWith(text, encoding);
  }
}

/** The tree over all leaves from 0 on; it grows by one leaf per block. */
export class HistoryTree extends RangeTree {
  constructor() {
    super(0);
  }

  /**
   * The tree of `size` leaves from its frontier ({@link frontierKeys}), level-0 ones included. Throws INTERNAL
   * when the subtrees are not that frontier.
   */
  static from(size: number, subtrees: readonly Subtree[]): HistoryTree {
    const tree = new HistoryTree();
    for (const subtree of subtrees) tree.appendSubtree(subtree);
    if (tree.size !== size) {
      throw new ProvChainError('INTERNAL', `the frontier has ${tree.size} leaves instead of ${size}`);
    }
    return tree;
  }

  /** Number of leaves. */
  get size(): number {
    return this.to;
  }

  /** The complete subtrees that make up the tree, largest first. */
  frontier(): Subtree[] {
    return this.subtrees();
  }
}

/**
 * The shape of leaves [from, to) as maximal complete subtrees, in order: the fewest there can be, at most two of
 * each level.
 */
export function rangeSubtrees(from: number, to: number): SubtreePlace[] {
  const places: SubtreePlace[] = [];
  for (let at = from; at < to; ) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= to) level++;
    places.push({ level, position: at / 2 ** level });
    at += 2 ** level;
  }
  return places;
}

/**
 * Which subtrees are the frontier of a tree of `size` leaves, largest first. Those of level ≥ 1 have a `t` record;
 * the one of level 0, if any, comes from the hash of block `position` by {@link leafHash}.
 */
export function frontierKeys(size: number): SubtreePlace[] {
  return rangeSubtrees(0, size);
}
