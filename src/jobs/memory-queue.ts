import { PRIORITIES, type Priority } from './job.js';
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

interface Held extends QueuedJob {
  starts: number;
  failures: number;
  active: boolean;
}

/**
 * The queue of a node without Redis. It lasts as long as the process: after a restart the records bring the jobs back.
 *
 * States of a job: waiting → active → gone; active → waiting after a failed start that was not the last (behind a pause,
 * in front of its priority) or when it is put back; waiting → gone when it is removed.
 */
class MemoryQueue implements JobQueue {
  readonly #retry: RetryOptions;
  readonly #jobs = new Map<string, Held>();
  readonly #byDedup = new Map<string, string>();
  readonly #lines = new Map<Priority, Held[]>(PRIORITIES.map((priority) => [priority, []]));
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #workers = new Set<MemoryWorker>();
  #waiting = 0;

  constructor(retry: RetryOptions = DEFAULT_RETRY) {
    this.#retry = retry;
  }

  async add(job: QueuedJob): Promise<string> {
    if (this.#jobs.has(job.jobId)) return job.jobId;
    const same = this.#byDedup.get(job.dedupId);
    if (same !== undefined) return same;
    const held: Held = { ...job, starts: 0, failures: 0, active: false };
    this.#jobs.set(job.jobId, held);
    this.#byDedup.set(job.dedupId, job.jobId);
    this.#enqueue(held, 'last');
    return job.jobId;
  }

  async remove(jobId: string): Promise<boolean> {
    const held = this.#jobs.get(jobId);
    if (held?.active) return false;
    if (held) {
      const line = this.#lineOf(held);
      const at = line.indexOf(held);
      if (at >= 0) line.splice(at, 1);
      this.#waiting--;
      this.#forget(held);
    }
    return true;
  }

  async missing(jobIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(jobIds.filter((jobId) => !this.#jobs.has(jobId)));
  }

  async payload(jobId: string): Promise<string | undefined> {
    return this.#jobs.get(jobId)?.payload;
  }

  async waiting(limit: number): Promise<readonly QueuedPayload[]> {
    const all = [...this.#jobs.values()].filter(({ active }) => !active);
    return all.slice(-limit).reverse();
  }

  depth(): number {
    return this.#waiting;
  }

  work(processor: Processor, concurrency: number): QueueWorker {
    const worker = new MemoryWorker(
      () => this.#take(),
      (held) => this.#run(held, processor),
      concurrency,
      () => this.#workers.delete(worker),
    );
    this.#workers.add(worker);
    worker.wake();
    return worker;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all([...this.#workers].map((worker) => worker.close()));
  }

  #take(): Held | undefined {
    for (const priority of PRIORITIES) {
      const held = this.#lines.get(priority)?.shift();
      if (!held) continue;
      held.active = true;
      held.starts++;
      this.#waiting--;
      return held;
    }
    return undefined;
  }

  async #run(held: Held, processor: Processor): Promise<void> {
    const last = held.failures + 1 >= this.#retry.attempts;
    const { jobId, payload, starts } = held;
    try {
      await processor({ jobId, payload, start: starts, last });
      this.#forget(held);
    } catch (error) {
      if (error instanceof PutBack) {
        await new Promise((resolve) => setTimeout(resolve, error.restMs));
        held.active = false;
        return this.#enqueue(held, 'first');
      }
      held.active = false;
      held.failures++;
      if (last) return this.#forget(held);
      // It counts as waiting while it pauses, so that it can be removed and is not missing.
      this.#waiting++;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        if (this.#jobs.get(jobId) !== held) return;
        this.#waiting--;
        this.#enqueue(held, 'first');
      }, this.#retry.backoffMs);
      this.#timers.add(timer);
    }
  }

  #enqueue(held: Held, where: 'first' | 'last'): void {
    const line = this.#lineOf(held);
    if (where === 'first') line.unshift(held);
    else line.push(held);
    this.#waiting++;
    for (const worker of this.#workers) worker.wake();
  }

  #forget(held: Held): void {
    this.#jobs.delete(held.jobId);
    if (this.#byDedup.get(held.dedupId) === held.jobId) this.#byDedup.delete(held.dedupId);
  }

  #lineOf({ priority }: Held): Held[] {
    return this.#lines.get(priority) as Held[];
  }
}

class MemoryWorker implements QueueWorker {
  readonly #take: () => Held | undefined;
  readonly #run: (held: Held) => Promise<void>;
  readonly #onClosed: () => void;
  readonly #active = new Set<Promise<void>>();
  #concurrency: number;
  #paused = false;

  constructor(
    take: () => Held | undefined,
    run: (held: Held) => Promise<void>,
    concurrency: number,
    onClosed: () => void,
  ) {
    this.#take = take;
    this.#run = run;
    this.#concurrency = concurrency;
    this.#onClosed = onClosed;
  }

  /** Jobs begin in a later turn, so that who adds one has recorded it. */
  wake(): void {
    setImmediate(() => this.#fill());
  }

  setConcurrency(jobs: number): void {
    this.#concurrency = jobs;
    this.wake();
  }

  pause(): void {
    this.#paused = true;
  }

  async close(): Promise<void> {
    this.#paused = true;
    await Promise.all(this.#active);
    this.#onClosed();
  }

  #fill(): void {
    while (!this.#paused && this.#active.size < this.#concurrency) {
      const held = this.#take();
      if (!held) return;
      const work = this.#run(held).finally(() => {
        this.#active.delete(work);
        this.wake();
      });
      this.#active.add(work);
    }
  }
}

/** The queue of a node without Redis; see {@link MemoryQueue}. */
export function createMemoryQueue(retry?: RetryOptions): JobQueue {
  return new MemoryQueue(retry);
}
