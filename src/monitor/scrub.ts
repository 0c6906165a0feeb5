import { ProvChainError } from '../errors.js';
import type { SharedDocuments } from '../fleet/index.js';
import { isTerminal, type JobService } from '../jobs/index.js';
import type { Log } from '../logging/index.js';
import type { Status } from '../validation/index.js';
import type { Coverage } from './coverage.js';
import type { JobOutcome } from './outcome.js';
import { planScrub, type ScrubPlan, type ScrubSettings, type Slice } from './scrub-plan.js';
import { SharedRecord } from './shared-record.js';

/** The slice under way, as all nodes of the replica know it. JSON. */
interface RunningSlice {
  readonly from: number;
  readonly to: number;
  readonly startedMs: number;
  readonly node: string;
  /** Absent until its job was accepted, or when it was refused. */
  readonly jobId?: string;
  readonly refused?: true;
}

export interface ScrubOptions {
  readonly documents: SharedDocuments;
  readonly replica: string;
  readonly node: string;
  readonly settings: ScrubSettings;
  readonly jobs: Pick<JobService, 'submit' | 'get' | 'cancel' | 'stats'>;
  readonly coverage: () => Coverage;
  readonly outcome: (jobId: string) => JobOutcome | undefined;
  /** Outcomes of earlier slices, the newest first. */
  readonly slices: (most: number) => readonly JobOutcome[];
  /** The longest limit that a job may have. */
  readonly longestMs: () => number;
  /** Told once per slice that this node has begun. */
  readonly count: (status: Status | 'failed' | 'refused', blocks: number) => void;
  readonly log: Log;
  readonly now: () => number;
}

/** Slices that the speed is measured by. */
const MEASURED_SLICES = 20;
/** A slice whose job nobody knows is given up after so long. */
const LOST_MS = 15_000;
const SHORTEST_LOOK_MS = 200;
const LONGEST_LOOK_MS = 10_000;
const LOOKS_A_CYCLE = 2000;
const MOST_PENDING = 64;

/**
 * Runs the slices of the scrub: jobs like others, of level Full, that reuse nothing and have low priority, one at a time
 * per replica, wherever they run. Which one is next follows from the map; this only makes sure that there is one.
 *
 * States: looking → looking; closed. A slice: claimed (a document of the fleet says so) → under way → ended.
 */
export class Scrub {
  readonly #options: ScrubOptions;
  readonly #record: SharedRecord<RunningSlice>;
  readonly #pending = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #refused: string | undefined;
  #closed = false;

  constructor(options: ScrubOptions) {
    this.#options = options;
    this.#record = new SharedRecord(options.documents, `monitor-scrub/${options.replica}`, options.node);
  }

  start(): void {
    const everyMs = this.#options.settings.cycleMs / LOOKS_A_CYCLE;
    const ms = Math.min(LONGEST_LOOK_MS, Math.max(SHORTEST_LOOK_MS, everyMs));
    this.#timer = setInterval(() => void this.look(), ms).unref();
    void this.look();
  }

  /** Begins a slice if one is due; resolves when it has looked. Never rejects; one at a time. */
  look(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#looking ??= this.#look()
      .catch((thrown) => {
        const { code, message } = ProvChainError.from(thrown);
        this.#options.log.debug('the scrub could not look', { code, reason: message });
      })
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** A job has ended, whoever asked for it. */
  ended({ jobId, summary }: JobOutcome): void {
    const blocks = this.#pending.get(jobId);
    if (blocks === undefined) return;
    this.#pending.delete(jobId);
    this.#options.count(summary?.status ?? 'failed', summary?.complete ? blocks : 0);
    void this.look();
  }

  /** What would be done now, and how it stands with the promise. */
  plan(): ScrubPlan {
    const { settings, coverage, now } = this.#options;
    const blocksPerSecond = this.blocksPerSecond();
    const lastSliceMs = this.#record.get()?.startedMs;
    return planScrub({
      ...{ nowMs: now(), coverage: coverage(), settings },
      ...(blocksPerSecond !== undefined && { blocksPerSecond }),
      ...(lastSliceMs !== undefined && { lastSliceMs }),
    });
  }

  /** As the last complete slices have gone; undefined when there was none. */
  blocksPerSecond(): number | undefined {
    const complete = this.#options.slices(MEASURED_SLICES).flatMap(({ summary }) => summary ?? []);
    const blocks = complete.reduce((sum, { scope }) => sum + scope.to - scope.from, 0);
    const ms = complete.reduce((sum, { durationMs }) => sum + durationMs, 0);
    return blocks > 0 && ms > 0 ? (blocks / ms) * 1000 : undefined;
  }

  /** The job of the slice under way. */
  runningJobId(): string | undefined {
    const jobId = this.#record.get()?.jobId;
    return jobId !== undefined && this.#options.outcome(jobId) === undefined ? jobId : undefined;
  }

  async #look(): Promise<void> {
    const plan = this.plan();
    this.#tellRefusal(plan.refused);
    if (plan.quietNow) return this.#hush();
    if (!plan.slice || (await this.#underWay())) return;
    // Others go first, unless the promise is at stake; then the queue's priorities decide.
    if (!plan.urgent && this.#options.jobs.stats().queued > 0) return;
    await this.#begin(plan.slice);
  }

  /** A slice that waited in the queue may have begun too late to be over in time. */
  async #hush(): Promise<void> {
    const jobId = this.runningJobId();
    if (jobId !== undefined) await this.#options.jobs.cancel(jobId, 'the quiet hours of the scrub');
  }

  async #underWay(): Promise<boolean> {
    const { jobs, outcome, now } = this.#options;
    const slice = this.#record.get();
    if (!slice || slice.refused) return false;
    const young = now() - slice.startedMs < LOST_MS;
    if (slice.jobId === undefined) return young;
    if (outcome(slice.jobId)) return false;
    const record = await jobs.get(slice.jobId);
    // An ended job's outcome is about to come.
    return record ? !isTerminal(record.state) || young : young;
  }

  async #begin({ from, to, limitMs }: Slice): Promise<void> {
    const { node, now, outcome } = this.#options;
    const before = this.#record.get();
    const startedMs = now();
    const mine: RunningSlice = { from, to, startedMs, node };
    const claimed = await this.#record.change((current) =>
      current?.startedMs === before?.startedMs && current?.node === before?.node ? mine : undefined,
    );
    if (!claimed) return;
    // The last slice goes to the head that is pinned when it is accepted, which may be further on by then.
    const last = to === this.#options.coverage().height;
    const jobId = await this.#submit(last ? { from } : { from, to }, limitMs);
    if (jobId !== undefined) {
      if (this.#pending.size >= MOST_PENDING) this.#pending.clear();
      this.#pending.set(jobId, to - from);
      const ended = outcome(jobId);
      if (ended) this.ended(ended);
    }
    await this.#record.change((current) =>
      current?.startedMs === startedMs && current.node === node
        ? { ...mine, ...(jobId === undefined ? { refused: true } : { jobId }) }
        : undefined,
    );
  }

  /** The job of a slice; undefined when it was refused, which is tried again when the pace allows. */
  async #submit(
    scope: { readonly from: number; readonly to?: number },
    limitMs: number | undefined,
  ): Promise<string | undefined> {
    const { jobs, longestMs, count, log } = this.#options;
    const timeLimitMs = Math.max(1, Math.floor(Math.min(longestMs(), limitMs ?? Number.MAX_SAFE_INTEGER)));
    try {
      const request = { level: 'Full', ...scope, fresh: true, priority: 'low', timeLimitMs } as const;
      const submitted = await jobs.submit(request, { trigger: 'scrub' });
      return submitted.kind === 'accepted' ? submitted.record.spec.jobId : undefined;
    } catch (thrown) {
      const { code, message } = ProvChainError.from(thrown);
      log.warn('a slice of the scrub was refused', { code, reason: message });
      count('refused', 0);
      return undefined;
    }
  }

  /** Once when it begins to hold, and once when it does no more. */
  #tellRefusal(refused: string | undefined): void {
    const before = this.#refused;
    this.#refused = refused;
    if (refused !== undefined && before === undefined) {
      this.#options.log.warn('the cycle of the scrub cannot be met', { reason: refused });
    }
    if (refused === undefined && before !== undefined) {
      this.#options.log.info('the cycle of the scrub can be met again');
    }
  }
}
