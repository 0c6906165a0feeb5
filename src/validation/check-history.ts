import {
  type BlockHeader,
  frontierKeys,
  HistoryTree,
  leafHash,
  placeOfTreeKey,
  RangeTree,
  type Subtree,
  treeKey,
} from '../chain/index.js';
import { type Block, rawHash } from './block.js';
import { isCorruption } from './block-reader.js';
import type { FactCollector } from './finding.js';
import type { Range } from './plan.js';
import type { BlockSource } from './source.js';

/**
 * The history roots and tree records of one range (RFC 9162 §2.1).
 *
 * The check needs the frontier over all blocks before the range. The tree records claim one; nothing they say is
 * trusted, so the merge compares the claim with the frontier that it joined itself from the ranges before, and has
 * the range checked again from that one if they differ. The ranges' own subtrees need no frontier.
 */
export class HistoryCheck {
  readonly #facts: FactCollector;
  readonly #range: RangeTree;
  #tree: HistoryTree | undefined;
  readonly #sealedTo: number;
  #missing = false;
  #mismatch = false;
  /** Subtrees completed since the last look at the tree records. */
  readonly #completed: Subtree[] = [];

  /** @param sealedTo blocks from here on do not count towards the range's own subtrees (see `Plan.sealedTo`) */
  constructor(
    range: Range,
    frontier: readonly Subtree[] | undefined,
    sealedTo: number,
    facts: FactCollector,
  ) {
    this.#facts = facts;
    this.#sealedTo = sealedTo;
    this.#range = new RangeTree(range.from);
    this.#tree = frontier && HistoryTree.from(range.from, frontier);
  }

  /** Takes the blocks in order; undefined stands for one that is missing, behind which no root can be recomputed. */
  next(block: Block | undefined): void {
    if (!block) this.#missing = true;
    if (!block || this.#missing) return;
    const hash = rawHash(block);
    if (block.index < this.#sealedTo) this.#range.append(hash);
    if (!this.#tree || this.#mismatch) return;
    if (block.header) this.#compareRoot(block.index, block.header);
    if (this.#mismatch) return;
    this.#completed.push(...this.#tree.append(hash));
  }

  /** One wrong root makes every later one differ as well, so only the first is reported. */
  #compareRoot(index: number, header: BlockHeader): void {
    const root = this.#tree?.rootHex() ?? '';
    if (root === header.historyRoot) return;
    this.#mismatch = true;
    this.#facts.add('HISTORY_ROOT_MISMATCH', index, { historyRoot: header.historyRoot, expected: root });
  }

  /** The subtrees completed since the last call, for the comparison with the tree records. */
  takeCompleted(): Subtree[] {
    return this.#completed.splice(0);
  }

  /** The range's own complete subtrees; undefined when a header was missing. */
  subtrees(): readonly Subtree[] | undefined {
    return this.#missing ? undefined : this.#range.subtrees();
  }
}

/** Compares the records of subtrees with what they were recomputed to. Errors: STORE_UNAVAILABLE, STORE_CORRUPT. */
export async function checkTreeRecords(
  source: BlockSource,
  completed: readonly Subtree[],
  facts: FactCollector,
): Promise<void> {
  const byLevel = new Map<number, Subtree[]>();
  for (const subtree of completed) {
    const level = byLevel.get(subtree.level);
    if (level) level.push(subtree);
    else byLevel.set(subtree.level, [subtree]);
  }
  for (const [level, subtrees] of byLevel) {
    const stored = await readRecords(source, level, subtrees);
    for (const { position, hash } of subtrees) {
      const record = stored.get(position);
      if (record && Buffer.compare(record, hash) === 0) continue;
      // The record belongs to the block whose append completed the subtree.
      facts.add('TREE_RECORD_MISMATCH', (position + 1) * 2 ** level - 1, {
        level,
        position,
        stored: record ? Buffer.from(record).toString('hex') : null,
        expected: Buffer.from(hash).toString('hex'),
      });
    }
  }
}

async function readRecords(source: BlockSource, level: number, subtrees: readonly Subtree[]) {
  const stored = new Map<number, Uint8Array>();
  const first = subtrees[0].position;
  const last = subtrees[subtrees.length - 1].position;
  if (first === last) {
    const record = await source.get('default', treeKey(level, first));
    if (record) stored.set(first, record);
    return stored;
  }
  for await (const entries of source.scan('default', treeKey(level, first), treeKey(level, last + 1))) {
    for (const { key, value } of entries) {
      const place = placeOfTreeKey(key);
      if (place) stored.set(place.position, value);
    }
  }
  return stored;
}

/**
 * The frontier that the tree records claim for the blocks before `size`; undefined when a record is missing or has
 * not the length of a hash. The leaf of the last block, which no record holds, comes from that block's header.
 */
async function claimedFrontier(
  source: BlockSource,
  size: number,
  before: Block | undefined,
): Promise<readonly Subtree[] | undefined> {
  const frontier: Subtree[] = [];
  for (const { level, position } of frontierKeys(size)) {
    const hash =
      level === 0
        ? before && leafHash(rawHash(before))
        : await source.get('default', treeKey(level, position));
    if (hash?.length !== 32) return undefined;
    frontier.push({ level, position, hash: Buffer.from(hash) });
  }
  return frontier;
}

export function sameFrontier(a: readonly Subtree[] | undefined, b: readonly Subtree[] | undefined): boolean {
  if (!a || !b || a.length !== b.length) return false;
  return a.every(
    (subtree, i) =>
      subtree.level === b[i].level &&
      subtree.position === b[i].position &&
      Buffer.compare(subtree.hash, b[i].hash) === 0,
  );
}

/** A claimed frontier, or nothing where the records cannot be read: claiming is never worth failing for. */
export async function claimOrNothing(source: BlockSource, size: number, before: Block | undefined) {
  try {
    return await claimedFrontier(source, size, before);
  } catch (error) {
    if (isCorruption(error)) return undefined;
    throw error;
  }
}
