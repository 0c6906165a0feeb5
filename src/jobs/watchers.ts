import type { JobEvent, JobRecord } from './job.js';
import { isTerminal } from './transition.js';

export type JobListener = (event: JobEvent) => void;

interface Watcher {
  readonly listener: JobListener;
  seen: number;
  state: JobRecord['state'] | undefined;
}

/** Who waits for changes of which job. Each is told every revision at most once, in order. */
export class Watchers {
  readonly #byJob = new Map<string, Set<Watcher>>();

  /** @param since a revision that the listener knows already; earlier ones are not told */
  add(jobId: string, since: number, listener: JobListener): () => void {
    const watcher: Watcher = { listener, seen: since, state: undefined };
    const watchers = this.#byJob.get(jobId) ?? new Set();
    this.#byJob.set(jobId, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#byJob.delete(jobId);
    };
  }

  has(jobId: string): boolean {
    return this.#byJob.has(jobId);
  }

  jobs(): Iterable<string> {
    return this.#byJob.keys();
  }

  tell(record: JobRecord): void {
    const { jobId } = record.spec;
    for (const watcher of [...(this.#byJob.get(jobId) ?? [])]) {
      if (record.revision <= watcher.seen) continue;
      const type = record.state === watcher.state && !isTerminal(record.state) ? 'progress' : 'state';
      watcher.seen = record.revision;
      watcher.state = record.state;
      watcher.listener({ jobId, id: record.revision, type, record });
    }
  }
}
