import type { Plan, ShardOutcome } from '../validation/index.js';
import { Gate } from './gate.js';
import { heapPerThreadMb, type PoolLimits, threadsWithin } from './limits.js';
import { PoolSettings, type ShardReply, type ShardRequest } from './messages.js';
import { createPool, type ValidationPool } from './pool.js';
import { PooledRunner } from './runner.js';

interface JobOnPool {
  readonly dir: string;
  readonly plan: Plan;
  /** One shard at a time. */
  readonly serial?: boolean;
  /** Takes the CPU profiles (JSON text) of the job's first lane, one for each shard. */
  readonly onProfile?: (profile: string) => void;
}

interface Threads {
  readonly pool: ValidationPool;
  running: number;
  retired?: () => void;
}

/**
 * Worker threads that outlive jobs and are shared by all of them. States: open → closed.
 *
 * A change of the number of threads or of their heap starts new threads at once; the old ones finish what they have
 * under way and end.
 */
export class SharedPool {
  readonly #gate: Gate;
  readonly #settings = PoolSettings.create();
  readonly #retiring = new Set<Promise<void>>();
  #limits: PoolLimits;
  #current: Threads;
  #closed = false;

  constructor(limits: PoolLimits) {
    this.#limits = limits;
    this.#gate = new Gate(threadsWithin(limits));
    this.#settings.setCpuPercent(limits.maxCpuPercent);
    this.#current = this.#start();
  }

  /** Resolves as soon as one thread can take shards. Errors: INTERNAL when none can, with the reason. */
  ready(): Promise<void> {
    return this.#current.pool.ready();
  }

  get threads(): number {
    return this.#current.pool.threads;
  }

  get busyThreads(): number {
    return this.#gate.running;
  }

  /** Where the shards of one job run. */
  runnerFor(job: JobOnPool): PooledRunner {
    const { dir, plan, serial = false, onProfile } = job;
    const dispatch = async (
      request: ShardRequest,
      kill: AbortController,
      signal: AbortSignal,
    ): Promise<ShardOutcome> => {
      const profile = onProfile !== undefined && request.slot === 0;
      const { profile: taken, ...outcome } = await this.#dispatch({ ...request, profile }, kill, signal);
      if (taken !== undefined) onProfile?.(taken);
      return outcome;
    };
    return new PooledRunner({ dir, plan, concurrency: serial ? 1 : this.#gate.lanes, dispatch });
  }

  setLimits(limits: PoolLimits): void {
    const before = this.#limits;
    this.#limits = limits;
    this.#settings.setCpuPercent(limits.maxCpuPercent);
    const workers = threadsWithin(limits);
    if (threadsWithin(before) === workers && heapPerThreadMb(before) === heapPerThreadMb(limits)) return;
    const old = this.#current;
    this.#current = this.#start();
    this.#gate.resize(workers);
    const retiring = new Promise<void>((resolve) => {
      old.retired = resolve;
      if (old.running === 0) resolve();
    }).then(() => old.pool.close());
    this.#retiring.add(retiring);
    retiring.finally(() => this.#retiring.delete(retiring)).catch(() => {});
  }

  /** Ends all threads, whatever they are doing. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#current.pool.close();
  }

  #start(): Threads {
    const limits = this.#limits;
    const options = { workers: threadsWithin(limits), maxHeapMb: heapPerThreadMb(limits) };
    return { pool: createPool(options), running: 0 };
  }

  async #dispatch(request: ShardRequest, kill: AbortController, signal: AbortSignal): Promise<ShardReply> {
    if (!(await this.#gate.enter(request.plan.runId, signal))) return { failed: NOT_STARTED };
    const current = this.#current;
    current.running++;
    try {
      return await current.pool.runShard({ ...request, settings: this.#settings.buffer }, kill);
    } finally {
      current.running--;
      if (current.running === 0) current.retired?.();
      if (!this.#closed) this.#gate.leave();
    }
  }
}

const NOT_STARTED = { code: 'INTERNAL', message: 'the shard was told to stop before it had begun' } as const;
