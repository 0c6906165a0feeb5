import type { Subtree } from '../chain/index.js';
import type { PlainError } from '../errors.js';
import type { Category, FindingFact } from './finding.js';
import type { Range } from './plan.js';
import type { Checked } from './report.js';

/** Why a running validation is told to stop. */
export type StopReason = 'cancelled' | 'time-limit';

/**
 * One unit of work. With `frontier` (the complete subtrees over all blocks before `range`, largest first) only the
 * history roots and tree records of the range are checked again: the shard had started from a wrong claim.
 */
export interface ShardTask {
  readonly range: Range;
  /** Only hold the sampled blocks of the range against other engines (see `checkSamples`). */
  readonly samples?: boolean;
  readonly frontier?: readonly Subtree[];
  /** These very blocks were found clean before: see `shard-evidence.ts`. */
  readonly known?: KnownShard;
}

/** A full shard that an earlier job with the same policy has checked without finding anything. */
export interface KnownShard {
  /** Hash of its last header then, lower-case hex. */
  readonly lastHash: string;
  /** When that job read it, ISO 8601. */
  readonly at: string;
}

/** What one shard found. Plain data: it crosses threads. */
export interface ShardResult {
  readonly range: Range;
  /** Set when the shard was told to stop; what is reported then covers [range.from, coveredTo). */
  readonly stopped?: StopReason;
  readonly coveredTo: number;
  readonly facts: readonly FindingFact[];
  /** What the history check found; it only counts once the merge has confirmed the frontier it started from. */
  readonly historyFacts: readonly FindingFact[];
  readonly checked: Checked;
  /** Signatures verified beyond what the level asks for, because their blocks are above the anchor. */
  readonly verifiedAboveAnchor: number;
  readonly categoryMs: Readonly<Record<Category, number>>;
  readonly durationMs: number;
  /** Complete subtrees over the block hashes of the range, in order; undefined when a header was missing. */
  readonly subtrees?: readonly Subtree[];
  /** The frontier that history was checked from: claimed by tree records until the merge has confirmed it. */
  readonly claimedFrontier?: readonly Subtree[];
  /** Recomputed hash of the last header of the range, when the shard came to its end and there is one. */
  readonly lastHash?: string;
  /** The canonical forms and signatures were taken from an earlier job, which read the same bytes then (ISO 8601). */
  readonly knownSince?: string;
}

/**
 * Why a worker could not even begin: it has no such replica, or not yet the pinned head. Another worker may, so that
 * this is no failure of the shard but of the choice of the worker.
 */
export type Unseen = 'replica' | 'pin';

/** Who ran a shard, and since when. */
interface ShardRun {
  /** Where that was another than who coordinates. */
  readonly node?: string;
  /** Thread of its process; 0 is the one that coordinates there. */
  readonly worker?: number;
  /** ISO 8601. */
  readonly startedAt?: string;
}

export type ShardOutcome = ShardRun &
  ({ readonly result: ShardResult } | { readonly failed: PlainError; readonly unseen?: Unseen });

/** Where shards run: in this thread, or on a pool. */
export interface ShardRunner {
  /** Shards that may run at once. */
  readonly concurrency: number;
  /** Runs one shard to its outcome; never rejects. A stop request reaches it through `signal`. */
  run(task: ShardTask, signal: AbortSignal): Promise<ShardOutcome>;
}

/** Longest time of work, in milliseconds, after which a shard calls {@link ShardControl.breathe}. */
export const BREATH_MS = 50;

/** How a running shard is told to stop, tells its progress and reads the time (milliseconds, monotonic). */
export interface ShardControl {
  stopped(): StopReason | undefined;
  progress(blocks: number, bytes: number): void;
  clock(): number;
  /** Lets whatever else this thread has to do have its turn, a stop request among it. */
  breathe(): Promise<void>;
}
