import type { Priority } from './job.js';

/** What a queue is given of a job. */
export interface QueuedJob {
  readonly jobId: string;
  /** Of two jobs with one id that are waiting or being worked on, the queue takes the first only. */
  readonly dedupId: string;
  readonly priority: Priority;
  /** The job itself, opaque to the queue. */
  readonly payload: string;
}

/** A job as it stands in the queue. */
export type QueuedPayload = Pick<QueuedJob, 'jobId' | 'payload'>;

/** One start of a job. */
export interface Delivery {
  readonly jobId: string;
  readonly payload: string;
  /** From 1 on; grows with every start since the job was added, those that were lost included. */
  readonly start: number;
  /** If this start fails, the queue gives the job up. */
  readonly last: boolean;
}

/**
 * Works on one start of a job. Resolves when the job needs no further start. Rejects with {@link PutBack} to have it
 * started again without counting this start as a failure, and with anything else when it failed.
 */
export type Processor = (delivery: Delivery) => Promise<void>;

/** Thrown by a {@link Processor}: the job is handed back to the queue as it was. */
export class PutBack extends Error {
  /** What this worker waits before it takes another job in its place, so that others come first. */
  readonly restMs: number;

  constructor(restMs = 0) {
    super('put back');
    this.restMs = restMs;
  }
}

/** Takes jobs out of a queue, so many at a time. */
export interface QueueWorker {
  setConcurrency(jobs: number): void;
  /** Takes no further job. */
  pause(): void;
  /** Resolves when all processors have ended and the connections are closed. */
  close(): Promise<void>;
}

/**
 * The jobs that wait for a worker of one replica, or are with one. In order of priority, and of arrival within one.
 *
 * A queue may lose what it holds (Redis may be flushed), and may deliver a job twice; the record of a job, outside the
 * queue, makes up for both.
 */
export interface JobQueue {
  /**
   * Adds a job and returns its id, or that of the one with the same `dedupId`. Errors: QUEUE_UNAVAILABLE; then it may
   * have been added nonetheless.
   */
  add(job: QueuedJob): Promise<string>;
  /** Takes out a job that no worker has; false when one has it. Errors: QUEUE_UNAVAILABLE. */
  remove(jobId: string): Promise<boolean>;
  /** Which of these the queue does not hold, neither waiting nor with a worker. Errors: QUEUE_UNAVAILABLE. */
  missing(jobIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** The payload of a job that it holds. Errors: QUEUE_UNAVAILABLE. */
  payload(jobId: string): Promise<string | undefined>;
  /** Waiting jobs, the last added first. Errors: QUEUE_UNAVAILABLE. */
  waiting(limit: number): Promise<readonly QueuedPayload[]>;
  /** Jobs that wait, as last counted: every second at least. */
  depth(): number;
  work(processor: Processor, concurrency: number): QueueWorker;
  close(): Promise<void>;
}

export interface RetryOptions {
  /** Starts of one job that may fail. */
  readonly attempts: number;
  readonly backoffMs: number;
}

/** An executor that has died is back by then, or its job is tried on another node. */
export const DEFAULT_RETRY: RetryOptions = { attempts: 2, backoffMs: 200 };
