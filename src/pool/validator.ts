import type { InclusionProof } from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import type {
  EvidenceStore,
  Plan,
  Progress,
  ShardOutcome,
  ShardRunner,
  ShardTask,
} from '../validation/index.js';
import { type AnswerAsk, ChildLink } from './child-link.js';
import type { PoolLimits } from './limits.js';
import { MemoryWatch } from './memory-watch.js';
import type {
  Asks,
  BlockInspection,
  Call,
  Calls,
  ChainHead,
  RunResult,
  RunSpec,
  SearchAnswer,
  SearchRequest,
  StoredBlockHeader,
  Vitals,
} from './service-messages.js';
import { ProcessUsage, type ValidatorStats } from './usage.js';

export interface ValidatorOptions extends PoolLimits {
  readonly log: Log;
  /** Seconds without any sign of life after which the process is ended and started anew. Default 20. */
  readonly silenceLimitSeconds?: number;
}

export interface RunOptions {
  /** Aborted (with 'cancelled' or 'time-limit') ends the job with a report of what was covered. */
  readonly signal: AbortSignal;
  /** Called every 100 ms while the job runs. */
  readonly onProgress?: (progress: Progress) => void;
  /** Where the shards run instead of on the validator's own threads; called once the plan is made. */
  readonly shards?: (plan: Plan) => ShardRunner;
  /** For incremental jobs. */
  readonly evidence?: EvidenceStore;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** A process that lived so long was not ended by what it was started with. */
const SETTLED_MS = 10_000;
const DEFAULT_SILENCE_SECONDS = 20;
/** Requests under way at once, at most. */
const MOST_REQUESTS = 4096;

/**
 * Validates and reads chains in one long-lived process of its own, because RocksDB may abort its process over a damaged
 * store. States: starting → running → (ended → pausing → starting)* → closed.
 *
 * When the process ends, however that came, every request under way rejects with STORE_UNAVAILABLE, which may be tried
 * again; the process is started anew after a pause that grows from 100 ms to 5 s while it keeps ending early. Requests
 * that come meanwhile wait for it.
 *
 * Beside what each method says, all reject with STORE_UNAVAILABLE, OVERLOADED (4096 requests are under way) and
 * SHUTTING_DOWN (closed).
 */
export class Validator {
  readonly #log: Log;
  readonly #usage = new ProcessUsage();
  readonly #silenceSeconds: number;
  readonly #watch: NodeJS.Timeout;
  #limits: PoolLimits;
  #link: Promise<ChildLink>;
  #running: ChildLink | undefined;
  #startedAt = 0;
  #pauseMs = 0;
  #silentSeconds = 0;
  /** Begins when the threads have started. */
  #memory: MemoryWatch | undefined;
  #requests = 0;
  #closed: Promise<void> | undefined;
  /** Ends the pause before a new start, when the validator is closed meanwhile. */
  #endPause: (() => void) | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor({ log, silenceLimitSeconds = DEFAULT_SILENCE_SECONDS, ...limits }: ValidatorOptions) {
    this.#log = log;
    this.#limits = limits;
    this.#silenceSeconds = silenceLimitSeconds;
    this.#link = this.#start();
    // Ticks and not a deadline: after a suspended machine wakes up, both processes have been silent.
    this.#watch = setInterval(() => this.#countSilence(), 1000).unref();
  }

  /** Resolves when a worker thread can take shards. Errors: INTERNAL when none starts, with the reason. */
  async ready(): Promise<void> {
    await this.#link;
  }

  /**
   * One job, from opening to report; what is wrong with the data is in the report, and so is a store that cannot be
   * opened. Errors: NOT_A_CHAIN; USAGE and OUT_OF_RANGE for options that do not fit the chain.
   */
  run(dir: string, spec: RunSpec, options: RunOptions): Promise<RunResult> {
    const { signal, onProgress, shards, evidence } = options;
    const offers = {
      progress: onProgress !== undefined,
      shards: shards !== undefined,
      evidence: evidence !== undefined,
    };
    return this.#request('run', [dir, spec, offers], {
      signal,
      onProgress,
      onAsk: answerAsks(shards, evidence),
    });
  }

  /**
   * One shard of a job that is coordinated elsewhere. Never rejects for the store: an outcome with `unseen` says that
   * this machine cannot judge the shard and another may.
   */
  runShard(dir: string, plan: Plan, task: ShardTask, signal: AbortSignal): Promise<ShardOutcome> {
    return this.#request('runShard', [dir, plan, task], { signal });
  }

  /** Where the chain stands, through a view opened after the call. Errors: NOT_A_CHAIN, STORE_CORRUPT. */
  head(dir: string): Promise<ChainHead> {
    return this.#request('head', [dir]);
  }

  /**
   * The headers from `from` to before `to` as stored, at most 1000. Errors: NOT_A_CHAIN, STORE_CORRUPT, OUT_OF_RANGE.
   */
  readHeaders(dir: string, from: number, to: number): Promise<readonly StoredBlockHeader[]> {
    return this.#request('readHeaders', [dir, from, to]);
  }

  /** The payload of a block as stored. Errors: NOT_A_CHAIN, STORE_CORRUPT, OUT_OF_RANGE where there is none. */
  readPayload(dir: string, index: number): Promise<Uint8Array> {
    return this.#request('readPayload', [dir, index]);
  }

  /** One block of a chain of `height` blocks, as far as it can be read. Errors: NOT_A_CHAIN, STORE_CORRUPT, OUT_OF_RANGE. */
  inspectBlock(dir: string, index: number, height: number): Promise<BlockInspection> {
    return this.#request('inspectBlock', [dir, index, height]);
  }

  /**
   * The newest blocks that hold something, with where the search goes on. It ends early when the signal is aborted.
   * Errors: NOT_A_CHAIN, STORE_CORRUPT.
   */
  searchBlocks(dir: string, request: SearchRequest, signal: AbortSignal): Promise<SearchAnswer> {
    return this.#request('searchBlocks', [dir, request], { signal });
  }

  /**
   * The proof that block `index` is part of the chain at `height` (default: as it is now, or as the anchor of an
   * imported chain names it). Errors: NOT_A_CHAIN, STORE_CORRUPT, OUT_OF_RANGE, CHAIN_DAMAGED.
   */
  inclusionProof(dir: string, index: number, height?: number): Promise<InclusionProof> {
    return this.#request('inclusionProof', [dir, index, height]);
  }

  /** In force at once for shards that have not begun; the CPU limit for running ones too. */
  setLimits(limits: Partial<PoolLimits>): void {
    this.#limits = { ...this.#limits, ...limits };
    this.#running?.setLimits(this.#limits);
    this.#checkHeadroom();
  }

  /** Measured; what was not measured (yet) is absent. */
  stats(): ValidatorStats {
    return this.#usage.stats(this.#running?.pid);
  }

  /** Ends the process; what is under way rejects with SHUTTING_DOWN. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    clearInterval(this.#watch);
    this.#endPause?.();
    this.#running?.kill(closed());
    await this.#link.catch(() => {});
    this.#running?.kill(closed());
    await this.#ended;
  }

  async #request<C extends Call>(
    call: C,
    args: Calls[C]['args'],
    hooks: Parameters<ChildLink['request']>[2] = {},
  ): Promise<Calls[C]['value']> {
    if (this.#closed) throw closed();
    if (this.#requests >= MOST_REQUESTS) {
      throw new ProvChainError('OVERLOADED', `${MOST_REQUESTS} requests to the validator are under way`);
    }
    this.#requests++;
    try {
      const link = await this.#link;
      return await link.request(call, args, hooks);
    } finally {
      this.#requests--;
    }
  }

  #start(): Promise<ChildLink> {
    this.#startedAt = performance.now();
    this.#silentSeconds = 0;
    this.#memory = undefined;
    const started = new Promise<ChildLink>((resolve, reject) => {
      let ended = () => {};
      this.#ended = new Promise((done) => {
        ended = done;
      });
      const end = (how: string) => {
        this.#running = undefined;
        ended();
        reject(this.#closed ? closed() : notStarted(how));
        this.#onEnd(how);
      };
      try {
        const link: ChildLink = new ChildLink(this.#limits, {
          onReady: (error) => {
            if (error) this.#log.error('the validator has no worker threads', { error: error.message });
            this.#memory = new MemoryWatch();
            // Short reads need no worker thread; what needs one says why it failed.
            resolve(link);
          },
          onVitals: (vitals) => this.#onVitals(link, vitals),
          onEnd: end,
        });
        this.#running = link;
      } catch (thrown) {
        // Some of what keeps the system from starting a process is thrown and not told as an event.
        setImmediate(end, `the validator process could not be started: ${(thrown as Error).message}`);
      }
    });
    started.catch(() => {});
    return started;
  }

  #onEnd(how: string): void {
    if (this.#closed) return;
    const lived = performance.now() - this.#startedAt;
    this.#pauseMs =
      lived >= SETTLED_MS || this.#pauseMs === 0
        ? FIRST_PAUSE_MS
        : Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    this.#usage.restarted();
    this.#log.warn('the validator process ended and is started anew', { how, pauseMs: this.#pauseMs });
    const pause = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#pauseMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#link = pause.then(() => {
      if (this.#closed) throw closed();
      return this.#start();
    });
    this.#link.catch(() => {});
  }

  #onVitals(link: ChildLink, vitals: Vitals): void {
    this.#usage.measured(vitals);
    const first = this.#memory?.leastMb === undefined;
    const excess = this.#memory?.judge(vitals, this.#limits.maxMemoryMb);
    if (first) this.#checkHeadroom();
    if (excess !== undefined) link.kill(new ProvChainError('STORE_UNAVAILABLE', excess));
  }

  #checkHeadroom(): void {
    const { maxMemoryMb } = this.#limits;
    const leastMb = this.#memory?.leastMb;
    if (maxMemoryMb === undefined || leastMb === undefined || maxMemoryMb >= leastMb) return;
    this.#log.warn('the memory limit is below what the validator needs, which is allowed to it', {
      maxMemoryMb,
      leastMb,
    });
  }

  #countSilence(): void {
    const link = this.#running;
    if (!link) return;
    this.#silentSeconds = link.takeHeard() ? 0 : this.#silentSeconds + 1;
    if (this.#silentSeconds < this.#silenceSeconds) return;
    const message = `the validator process gave no sign of life for ${this.#silentSeconds} s`;
    link.kill(new ProvChainError('STORE_UNAVAILABLE', message));
  }
}

/** Starts the process; it lives until it is closed or this process ends. */
export function createValidator(options: ValidatorOptions): Validator {
  return new Validator(options);
}

function answerAsks(shards: RunOptions['shards'], evidence: EvidenceStore | undefined): AnswerAsk {
  let runner: ShardRunner | undefined;
  return async (what, args, signal) => {
    switch (what) {
      case 'startShards':
        runner = shards?.((args as Asks['startShards']['args'])[0]);
        return runner?.concurrency;
      case 'shard':
        return runner?.run((args as Asks['shard']['args'])[0], signal);
      case 'readEvidence':
        return evidence?.read(...(args as Asks['readEvidence']['args']));
      case 'writeEvidence':
        return evidence?.write(...(args as Asks['writeEvidence']['args']));
    }
  };
}

const notStarted = (how: string): ProvChainError =>
  new ProvChainError('STORE_UNAVAILABLE', `${how} while it was starting`);

const closed = (): ProvChainError => new ProvChainError('SHUTTING_DOWN', 'the validator is closed');
