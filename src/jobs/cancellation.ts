import type { JobRecord } from './job.js';
import type { JobRunner } from './job-runner.js';
import type { JobQueue } from './queue.js';
import type { RecordBook } from './record-book.js';
import type { RecordMirror } from './record-mirror.js';
import { cancelRecord, isTerminal } from './transition.js';

export interface CancellationOptions {
  readonly book: RecordBook;
  readonly runner: JobRunner;
  readonly mirror?: RecordMirror;
  readonly queueOf: (replica: string) => JobQueue;
  readonly find: (jobId: string) => Promise<JobRecord | undefined>;
  readonly now: () => Date;
}

const PAUSE_MS = 20;
const MOST_TRIES = 50;

/** Follows requests to cancel a job, which come from a caller here and, over Redis, from those of other nodes. */
export class Cancellation {
  readonly #options: CancellationOptions;
  readonly #following = new Map<string, Promise<void>>();

  constructor(options: CancellationOptions) {
    this.#options = options;
  }

  /** One request for a job at a time: the caller's own comes back over Redis. */
  follow(jobId: string, by: string): Promise<void> {
    const running = this.#following.get(jobId);
    if (running) return running;
    const followed = this.#follow(jobId, by).finally(() => this.#following.delete(jobId));
    this.#following.set(jobId, followed);
    return followed;
  }

  /**
   * Cancels what is here: a run of this node, or a job that waits. A job that a worker of this process is just taking is
   * neither yet, so without a mirror, which would tell that worker, this asks more than once.
   */
  async #follow(jobId: string, by: string): Promise<void> {
    const { book, runner, mirror, queueOf, find, now } = this.#options;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (runner.cancel(jobId, by)) return;
      const record = await find(jobId);
      if (!record || isTerminal(record.state)) return;
      if (await queueOf(record.spec.replica).remove(jobId)) {
        const cancelled = cancelRecord(record, by, now());
        const write = await mirror?.put(cancelled);
        if (!write || write.accepted) await book.adopt(cancelled);
        return;
      }
      if (mirror) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
