import { ERRORS, type ErrorCode, lesserFailure, type PlainError } from '../errors.js';
import type { Plan, ShardOutcome, ShardRunner, ShardTask, StopReason } from '../validation/index.js';
import { JobSignals, type ShardRequest } from './messages.js';

/** How long a shard may take to notice a stop request before its thread is ended: one hard block can take long. */
const STOP_GRACE_MS = 2000;
/** Why a thread is ended when the grace is over. */
const DEAF = 'deaf';

/** How much the shards of a job have covered so far. */
export interface Covered {
  readonly blocks: number;
  readonly bytes: number;
}

interface RunnerOptions {
  readonly dir: string;
  readonly plan: Plan;
  readonly concurrency: number;
  /**
   * Hands a request to a free thread; `kill` ends that thread, `signal` only spares what has not begun. Rejects when the
   * thread dies.
   */
  readonly dispatch: (
    request: ShardRequest,
    kill: AbortController,
    signal: AbortSignal,
  ) => Promise<ShardOutcome>;
}

/**
 * The shards of one job on the pool. A shard waits for one of `concurrency` slots, runs, and if it fails or its
 * thread dies, runs once more: on a fresh handle and, after a death or a defect, on a fresh thread. The other shards
 * go on meanwhile.
 */
export class PooledRunner implements ShardRunner {
  readonly concurrency: number;
  readonly #options: RunnerOptions;
  readonly #signals: JobSignals;
  readonly #freeSlots: number[];
  readonly #waiting: ((slot: number) => void)[] = [];
  readonly #finished = { blocks: 0, bytes: 0 };

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.concurrency = options.concurrency;
    this.#signals = JobSignals.create(options.concurrency);
    this.#freeSlots = Array.from({ length: options.concurrency }, (_, slot) => slot);
  }

  async run(task: ShardTask, signal: AbortSignal): Promise<ShardOutcome> {
    const slot = await this.#takeSlot();
    try {
      const first = await this.#attempt(task, slot, signal);
      if (!('failed' in first) || signal.aborted) return first;
      const second = await this.#attempt(task, slot, signal);
      if (!('failed' in second)) return second;
      const failed = lesserFailure(first.failed, second.failed);
      return failed === second.failed ? second : first;
    } finally {
      this.#giveBackSlot(slot);
    }
  }

  /** Read at any time; a shard that is tried again takes back what its first attempt had covered. */
  covered(): Covered {
    let { blocks, bytes } = this.#finished;
    for (let slot = 0; slot < this.concurrency; slot++) {
      const running = this.#signals.read(slot);
      blocks += running.blocks;
      bytes += running.bytes;
    }
    return { blocks, bytes };
  }

  async #attempt(task: ShardTask, slot: number, signal: AbortSignal): Promise<ShardOutcome> {
    const { dir, plan, dispatch } = this.#options;
    const kill = new AbortController();
    let grace: NodeJS.Timeout | undefined;
    const stop = () => {
      this.#signals.stop(stopReason(signal));
      grace = setTimeout(() => kill.abort(DEAF), STOP_GRACE_MS);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    try {
      const outcome = await dispatch({ dir, plan, task, slot, signals: this.#signals.buffer }, kill, signal);
      if ('result' in outcome) this.#bankProgress(slot);
      return outcome;
    } catch (thrown) {
      return { failed: describeDeath(thrown) };
    } finally {
      clearTimeout(grace);
      signal.removeEventListener('abort', stop);
      this.#signals.clear(slot);
    }
  }

  /** What a finished shard has covered stays counted when its slot goes to another. */
  #bankProgress(slot: number): void {
    const { blocks, bytes } = this.#signals.read(slot);
    this.#finished.blocks += blocks;
    this.#finished.bytes += bytes;
  }

  async #takeSlot(): Promise<number> {
    return this.#freeSlots.pop() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveBackSlot(slot: number): void {
    const next = this.#waiting.shift();
    if (next) next(slot);
    else this.#freeSlots.push(slot);
  }
}

function stopReason({ reason }: AbortSignal): StopReason {
  return reason === 'time-limit' ? 'time-limit' : 'cancelled';
}

/** Why a thread ended before it answered. */
function describeDeath(thrown: unknown): PlainError {
  const { code, message, cause } = thrown as Error & { code?: string };
  if (cause === DEAF) {
    const seconds = STOP_GRACE_MS / 1000;
    return {
      code: 'INTERNAL',
      message: `the shard did not stop within ${seconds} s, so its thread was ended`,
    };
  }
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { code: 'INTERNAL', message: 'the worker thread went over its memory limit' };
  }
  if (code !== undefined && code in ERRORS) return { code: code as ErrorCode, message };
  const reason = cause instanceof Error ? cause.message : message;
  return { code: 'INTERNAL', message: `the worker thread died: ${reason}` };
}
