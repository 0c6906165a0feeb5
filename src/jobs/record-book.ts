import type { Log } from '../logging/index.js';
import type { StoredResult } from './codec.js';
import type { JobState as StateStore } from './dependencies.js';
import { endedMark } from './ended-jobs.js';
import type { JobRecord } from './job.js';
import { isTerminal, supersedes } from './transition.js';

const RECORD = 'job/record/';
const RESULT = 'job/result/';
const PROFILE = 'job/profile/';
const SCAN_AT_ONCE = 500;

export interface RecordBookOptions {
  readonly state: StateStore;
  readonly log: Log;
  readonly maxRecords: number;
  readonly retentionMs: number;
  readonly now: () => Date;
  /** A record has changed, and what it says may be told: of an ended job, only when it is durable. */
  readonly onChange: (record: JobRecord, result?: StoredResult) => void;
}

/** A job between its coming and its acceptance; see {@link RecordBook.hold}. */
export interface Held {
  write(entries: readonly (readonly [string, unknown])[]): Promise<void>;
  keep(): void;
  drop(): Promise<void>;
}

interface Open {
  record: JobRecord;
  /** Resolves once the job is accepted: the end of one that is not must not be written. */
  accepted: Promise<void> | undefined;
  closing: boolean;
}

/**
 * The records of the jobs that this node has accepted: the one place that decides what becomes of them.
 *
 * States of an entry: held (being made durable, nobody was told of it) → open (durable, and in the queue) → closing (its end is being written)
 * → closed (only in the store) → retired. What happens to an open job is kept in memory; only acceptance, additions to
 * the queue and ends are written, because all else is found out again after a restart.
 */
export class RecordBook {
  readonly #options: RecordBookOptions;
  readonly #open = new Map<string, Open>();
  readonly #perUser = new Map<string, number>();
  #queued = 0;
  /** Ids of closed records, oldest first. */
  #closed: string[] = [];
  /** The fences that they ended with. */
  readonly #closedFences = new Map<string, number>();

  constructor(options: RecordBookOptions) {
    this.#options = options;
  }

  /** Reads what an earlier process has left; its unfinished jobs are open again. */
  async load(): Promise<void> {
    for (let after: string | undefined; ; ) {
      const found = await this.#options.state.scan<JobRecord>(RECORD, { after, limit: SCAN_AT_ONCE });
      for (const { value } of found) {
        const { jobId } = value.spec;
        if (this.#open.has(jobId)) continue;
        if (isTerminal(value.state)) this.#close(value);
        else this.#hold(value, undefined);
      }
      after = found.at(-1)?.key;
      if (found.length < SCAN_AT_ONCE) return;
    }
  }

  /** Jobs that have not ended. */
  open(): readonly JobRecord[] {
    return [...this.#open.values()].map(({ record }) => record);
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Open jobs that no worker is known to have. */
  get queuedCount(): number {
    return this.#queued;
  }

  /** When the oldest of them was accepted, in milliseconds since 1970. */
  get oldestQueuedAt(): number | undefined {
    for (const { record } of this.#open.values()) {
      if (record.state === 'queued') return Date.parse(record.spec.createdAt);
    }
    return undefined;
  }

  openCountOf(user: string): number {
    return this.#perUser.get(user) ?? 0;
  }

  current(jobId: string): JobRecord | undefined {
    return this.#open.get(jobId)?.record;
  }

  /** The fence that a job of this node ended with; undefined for one that has not, or is another node's. */
  closedFence(jobId: string): number | undefined {
    return this.#closedFences.get(jobId);
  }

  async get(jobId: string): Promise<JobRecord | undefined> {
    return this.current(jobId) ?? (await this.#options.state.get<JobRecord>(RECORD + jobId));
  }

  result(jobId: string): Promise<StoredResult | undefined> {
    return this.#options.state.get<StoredResult>(RESULT + jobId);
  }

  profile(jobId: string): Promise<string | undefined> {
    return this.#options.state.get<string>(PROFILE + jobId);
  }

  /** Own records with an id before `before`, the newest first. */
  async list(before: string | undefined, limit: number): Promise<readonly JobRecord[]> {
    const after = before === undefined ? undefined : RECORD + before;
    const found = await this.#options.state.scan<JobRecord>(RECORD, { after, limit, reverse: true });
    return found.map(({ value }) => this.current(value.spec.jobId) ?? value);
  }

  /**
   * Takes a job in before it is given to the queue, so that what a fast worker says of it is not lost. `write` makes it
   * durable, together with `entries`; `keep` says that it is accepted, and lets it end; `drop` forgets it, as if it had
   * never come.
   */
  hold(record: JobRecord): Held {
    const { jobId } = record.spec;
    const { state, log } = this.#options;
    let settle: (kept: boolean) => void = () => {};
    const accepted = new Promise<void>((resolve, reject) => {
      settle = (kept) => (kept ? resolve() : reject(new Error('not accepted')));
    });
    accepted.catch(() => {});
    this.#hold(record, accepted);
    let written: readonly string[] = [];
    return {
      write: (entries) => {
        const all = [[RECORD + jobId, record] as const, ...entries];
        written = all.map(([key]) => key);
        return state.put(all);
      },
      keep: () => {
        settle(true);
        const open = this.#open.get(jobId);
        if (open) open.accepted = undefined;
      },
      drop: async () => {
        settle(false);
        this.#release(jobId);
        // Left behind by a crash or a full disk, it is done after the next start, and nobody asks for it.
        await state.delete(written).catch((error: unknown) => {
          log.warn('the record of a job that was not accepted stays', { jobId, reason: String(error) });
        });
      },
    };
  }

  /**
   * Writes a changed record before what it says is acted upon: a new fence must outlive the process. The record may have
   * come back from the mirror already.
   */
  async write(record: JobRecord): Promise<boolean> {
    const open = this.#open.get(record.spec.jobId);
    if (!open || open.closing) return false;
    const isSame = () => open.record.fence === record.fence && open.record.revision === record.revision;
    if (!isSame() && !supersedes(record, open.record)) return false;
    await this.#options.state.put([[RECORD + record.spec.jobId, record]]);
    return isSame() || this.adopt(record);
  }

  /**
   * Takes a record over if it may follow the one that stands, and ends the job with it if it says so. False: it comes
   * from an attempt that was given up, or too late. Errors: those of the state; the job then stays open.
   */
  async adopt(record: JobRecord, result?: StoredResult, cpuProfile?: string): Promise<boolean> {
    const { jobId } = record.spec;
    const open = this.#open.get(jobId);
    if (!open || open.closing || !supersedes(record, open.record)) return false;
    // The specification is the owner's; only what became of it comes from elsewhere.
    const adopted = { ...record, spec: open.record.spec };
    if (!isTerminal(record.state)) {
      this.#queued += queuedness(adopted) - queuedness(open.record);
      open.record = adopted;
      this.#options.onChange(adopted);
      return true;
    }
    open.closing = true;
    try {
      await open.accepted;
      await this.#options.state.put([
        [RECORD + jobId, adopted],
        [RESULT + jobId, result],
        [PROFILE + jobId, cpuProfile],
        endedMark(jobId),
      ]);
    } catch (error) {
      open.closing = false;
      throw error;
    }
    this.#release(jobId);
    this.#close(adopted);
    this.#options.onChange(adopted, result);
    return true;
  }

  /**
   * Deletes closed records: the oldest beyond the number that is kept, and those that are too old. Gives their ids. Ids
   * begin with their time, so that the age needs no look at the record.
   */
  async retire(): Promise<readonly string[]> {
    const { maxRecords, retentionMs, now, state } = this.#options;
    const oldest = now().getTime() - retentionMs;
    const surplus = this.#closed.length - maxRecords;
    const keepFrom = this.#closed.findIndex((jobId, at) => at >= surplus && timeOf(jobId) >= oldest);
    const retired = this.#closed.slice(0, keepFrom < 0 ? this.#closed.length : keepFrom);
    if (retired.length === 0) return [];
    this.#closed = this.#closed.slice(retired.length);
    for (const jobId of retired) this.#closedFences.delete(jobId);
    const keysOf = (jobId: string) => [RECORD + jobId, RESULT + jobId, PROFILE + jobId, endedMark(jobId)[0]];
    await state.delete(retired.flatMap(keysOf));
    return retired;
  }

  /** Ids of the jobs that ended last, the newest first. */
  lastClosed(limit: number): readonly string[] {
    return this.#closed.slice(-limit).reverse();
  }

  #close({ spec, fence }: JobRecord): void {
    this.#closed.push(spec.jobId);
    this.#closedFences.set(spec.jobId, fence);
  }

  #hold(record: JobRecord, accepted: Promise<void> | undefined): void {
    this.#open.set(record.spec.jobId, { record, accepted, closing: false });
    this.#queued += queuedness(record);
    const user = userOf(record);
    this.#perUser.set(user, this.openCountOf(user) + 1);
  }

  #release(jobId: string): void {
    const open = this.#open.get(jobId);
    if (!open) return;
    this.#open.delete(jobId);
    this.#queued -= queuedness(open.record);
    const user = userOf(open.record);
    const left = this.openCountOf(user) - 1;
    if (left > 0) this.#perUser.set(user, left);
    else this.#perUser.delete(user);
  }
}

/** Whoever did not say who they are counts as one. */
function userOf({ spec }: JobRecord): string {
  return spec.origin.user ?? '';
}

const queuedness = ({ state }: JobRecord) => (state === 'queued' ? 1 : 0);

/** Milliseconds in a UUIDv7. */
function timeOf(jobId: string): number {
  return Number.parseInt(jobId.slice(0, 8) + jobId.slice(9, 13), 16);
}
