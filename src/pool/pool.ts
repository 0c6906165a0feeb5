import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { ProvChainError } from '../errors.js';
import type { Plan } from '../validation/index.js';
import type { ShardReply, ShardRequest } from './messages.js';
import { PooledRunner } from './runner.js';
import { threadArguments } from './thread-arguments.js';

const ENTRY = fileURLToPath(new URL('../../workers/check-shard.js', import.meta.url));

/** Heap of one worker. A block is checked in some ten times its size; Buffers are not counted in it. */
const DEFAULT_MAX_HEAP_MB = 1024;

export interface PoolOptions {
  /** Threads, all started at once. */
  readonly workers: number;
  /** Limit of each thread's JavaScript heap; going over it ends the thread, and with it the shard. */
  readonly maxHeapMb?: number;
}

/**
 * Worker threads that check shards. The threads boot while the caller goes on; what is given to them meanwhile waits.
 *
 * Piscina's task queue is never used as one: nobody has more than `workers` shards under way.
 */
export class ValidationPool {
  readonly #piscina: Piscina;
  readonly #workers: number;
  readonly #running = new Set<AbortController>();
  readonly #ready: Promise<void>;
  #closed: Promise<void> | undefined;

  constructor({ workers, maxHeapMb = DEFAULT_MAX_HEAP_MB }: PoolOptions) {
    this.#workers = workers;
    this.#piscina = new Piscina({
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      // Without it a thread blocks in Atomics.wait between tasks, and its open handle never gets its callbacks.
      atomics: 'disabled',
      stricterFIFO: true,
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
      execArgv: threadArguments(),
    });
    // Emitted for a thread that died without a task, that is, while it booted.
    this.#piscina.on('error', (error) => this.#onBootFailure(error));
    this.#ready = this.#warmUp();
    this.#ready.catch(() => {});
  }

  /** Resolves as soon as one thread can take shards. Errors: INTERNAL when none can, with the reason. */
  ready(): Promise<void> {
    return this.#ready;
  }

  get threads(): number {
    return this.#piscina.threads.length;
  }

  /** One shard on a free thread; `kill` ends that thread. Rejects when the thread dies. */
  runShard(request: ShardRequest, kill: AbortController): Promise<ShardReply> {
    return this.#dispatch('runShard', request, kill);
  }

  /** Where the shards of one job run that has the pool for itself. */
  runnerFor(dir: string, plan: Plan): PooledRunner {
    const dispatch = (request: ShardRequest, kill: AbortController) => this.runShard(request, kill);
    return new PooledRunner({ dir, plan, concurrency: this.#workers, dispatch });
  }

  /** Ends all threads, whatever they are doing. Handles they had open are closed with them. */
  close(): Promise<void> {
    this.#closed ??= this.#piscina.destroy();
    return this.#closed;
  }

  /**
   * The entry is named per task and not for the pool: a module that does not load then rejects the task with its
   * reason, where it would otherwise end one thread after the other with tasks left waiting.
   */
  async #dispatch(name: 'warmUp' | 'runShard', request: ShardRequest | undefined, kill: AbortController) {
    this.#running.add(kill);
    try {
      return (await this.#piscina.run(request, {
        filename: ENTRY,
        name,
        signal: kill.signal,
      })) as ShardReply;
    } finally {
      this.#running.delete(kill);
    }
  }

  async #warmUp(): Promise<void> {
    const pings = Array.from({ length: this.#workers }, () =>
      this.#dispatch('warmUp', undefined, new AbortController()),
    );
    try {
      await Promise.any(pings);
    } catch (thrown) {
      throw notStarted((thrown as AggregateError).errors[0]);
    }
  }

  /** Piscina gives up on threads that die while booting and leaves what waits for them waiting. */
  #onBootFailure(error: unknown): void {
    if (this.#piscina.threads.length > 0) return;
    for (const kill of this.#running) kill.abort(error);
  }
}

/** Starts the threads. Errors: INTERNAL when the system gives none. */
export function createPool(options: PoolOptions): ValidationPool {
  try {
    return new ValidationPool(options);
  } catch (thrown) {
    throw notStarted(thrown as Error);
  }
}

function notStarted(cause: Error): ProvChainError {
  // An AbortError says nothing; why it was sent is its cause.
  const { message } = cause.cause instanceof Error ? cause.cause : cause;
  return new ProvChainError('INTERNAL', `no worker thread could start: ${message}`, { cause });
}
