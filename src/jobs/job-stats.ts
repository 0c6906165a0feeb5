import type { JobRecord, JobSpec } from './job.js';
import type { TerminalState } from './transition.js';

/** Of the jobs of one level that this node has accepted since it started and that made a report. */
export interface LevelStats {
  readonly jobs: number;
  /** Milliseconds from start to end. */
  readonly totalMs: number;
  readonly longestMs: number;
  readonly lastMs: number;
}

export interface JobStats {
  /** Jobs that wait, those of other nodes as last counted. */
  readonly queued: number;
  /** Jobs that this node runs. */
  readonly active: number;
  /** Jobs of this node that have ended since it started. */
  readonly ended: Readonly<Record<TerminalState, number>>;
  /** Levels without a job are absent. */
  readonly levels: Readonly<Partial<Record<JobSpec['level'], LevelStats>>>;
}

/** Counts what became of the jobs of this node. */
export class JobStatistics {
  readonly #ended = { completed: 0, failed: 0, cancelled: 0 };
  readonly #levels: Partial<Record<JobSpec['level'], LevelStats>> = {};

  ended({ state, spec, startedAt, finishedAt, reportDigest }: JobRecord): void {
    this.#ended[state as TerminalState]++;
    if (reportDigest === undefined || startedAt === undefined || finishedAt === undefined) return;
    const lastMs = Date.parse(finishedAt) - Date.parse(startedAt);
    const before = this.#levels[spec.level];
    this.#levels[spec.level] = {
      jobs: (before?.jobs ?? 0) + 1,
      totalMs: (before?.totalMs ?? 0) + lastMs,
      longestMs: Math.max(before?.longestMs ?? 0, lastMs),
      lastMs,
    };
  }

  now(queued: number, active: number): JobStats {
    return { queued, active, ended: { ...this.#ended }, levels: { ...this.#levels } };
  }
}
