import type { Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import { bullMq } from '../redis-packages.js';
import type { Priority } from './job.js';
import {
  DEFAULT_RETRY,
  type JobQueue,
  type Processor,
  PutBack,
  type QueuedJob,
  type QueuedPayload,
  type QueueWorker,
  type RetryOptions,
} from './queue.js';

/** How BullMQ finds out that a worker is lost: the same on every node, or a live job would be taken for a lost one. */
export interface LockOptions {
  /** A worker that has not said for so long that it works on a job has lost it. */
  readonly lockMs: number;
  /** How often lost jobs are looked for. */
  readonly stalledCheckMs: number;
  /** How often one addition may be lost by workers. */
  readonly maxStalled: number;
}

export const DEFAULT_LOCKS: LockOptions = { lockMs: 15_000, stalledCheckMs: 5000, maxStalled: 2 };

export interface BullQueueOptions {
  readonly name: string;
  readonly prefix: string;
  /** For adding: fails at once when Redis is away. Not closed with the queue. */
  readonly producer: Redis;
  /** For workers: waits for Redis. Not closed with the queue. */
  readonly consumer: () => Redis;
  readonly locks?: LockOptions;
  readonly retry?: RetryOptions;
  readonly log: Log;
}

/** Numbers, because Redis sorts by them; BullMQ puts jobs without one before all others. */
export const PRIORITY_RANKS: Readonly<Record<Priority, number>> = { high: 1, normal: 2, low: 3 };
const ANSWER_TIMEOUT_MS = 3000;
const COUNT_EVERY_MS = 1000;
/** Until a worker asks again after Redis failed it. */
const RETRY_DELAY_MS = 500;
/** How long a job stays away from a worker that still has an earlier start of it; doubled each time. */
const BUSY_MS = 250;
const LONGEST_BUSY_MS = 5000;

/** Additions in one message to Redis, which does nothing else meanwhile. */
const ADDED_AT_ONCE = 16;

interface Adding {
  readonly job: QueuedJob;
  resolve(jobId: string): void;
  reject(error: unknown): void;
}

/**
 * A queue in Redis, by BullMQ. A job leaves no trace in it when it has ended: that a job is there means that somebody
 * will work on it or does, and the record tells the rest.
 */
class BullQueue implements JobQueue {
  readonly #options: BullQueueOptions;
  readonly #workers = new Set<BullWorker>();
  #queue: Queue | undefined;
  #adding: Adding[] = [];
  #counted = 0;
  #counting: NodeJS.Timeout | undefined;

  constructor(options: BullQueueOptions) {
    this.#options = options;
  }

  /** What is added in one turn of the event loop goes to Redis as one message, which is most of what an addition costs. */
  add(job: QueuedJob): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#adding.push({ job, resolve, reject });
      if (this.#adding.length === ADDED_AT_ONCE) this.#sendAdded();
      else if (this.#adding.length === 1) setImmediate(() => this.#sendAdded());
    });
  }

  async remove(jobId: string): Promise<boolean> {
    return (await answered(this.#ready().remove(jobId))) === 1;
  }

  async missing(jobIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (jobIds.length === 0) return new Set();
    const pipeline = this.#redis().pipeline();
    for (const jobId of jobIds) pipeline.exists(this.#key(jobId));
    const answers = (await answered(pipeline.exec())) ?? [];
    return new Set(jobIds.filter((_, at) => answers[at]?.[0] === null && answers[at]?.[1] === 0));
  }

  async payload(jobId: string): Promise<string | undefined> {
    return parsePayload(await answered(this.#redis().hget(this.#key(jobId), 'data')));
  }

  async waiting(limit: number): Promise<readonly QueuedPayload[]> {
    const redis = this.#redis();
    const lists = await answered(
      Promise.all([
        redis.zrevrange(this.#key('prioritized'), 0, limit - 1),
        redis.lrange(this.#key('wait'), 0, limit - 1),
        redis.zrevrange(this.#key('delayed'), 0, limit - 1),
      ]),
    );
    const jobIds = lists.flat().sort().reverse().slice(0, limit);
    if (jobIds.length === 0) return [];
    const pipeline = redis.pipeline();
    for (const jobId of jobIds) pipeline.hget(this.#key(jobId), 'data');
    const answers = (await answered(pipeline.exec())) ?? [];
    return jobIds.flatMap((jobId, at) => {
      const payload = parsePayload(answers[at]?.[1]);
      return payload === undefined ? [] : { jobId, payload };
    });
  }

  /** Counting starts with the first call: only a node that accepts jobs has a use for it. */
  depth(): number {
    this.#counting ??= setInterval(() => this.#count(), COUNT_EVERY_MS).unref();
    return this.#counted;
  }

  work(processor: Processor, concurrency: number): QueueWorker {
    const worker = new BullWorker(this.#options, processor, concurrency, () => this.#workers.delete(worker));
    this.#workers.add(worker);
    return worker;
  }

  async close(): Promise<void> {
    clearInterval(this.#counting);
    await Promise.all([...this.#workers].map((worker) => worker.close()));
    await this.#queue?.close();
  }

  #sendAdded(): void {
    const adding = this.#adding;
    this.#adding = [];
    if (adding.length > 0) void this.#addAll(adding);
  }

  async #addAll(adding: readonly Adding[]): Promise<void> {
    const { attempts, backoffMs } = this.#options.retry ?? DEFAULT_RETRY;
    const common = { attempts, backoff: backoffMs, removeOnComplete: true, removeOnFail: true };
    const jobs = adding.map(({ job: { jobId, dedupId, priority, payload } }) => ({
      name: 'job',
      data: payload,
      opts: { jobId, deduplication: { id: dedupId }, priority: PRIORITY_RANKS[priority], ...common },
    }));
    try {
      const added = await answered(this.#ready().addBulk(jobs));
      // Of a job that the queue has already, BullMQ gives the id that it has it under.
      for (const [at, { resolve }] of adding.entries()) resolve(added[at]!.id as string);
    } catch (error) {
      for (const { reject } of adding) reject(error);
    }
  }

  #count(): void {
    const redis = this.#options.producer;
    if (redis.status !== 'ready') return;
    const key = (name: string) => this.#key(name);
    Promise.all([redis.zcard(key('prioritized')), redis.llen(key('wait')), redis.zcard(key('delayed'))]).then(
      (counts) => {
        this.#counted = counts.reduce((sum, count) => sum + count, 0);
      },
      () => {},
    );
  }

  #redis(): Redis {
    const { producer } = this.#options;
    if (producer.status !== 'ready') throw unavailable(`the connection is ${producer.status}`);
    return producer;
  }

  /** BullMQ's object fails for good if Redis is away when it is made, so it is made once Redis is there. */
  #ready(): Queue {
    const connection = this.#redis();
    if (!this.#queue) {
      const { name, prefix, log } = this.#options;
      const queue = new (bullMq().Queue)(name, { connection, prefix, skipWaitingForReady: true });
      queue.on('error', (error) => log.debug('queue error', { queue: name, reason: error.message }));
      queue.waitUntilReady().catch(() => {
        if (this.#queue === queue) this.#queue = undefined;
      });
      this.#queue = queue;
    }
    return this.#queue;
  }

  #key(name: string): string {
    return `${this.#options.prefix}:${this.#options.name}:${name}`;
  }
}

class BullWorker implements QueueWorker {
  readonly #worker: Worker;
  readonly #consumer: Redis;
  readonly #onClosed: () => void;
  /** Jobs that this works on, and how often another start of each has come meanwhile. */
  readonly #busy = new Map<string, number>();
  #paused = false;

  constructor(options: BullQueueOptions, processor: Processor, concurrency: number, onClosed: () => void) {
    const { name, prefix, log } = options;
    this.#onClosed = onClosed;
    this.#consumer = options.consumer();
    this.#worker = new (bullMq().Worker)(name, (job, token) => this.#work(job, token, processor), {
      connection: this.#consumer,
      prefix,
      concurrency,
      ...workerOptions(options.locks ?? DEFAULT_LOCKS),
    });
    this.#worker.on('error', (error) =>
      log.debug('queue worker error', { queue: name, reason: error.message }),
    );
  }

  /** BullMQ looks at a higher number only when one of its jobs ends, or when it goes on after a pause. */
  setConcurrency(jobs: number): void {
    const more = jobs > this.#worker.concurrency;
    this.#worker.concurrency = jobs;
    if (!more || this.#paused) return;
    void this.#worker.pause(true).then(() => (this.#paused ? undefined : this.#worker.resume()));
  }

  pause(): void {
    this.#paused = true;
    void this.#worker.pause(true);
  }

  async close(): Promise<void> {
    await closeWorker(this.#worker, this.#consumer);
    this.#onClosed();
  }

  /**
   * BullMQ keeps the locks of its worker's jobs by their ids. Of two starts of one job here (the queue was emptied and
   * has the job again, or the lock was lost while the process was frozen) the end of the first would take the lock from
   * the second, which would then be taken for lost. So a second start waits until the first is over.
   */
  async #work(job: Job, token: string | undefined, processor: Processor): Promise<void> {
    const jobId = job.id as string;
    const refused = this.#busy.get(jobId);
    if (refused !== undefined) {
      this.#busy.set(jobId, refused + 1);
      return handBack(job, token, Math.min(BUSY_MS * 2 ** refused, LONGEST_BUSY_MS));
    }
    this.#busy.set(jobId, 0);
    const last = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    try {
      const payload = typeof job.data === 'string' ? job.data : '';
      await processor({ jobId, payload, start: job.attemptsStarted, last });
    } catch (error) {
      if (!(error instanceof PutBack)) throw error;
      if (error.restMs > 0) this.#rest(error.restMs);
      await handBack(job, token, error.restMs / 2);
    } finally {
      this.#busy.delete(jobId);
    }
  }

  /** Takes no job for a while, so that another worker gets the one that this cannot do. */
  #rest(ms: number): void {
    void this.#worker.pause(true);
    setTimeout(() => this.#paused || this.#worker.resume(), ms).unref();
  }
}

/** For the worker that takes it next, after a while: only a job that is delayed wakes workers when its time comes. */
async function handBack(job: Job, token: string | undefined, afterMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + afterMs, token);
  throw new (bullMq().DelayedError)();
}

/**
 * Lets a worker end what it works on. With Redis away there is nobody to take leave of, and a worker that waits for it
 * would keep the process alive.
 */
export function closeWorker(worker: Worker, connection: Redis): Promise<void> {
  return worker.close(connection.status !== 'ready');
}

export function workerOptions({ lockMs, stalledCheckMs, maxStalled }: LockOptions) {
  return {
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    maxStalledCount: maxStalled,
    runRetryDelay: RETRY_DELAY_MS,
  };
}

/** What Redis holds is anybody's who can write to it; what it says is judged by who opens the seal. */
function parsePayload(data: unknown): string | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    const payload: unknown = JSON.parse(data);
    return typeof payload === 'string' ? payload : undefined;
  } catch {
    return undefined;
  }
}

const unavailable = (reason: string, cause?: unknown) =>
  new ProvChainError('QUEUE_UNAVAILABLE', `Redis does not answer: ${reason}`, { cause });

/** An answer of Redis, or QUEUE_UNAVAILABLE. A connected Redis that has been stopped would never answer. */
export async function answered<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    if (error instanceof ProvChainError) throw error;
    throw unavailable(error instanceof Error ? error.message : String(error), error);
  } finally {
    clearTimeout(timer);
  }
}

/** A queue in Redis; see {@link BullQueue}. */
export function createBullQueue(options: BullQueueOptions): JobQueue {
  return new BullQueue(options);
}
