import type { PlainError } from '../errors.js';
import type { Payload } from '../ledger/index.js';
import type { RdfFormat } from '../rdf/index.js';
import type {
  Check,
  Level,
  Pin,
  Plan,
  Progress,
  Report,
  ShardOutcome,
  ShardTask,
  StopReason,
} from '../validation/index.js';

/**
 * What passes between the coordinator, its worker threads and the validator process: plain data, because errors and
 * classes lose their type on the way. Nothing here comes from outside this program; chain data crosses only inside
 * findings.
 */

/** One shard for a worker thread. */
export interface ShardRequest {
  readonly dir: string;
  readonly plan: Plan;
  readonly task: ShardTask;
  /** Memory of the job's {@link JobSignals}, which both sides see. */
  readonly signals: SharedArrayBuffer;
  /** Whose counters to use. */
  readonly slot: number;
  /** Memory of the pool's {@link PoolSettings}; without it nothing is limited. */
  readonly settings?: SharedArrayBuffer;
  /** Take a CPU profile of this shard. */
  readonly profile?: boolean;
}

/** A shard's outcome, with its CPU profile (JSON text) if one was asked for. */
export type ShardReply = ShardOutcome & { readonly profile?: string };

/** What can change while shards run, seen by all threads of a pool at once. */
export class PoolSettings {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  static create(): PoolSettings {
    return new PoolSettings(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  }

  static over(buffer: SharedArrayBuffer): PoolSettings {
    return new PoolSettings(buffer);
  }

  setCpuPercent(percent = 100): void {
    Atomics.store(this.#cells, 0, percent);
  }

  /** Of a thread's time that it may work, in percent. */
  cpuPercent(): number {
    return Atomics.load(this.#cells, 0);
  }
}

const STOP_REASONS: readonly StopReason[] = ['cancelled', 'time-limit'];
const SLOT_OFFSET = 1;

/**
 * What a job and its running shards tell each other without messages: whether to stop, and how far each is. Cell 0
 * holds the stop request (0: none); each slot has two cells, blocks and bytes, written by one thread at a time.
 */
export class JobSignals {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: BigInt64Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#cells = new BigInt64Array(buffer);
  }

  static create(slots: number): JobSignals {
    const cells = SLOT_OFFSET + 2 * slots;
    return new JobSignals(new SharedArrayBuffer(cells * BigInt64Array.BYTES_PER_ELEMENT));
  }

  static over(buffer: SharedArrayBuffer): JobSignals {
    return new JobSignals(buffer);
  }

  stop(reason: StopReason): void {
    Atomics.store(this.#cells, 0, BigInt(STOP_REASONS.indexOf(reason) + 1));
  }

  stopped(): StopReason | undefined {
    return STOP_REASONS[Number(Atomics.load(this.#cells, 0)) - 1];
  }

  add(slot: number, blocks: number, bytes: number): void {
    const cell = SLOT_OFFSET + 2 * slot;
    Atomics.add(this.#cells, cell, BigInt(blocks));
    Atomics.add(this.#cells, cell + 1, BigInt(bytes));
  }

  read(slot: number): { blocks: number; bytes: number } {
    const cell = SLOT_OFFSET + 2 * slot;
    return {
      blocks: Number(Atomics.load(this.#cells, cell)),
      bytes: Number(Atomics.load(this.#cells, cell + 1)),
    };
  }

  clear(slot: number): void {
    const cell = SLOT_OFFSET + 2 * slot;
    Atomics.store(this.#cells, cell, 0n);
    Atomics.store(this.#cells, cell + 1, 0n);
  }
}

/** What a validation of a directory is told that can cross to another process; see `DirectoryOptions`. */
export interface JobOptions {
  /** Default Standard. */
  readonly level?: Level;
  /** A custom set of checks; replaces the level's. */
  readonly checks?: readonly Check[];
  /**
   * Shards at a time; 0: one, and all of it in the calling thread. Default: as many as pay for themselves, at most 8.
   * `lanes.ts` says which of them run on worker threads.
   */
  readonly workers?: number;
  /** First block. Default 0. */
  readonly from?: number;
  /** Block after the last one. Default: the height of the chain. */
  readonly to?: number;
  readonly timeLimitMs?: number;
  readonly requireAnchor?: boolean;
  readonly batchSize?: number;
  readonly canonicalWorkLimit?: number;
  /** Heap of each worker thread in MB; a shard that needs more fails. */
  readonly maxHeapMb?: number;
  /** Default: the host's name. */
  readonly node?: string;
  /** Default: a random UUID. */
  readonly jobId?: string;
  /** Validate this state of the chain, not the newest. */
  readonly pin?: Pin;
}

export type ToValidator =
  | {
      readonly type: 'validate';
      readonly dir: string;
      readonly options: JobOptions;
      readonly progress: boolean;
    }
  | { readonly type: 'stop' };

export type FromValidator =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'report'; readonly report: Report }
  | { readonly type: 'error'; readonly error: PlainError };

/** One document for an intake thread; see `Intake`. */
export interface IntakeRequest {
  readonly document: Uint8Array;
  readonly format: RdfFormat;
  readonly payloadLimitBytes: number;
}

export type IntakeAnswer = { readonly payload: Payload } | { readonly failed: PlainError };
