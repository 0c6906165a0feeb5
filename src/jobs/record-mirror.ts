import type { StoredResult } from './codec.js';
import type { JobRecord } from './job.js';

/** What became of a write. */
export interface MirrorWrite {
  /** False when the job has ended already, or a later attempt has begun: who wrote has lost. */
  readonly accepted: boolean;
  /** What stood there before. */
  readonly before?: JobRecord;
  /** Who has asked for the job to be cancelled, if anybody has. */
  readonly cancelledBy?: string;
}

/** Something about a job has changed, as the others are told: not reliable, so that everybody also looks from time to time. */
export type MirrorChange =
  | { readonly kind: 'record'; readonly jobId: string; readonly fence: number; readonly ended: boolean }
  | { readonly kind: 'cancel'; readonly jobId: string; readonly by: string };

/**
 * Copies of the records in Redis: how the nodes of a fleet see each other's jobs, and how a worker tells the owner of a
 * job what came of it. It may be lost at any time; the owner then has the job done again, or writes it anew.
 *
 * Every method rejects with QUEUE_UNAVAILABLE while Redis is away.
 */
export interface RecordMirror {
  /**
   * Compare-and-set: a record that has ended stays as it is, and so does one with a higher fence. A result is only
   * written with the record that ends the job.
   */
  put(record: JobRecord, result?: StoredResult, cpuProfile?: string): Promise<MirrorWrite>;
  /** Writes again what the owner knows to have ended, whatever stands there. */
  restore(entries: readonly { record: JobRecord; result?: StoredResult }[]): Promise<void>;
  get(jobIds: readonly string[]): Promise<ReadonlyMap<string, JobRecord>>;
  result(jobId: string): Promise<StoredResult | undefined>;
  profile(jobId: string): Promise<string | undefined>;
  /** Records with an id before `before`, the newest first. */
  list(before: string | undefined, limit: number): Promise<readonly JobRecord[]>;
  forget(jobIds: readonly string[]): Promise<void>;
  cancel(jobId: string, by: string): Promise<void>;
  /** Claims an idempotency key for a value; gives the value it was claimed for before, if it was. */
  claim(key: string, value: string): Promise<string | undefined>;
  unclaim(key: string): Promise<void>;
  /** True once after Redis has lost everything (or was never told of this node): then the records are written again. */
  wasEmptied(node: string): Promise<boolean>;
  onChange(listener: (change: MirrorChange) => void): void;
  close(): Promise<void>;
}
