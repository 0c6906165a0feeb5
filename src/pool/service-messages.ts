import type { BlockHeader, InclusionProof, LegacyHeader } from '../chain/index.js';
import type { PlainError } from '../errors.js';
import type { AlignedLine } from '../rdf/index.js';
import type {
  Plan,
  Progress,
  Report,
  ShardOutcome,
  ShardTask,
  StopReason,
  Unseen,
} from '../validation/index.js';
import type { PoolLimits } from './limits.js';
import type { JobOptions } from './messages.js';

/**
 * What passes between the API process and its validator process: plain data. Every request has an id, by which the
 * validator answers it, tells its progress, and asks back what only the API process can do.
 */

/** A job for the long-lived validator. */
export interface RunSpec extends Omit<JobOptions, 'workers' | 'maxHeapMb'> {
  /** Use all worker threads and not only one. Default true. */
  readonly parallel?: boolean;
  /** Take over what an earlier job has shown of unchanged blocks, where there is a store of evidence. Default false. */
  readonly incremental?: boolean;
  /** Take a CPU profile and time the stages. Default false. */
  readonly profiling?: boolean;
  /** Tell the hash of block `commonHeight - 1` too. */
  readonly commonHeight?: number;
}

/** What a run of a job gives; `JobResult` of src/jobs. */
export interface RunResult {
  readonly report: Report;
  /** Recomputed hash of block `commonHeight - 1`, lower-case hex; null when there is none, absent when not asked for. */
  readonly commonHash?: string | null;
  /** Milliseconds per stage, when profiling. */
  readonly stages?: Readonly<Record<string, number>>;
  /** A V8 CPU profile (JSON text) of one worker thread's shards of this job, when profiling and it had any. */
  readonly cpuProfile?: string;
  /** The report says nothing because this machine does not show the pinned head (yet). */
  readonly unseen?: Unseen;
}

/** Where a chain stands now. */
export interface ChainHead {
  readonly chainId: string;
  readonly format: string;
  readonly replicaId: string;
  /** Blocks. */
  readonly height: number;
  /** Recomputed, lower-case hex; 64 zeros for an empty chain. */
  readonly headHash: string;
  /** Of the last block, as its header says it; null where there is no readable one. */
  readonly timestamp: string | null;
  /** The block that a valid anchor names, or null without one. */
  readonly anchorIndex: number | null;
}

/** A header as it is stored. Every byte of it is under the control of whoever can write to the store. */
export interface StoredBlockHeader {
  readonly index: number;
  /** The hash that is stored in front of the header, lower-case hex; empty where there is none. */
  readonly storedHash: string;
  /** The hash of the header bytes, lower-case hex; empty where there is none. */
  readonly hash: string;
  /** The header as stored, without the hash in front; empty where there is none. */
  readonly bytes: Uint8Array;
  /** Exactly one of these three is set. */
  readonly header?: BlockHeader;
  readonly legacy?: LegacyHeader;
  readonly problem?: string;
}

/** The payload of a block as it is stored, beside its canonical form. */
export interface InspectedPayload {
  /** Null where no payload could be read. */
  readonly bytes: number | null;
  /** Of the stored bytes, lower-case hex. */
  readonly sha256: string | null;
  /** Whether they are exactly their own canonical form; null when that was not found out. */
  readonly canonical: boolean | null;
  /** From the stored lines to the canonical ones, where those are others. */
  readonly diff: readonly AlignedLine[] | null;
  /** Lines are left out of `diff`. */
  readonly shortened: boolean;
  /** Why there is no payload or no canonical form. */
  readonly error: string | null;
}

/** One block as it is stored, whatever it is. */
export interface BlockInspection {
  readonly header: StoredBlockHeader;
  readonly payload: InspectedPayload;
  /** The headers before and after it, where the chain has those blocks. */
  readonly previous?: StoredBlockHeader;
  readonly next?: StoredBlockHeader;
}

/** What blocks are searched for: a hash of 64 hexadecimal digits, or bytes of a line of their payload. */
export type SearchTarget =
  | { readonly kind: 'hash'; readonly hash: string }
  | { readonly kind: 'line'; readonly needle: string };

export interface SearchRequest {
  readonly target: SearchTarget;
  /** The block after the first one that is looked at. */
  readonly before: number;
  /** Most blocks to find. */
  readonly limit: number;
  /** Milliseconds after which no further stretch is begun. */
  readonly budgetMs: number;
}

export interface FoundBlock {
  readonly index: number;
  /** Recomputed; null where no header can be read. */
  readonly hash: string | null;
  readonly timestamp: string | null;
  readonly quadCount: number | null;
  /** The first lines that match; none for a hash. */
  readonly lines: readonly string[];
}

export interface SearchAnswer {
  /** Newest first. */
  readonly blocks: readonly FoundBlock[];
  /** The blocks that were looked at. */
  readonly searched: { readonly from: number; readonly to: number };
  /** `before` of the search that goes on; null when there is nothing left. */
  readonly next: number | null;
  /** Blocks among them of which nothing could be read. */
  readonly unread: number;
}

/** What the validator can be asked for, with its arguments and its answer. */
export interface Calls {
  run: { args: readonly [dir: string, spec: RunSpec, offers: Offers]; value: RunResult };
  runShard: { args: readonly [dir: string, plan: Plan, task: ShardTask]; value: ShardOutcome };
  head: { args: readonly [dir: string]; value: ChainHead };
  readHeaders: {
    args: readonly [dir: string, from: number, to: number];
    value: readonly StoredBlockHeader[];
  };
  readPayload: { args: readonly [dir: string, index: number]; value: Uint8Array };
  inspectBlock: { args: readonly [dir: string, index: number, height: number]; value: BlockInspection };
  searchBlocks: { args: readonly [dir: string, request: SearchRequest]; value: SearchAnswer };
  inclusionProof: { args: readonly [dir: string, index: number, height?: number]; value: InclusionProof };
}
export type Call = keyof Calls;

/** What the caller of `run` does for the validator. */
export interface Offers {
  readonly progress: boolean;
  /** Runs the shards; otherwise they run in the validator's own pool. */
  readonly shards: boolean;
  readonly evidence: boolean;
}

/** What the validator asks back while it runs a job. */
export interface Asks {
  /** Says how many shards may be under way at once. Comes before any `shard`. */
  startShards: { args: readonly [plan: Plan]; value: number };
  shard: { args: readonly [task: ShardTask]; value: ShardOutcome };
  readEvidence: { args: readonly [keys: readonly string[]]; value: readonly (string | undefined)[] };
  writeEvidence: { args: readonly [keys: readonly string[], at: string]; value: undefined };
}
export type Ask = keyof Asks;

export type Answer = { readonly value: unknown } | { readonly error: PlainError };

export type ToService =
  | { readonly type: 'limits'; readonly limits: PoolLimits }
  | { readonly type: 'request'; readonly id: number; readonly call: Call; readonly args: readonly unknown[] }
  | { readonly type: 'cancel'; readonly id: number; readonly reason: StopReason }
  | { readonly type: 'answer'; readonly ask: number; readonly answer: Answer };

export type FromService =
  | { readonly type: 'ready'; readonly vitals: Vitals }
  | { readonly type: 'unready'; readonly error: PlainError }
  | { readonly type: 'vitals'; readonly vitals: Vitals }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | {
      readonly type: 'ask';
      readonly id: number;
      readonly ask: number;
      readonly what: Ask;
      readonly args: readonly unknown[];
    }
  | { readonly type: 'cancel-ask'; readonly ask: number; readonly reason: StopReason };

/** Measured by the validator of itself. */
export interface Vitals {
  readonly rssBytes: number;
  /** CPU time so far, user and system, all threads. */
  readonly cpuMicroseconds: number;
  /** Monotonic, of the validator. */
  readonly atMs: number;
  readonly threads: number;
  readonly busyThreads: number;
}
