import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import { rest } from '../rest.js';
import type { JobState as StateStore } from './dependencies.js';
import type { JobRecord } from './job.js';

/** A job of this node that has ended. */
export interface EndedJob {
  readonly record: JobRecord;
  /** JSON text: `provchain-report/1`, or `provchain-fleet-report/1` of a fleet job; absent when none could be made. */
  readonly report?: string;
}

/** Takes an ended job over; once it resolves, the job is not given again. Must bear being given one twice. */
export type EndedJobTaker = (ended: EndedJob) => Promise<void>;

export interface EndedJobsOptions {
  readonly state: StateStore;
  /** The record of an ended job and its report; undefined when it is kept no longer. */
  readonly read: (jobId: string) => Promise<EndedJob | undefined>;
  readonly log: Log;
}

const MARK = 'job/ended/';
const SCAN_AT_ONCE = 100;
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 60_000;

/** What is written in the same batch as the end of a job, so that a crash between the two cannot be. */
export const endedMark = (jobId: string): readonly [key: string, value: unknown] => [MARK + jobId, 1];

/**
 * Gives every job that has ended to one taker, the oldest first, one after the other, at least once: what an earlier
 * process has not finished is given again.
 *
 * States: idle → giving → idle; giving → resting (the taker has failed) → giving. Closed from any of them.
 */
export class EndedJobs {
  readonly #options: EndedJobsOptions;
  readonly #stop = new AbortController();
  #take: EndedJobTaker | undefined;
  #more = false;
  #running: Promise<void> | undefined;

  constructor(options: EndedJobsOptions) {
    this.#options = options;
  }

  /** Begins with what is there. There is one taker; a second call replaces it. */
  follow(take: EndedJobTaker): void {
    this.#take = take;
    this.notice();
  }

  /** A job has ended, and its mark is durable. */
  notice(): void {
    this.#more = true;
    if (this.#take === undefined || this.#stop.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#more) this.notice();
    });
  }

  /** What is being given is waited for; the rest is given by the next process. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let restMs = FIRST_REST_MS;
    while (this.#more && !signal.aborted) {
      this.#more = false;
      try {
        await this.#giveAll();
        restMs = FIRST_REST_MS;
      } catch (error) {
        // A node that stops has closed the taker before this: the next process gives it again.
        const stopping = ProvChainError.from(error).code === 'SHUTTING_DOWN';
        const tone = stopping ? 'debug' : 'warn';
        this.#options.log[tone]('an ended job was not taken over; it is given again', {
          reason: String(error),
        });
        this.#more = true;
        await rest(restMs, signal);
        restMs = Math.min(2 * restMs, LONGEST_REST_MS);
      }
    }
  }

  async #giveAll(): Promise<void> {
    const { state, read } = this.#options;
    for (;;) {
      const marks = await state.scan<number>(MARK, { limit: SCAN_AT_ONCE });
      for (const { key } of marks) {
        if (this.#stop.signal.aborted) return;
        const ended = await read(key.slice(MARK.length));
        if (ended) await this.#take!(ended);
        await state.delete([key]);
      }
      if (marks.length < SCAN_AT_ONCE) return;
    }
  }
}
