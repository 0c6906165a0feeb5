import type { Log } from '../logging/index.js';
import type { JobRecord, JobSpec, JobState } from './job.js';
import type { JobQueue, QueuedPayload } from './queue.js';
import type { RecordBook } from './record-book.js';
import type { RecordMirror } from './record-mirror.js';

export interface JobQuery {
  readonly state?: JobState;
  readonly level?: JobSpec['level'];
  /** From 1 to 1000. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/** Jobs, the newest first; `next` is there when there may be more. */
export interface JobPage {
  readonly jobs: readonly JobRecord[];
  readonly next?: string;
}

export interface JobListOptions {
  readonly book: RecordBook;
  readonly mirror?: RecordMirror;
  readonly queue: () => JobQueue;
  /** The record of a job that waits in the queue; undefined for what is not this fleet's. */
  readonly queued: (job: QueuedPayload) => JobRecord | undefined;
  readonly log: Log;
}

/** Waiting jobs of other nodes that are looked through for one page. */
const MOST_WAITING = 1000;
/** Pages of records that are looked through for one page of those asked for. */
const MOST_PAGES = 50;
const PAGE_RECORDS = 200;

/**
 * The jobs of all nodes: this node's own records, what the others show of theirs, and of what others have accepted and
 * nobody has begun, the queue itself. So accepting a job writes nothing that only a list would need.
 */
export class JobList {
  readonly #options: JobListOptions;

  constructor(options: JobListOptions) {
    this.#options = options;
  }

  /** A job that is none of this node's. Errors: QUEUE_UNAVAILABLE. */
  async foreign(jobId: string): Promise<JobRecord | undefined> {
    const { mirror, queue, queued } = this.#options;
    if (!mirror) return undefined;
    const mirrored = (await mirror.get([jobId])).get(jobId);
    if (mirrored) return mirrored;
    const payload = await queue().payload(jobId);
    const waiting = payload === undefined ? undefined : queued({ jobId, payload });
    if (waiting) return waiting;
    // Between the two questions a worker may have ended it.
    return (await mirror.get([jobId])).get(jobId);
  }

  async page({ state, level, limit, after }: JobQuery): Promise<JobPage> {
    const waiting = await this.#waiting();
    const jobs: JobRecord[] = [];
    let before = after;
    for (let page = 0; page < MOST_PAGES; page++) {
      const { records, last } = await this.#records(before, waiting);
      for (const record of records) {
        before = record.spec.jobId;
        if (state !== undefined && record.state !== state) continue;
        if (level !== undefined && record.spec.level !== level) continue;
        jobs.push(record);
        if (jobs.length === limit) return { jobs, next: before };
      }
      if (last) return { jobs };
    }
    return { jobs, ...(before !== undefined && { next: before }) };
  }

  /** The newest records before an id, from all sources, each once. */
  async #records(before: string | undefined, waiting: readonly JobRecord[]) {
    const [own, mirrored] = await Promise.all([
      this.#options.book.list(before, PAGE_RECORDS),
      this.#mirrored(before),
    ]);
    const full = [own, mirrored].filter((source) => source.length === PAGE_RECORDS);
    // Behind the last record of a source that has more, that source may have some that are not here.
    const horizon =
      full
        .map((source) => source.at(-1)?.spec.jobId ?? '')
        .sort()
        .at(-1) ?? '';
    const byId = new Map<string, JobRecord>();
    for (const record of [...waiting, ...mirrored, ...own]) {
      const { jobId } = record.spec;
      if ((before === undefined || jobId < before) && jobId >= horizon) byId.set(jobId, record);
    }
    const records = [...byId.values()].sort((a, b) => (a.spec.jobId < b.spec.jobId ? 1 : -1));
    return { records, last: full.length === 0 };
  }

  async #mirrored(before: string | undefined): Promise<readonly JobRecord[]> {
    try {
      return (await this.#options.mirror?.list(before, PAGE_RECORDS)) ?? [];
    } catch (error) {
      this.#options.log.debug('the jobs of other nodes cannot be listed', { reason: String(error) });
      return [];
    }
  }

  async #waiting(): Promise<readonly JobRecord[]> {
    const { mirror, queue, queued } = this.#options;
    if (!mirror) return [];
    try {
      const waiting = await queue().waiting(MOST_WAITING);
      return waiting.flatMap((job) => queued(job) ?? []);
    } catch {
      return [];
    }
  }
}
