import { ProvChainError } from '../errors.js';
import { Cancellation } from './cancellation.js';
import { jobTicketCodec, type StoredResult } from './codec.js';
import type { Sealer } from './dependencies.js';
import { EndedJobs, type EndedJobTaker } from './ended-jobs.js';
import { FleetJobs } from './fleet-jobs.js';
import type { JobOrigin, JobRecord, JobRequest } from './job.js';
import { isJobId } from './job-id.js';
import { JobList, type JobPage, type JobQuery } from './job-list.js';
import { JOB_DEFAULTS, type JobServiceOptions } from './job-options.js';
import { baseRecord, JobRunner } from './job-runner.js';
import { JobStatistics, type JobStats } from './job-stats.js';
import type { QueuedPayload, QueueWorker } from './queue.js';
import { Reconciler } from './reconciler.js';
import { RecordBook } from './record-book.js';
import type { MirrorChange } from './record-mirror.js';
import { CLAIM, type Claim, Submission, type Submitted } from './submission.js';
import { isTerminal } from './transition.js';
import { type JobListener, Watchers } from './watchers.js';

/** The report of a job, as it is served. */
export interface JobReport {
  /** JSON text: `provchain-report/1`, or `provchain-fleet-report/1` of a fleet job. */
  readonly text: string;
  readonly digest: string;
  /** When the oldest of its evidence was read, ISO 8601. */
  readonly asOf: string;
}

const CLAIMS_EVERY_MS = 600_000;
const DRAIN_LOOK_MS = 20;
const CLOSE_MS = 5000;

/**
 * Jobs, from the request to the report: the only thing that API, startup, append hook and monitor call.
 *
 * States: starting (what an earlier process left is being looked at) → serving → draining (accepts nothing, gives nothing
 * new to its workers) → closed.
 */
export class JobService {
  readonly #options: JobServiceOptions & Record<keyof typeof JOB_DEFAULTS, number>;
  readonly #book: RecordBook;
  readonly #runner: JobRunner;
  readonly #fleet: FleetJobs;
  readonly #reconciler: Reconciler;
  readonly #submission: Submission;
  readonly #list: JobList;
  readonly #ended: EndedJobs;
  readonly #watchers = new Watchers();
  readonly #statistics = new JobStatistics();
  readonly #cancellation: Cancellation;
  readonly #now: () => Date;
  #workers: QueueWorker[] = [];
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #foreign = 0;
  #claimsAt = 0;
  #draining: Promise<void> | undefined;

  constructor(options: JobServiceOptions) {
    const now = options.now ?? (() => new Date());
    this.#now = now;
    this.#options = { ...JOB_DEFAULTS, ...withoutUndefined(options) };
    const { node, chain, backend, state, cache, nodes, log, validator, evidence, resultKey, config } =
      options;
    const { maxRecords, retentionMs, progressMs, graceMs, maxQueueDepth, maxQueueDepthPerClient } =
      this.#options;
    const { mirror, shards } = backend;
    const sealer = backend.sealers('job-ticket');
    const queueOf = (replica: string) => backend.queueOf(replica);
    const book = new RecordBook({
      state,
      log,
      maxRecords,
      retentionMs,
      now,
      onChange: (record, result) => this.#onChange(record, result),
    });
    this.#book = book;
    this.#runner = new JobRunner({
      ...{ node, chain, validator, book, sealer, now, log, progressMs, graceMs },
      ...(mirror && { mirror }),
      ...(shards && { shards }),
      ...(evidence && { evidence }),
    });
    this.#fleet = new FleetJobs({
      node,
      chainId: chain.chainId,
      book,
      nodes,
      now,
      log,
      ...(mirror && { mirror }),
    });
    const { mostAdditions, unattendedMs } = this.#options;
    this.#reconciler = new Reconciler({
      ...{ node, book, runner: this.#runner, queueOf, nodes, sealer, now, log, mostAdditions, unattendedMs },
      ...(mirror && { mirror }),
    });
    this.#ended = new EndedJobs({
      state,
      log,
      read: async (jobId) => {
        const [record, result] = await Promise.all([book.get(jobId), book.result(jobId)]);
        return record && { record, ...(result && { report: result.report }) };
      },
    });
    const queued = ({ jobId, payload }: QueuedPayload) => openQueued(sealer, jobId, payload);
    this.#list = new JobList({
      book,
      queue: () => queueOf(chain.replica),
      queued,
      log,
      ...(mirror && { mirror }),
    });
    this.#submission = new Submission({
      ...{ node, chain, state, book, queueOf, fleet: this.#fleet, cache, resultKey, config, sealer, now },
      ...{ maxQueueDepth, maxQueueDepthPerClient, foreignDepth: () => this.#foreign },
      find: (jobId) => this.get(jobId),
      ...(mirror && { mirror }),
    });
    this.#cancellation = new Cancellation({
      ...{ book, runner: this.#runner, queueOf, now, find: (jobId: string) => this.get(jobId) },
      ...(mirror && { mirror }),
    });
    mirror?.onChange((change) => {
      if (change.kind === 'cancel')
        return void this.#cancellation.follow(change.jobId, change.by).catch(() => {});
      this.#runner.outrun(change.jobId, change.fence, change.ended);
      void this.#onMirrored(change).catch(() => {});
    });
  }

  /** Takes up what an earlier process has left, and begins to work. */
  async start(): Promise<void> {
    const { work, backend, chain, validator, config, log } = this.#options;
    await this.#book.load();
    await this.#look(true);
    for (const { spec } of this.#book.open()) if (spec.kind === 'fleet') void this.#fleet.update(spec.jobId);
    if (work) {
      const jobs = backend
        .queueOf(chain.replica)
        .work((delivery) => this.#runner.process(delivery), config().max_concurrent_validations);
      const shards = backend.shards?.serve(
        (plan, task, signal) => validator.runShard(chain.dir, plan, task, signal),
        work.shards,
      );
      this.#workers = shards ? [jobs, shards] : [jobs];
    }
    this.#timer = setInterval(() => void this.#look(), this.#options.reconcileMs);
    log.debug('the job service is ready', { open: this.#book.openCount });
  }

  /**
   * Accepts a job, joins one that does the same, or answers from the cache.
   *
   * Errors: REQUEST_INVALID, USAGE, OUT_OF_RANGE, OVERLOADED, RATE_LIMITED, IDEMPOTENCY_MISMATCH, QUEUE_UNAVAILABLE,
   * SHUTTING_DOWN.
   */
  async submit(request: JobRequest, origin: JobOrigin): Promise<Submitted> {
    if (this.#draining) throw new ProvChainError('SHUTTING_DOWN', 'the node is about to stop');
    const submitted = await this.#submission.submit(request, origin);
    if (submitted.kind === 'accepted' && !submitted.existing) this.#options.onAccepted?.(submitted.record);
    return submitted;
  }

  /** The record of any node's job. Errors: QUEUE_UNAVAILABLE when it is none of this node's and Redis is away. */
  async get(jobId: string): Promise<JobRecord | undefined> {
    if (!isJobId(jobId)) return undefined;
    return (await this.#book.get(jobId)) ?? (await this.#list.foreign(jobId));
  }

  /** Errors: as {@link get}. */
  async report(jobId: string): Promise<JobReport | undefined> {
    const record = await this.get(jobId);
    if (record?.reportDigest === undefined) return undefined;
    const result = (await this.#book.result(jobId)) ?? (await this.#options.backend.mirror?.result(jobId));
    if (!result || result.fence !== record.fence) return undefined;
    return { text: result.report, digest: record.reportDigest, asOf: result.asOf };
  }

  /** Milliseconds per stage and a V8 CPU profile (JSON text), of a job that was profiled. */
  async profile(
    jobId: string,
  ): Promise<{ stages?: Record<string, number>; cpuProfile?: string } | undefined> {
    if (!isJobId(jobId)) return undefined;
    const { mirror } = this.#options.backend;
    const stages = ((await this.#book.result(jobId)) ?? (await mirror?.result(jobId)))?.stages;
    const cpuProfile = (await this.#book.profile(jobId)) ?? (await mirror?.profile(jobId));
    if (!stages && cpuProfile === undefined) return undefined;
    return { ...(stages && { stages }), ...(cpuProfile !== undefined && { cpuProfile }) };
  }

  /** Jobs of all nodes, the newest first. While Redis is away, this node's. */
  list(query: JobQuery): Promise<JobPage> {
    return this.#list.page(query);
  }

  /**
   * Asks for a job to be cancelled. One that waits ends at once; one that runs, when its worker has noticed, with a report
   * of what was covered; one that has ended stays as it is. Errors: NOT_FOUND, QUEUE_UNAVAILABLE.
   */
  async cancel(jobId: string, by: string): Promise<JobRecord> {
    const record = await this.get(jobId);
    if (!record) throw new ProvChainError('NOT_FOUND', 'there is no job of this id');
    if (isTerminal(record.state)) return record;
    if (record.spec.kind === 'fleet') {
      await Promise.all((record.replicas ?? []).map((child) => this.cancel(child.jobId, by)));
    } else {
      await this.#options.backend.mirror?.cancel(jobId, by);
      await this.#cancellation.follow(jobId, by);
    }
    return (await this.get(jobId)) ?? record;
  }

  /**
   * Tells a listener of every change of a job from a revision on, at once if there is one already. Gives the function that
   * ends it.
   */
  watch(jobId: string, sinceRevision: number, listener: JobListener): () => void {
    const end = this.#watchers.add(jobId, sinceRevision, listener);
    void this.get(jobId).then(
      (record) => record && this.#watchers.tell(record),
      () => {},
    );
    return end;
  }

  /** The record when the job has ended, or as it is after `ms` or when the signal is aborted. Errors: NOT_FOUND. */
  async wait(jobId: string, ms: number, signal?: AbortSignal): Promise<JobRecord> {
    const known = await this.get(jobId);
    if (!known) throw new ProvChainError('NOT_FOUND', 'there is no job of this id');
    if (isTerminal(known.state) || ms <= 0) return known;
    return new Promise((resolve) => {
      let last = known;
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        end();
        resolve(last);
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
      const end = this.watch(jobId, known.revision, ({ record }) => {
        last = record;
        if (isTerminal(record.state)) done();
      });
      if (signal?.aborted) done();
    });
  }

  /** Gives every job of this node that ends to `take`; see {@link EndedJobs}. */
  followEnded(take: EndedJobTaker): void {
    this.#ended.follow(take);
  }

  stats(): JobStats {
    const queued = this.#book.queuedCount + this.#foreign;
    return this.#statistics.now(queued, this.#runner.active);
  }

  /** When the oldest of this node's jobs that wait was accepted, in milliseconds since 1970. */
  get oldestQueuedAt(): number | undefined {
    return this.#book.oldestQueuedAt;
  }

  /** Puts a changed `max_concurrent_validations` into force. */
  applyConfig(): void {
    this.#workers[0]?.setConcurrency(this.#options.config().max_concurrent_validations);
  }

  /**
   * Stops in good order: accepts nothing, begins nothing, gives what runs `ms` to end and hands the rest back to the
   * queue. Its records stay open, for the next process.
   */
  drain(ms: number): Promise<void> {
    this.#draining ??= this.#drain(ms);
    return this.#draining;
  }

  async #drain(ms: number): Promise<void> {
    for (const worker of this.#workers) worker.pause();
    const until = performance.now() + ms;
    while (this.#runner.active > 0 && performance.now() < until) await pause(DRAIN_LOOK_MS);
    this.#runner.leave();
    clearInterval(this.#timer);
    // With Redis away some of this would wait for it; what is not handed back is found again by its record.
    const closed = Promise.all(this.#workers.map((worker) => worker.close()))
      .then(() => this.#looking)
      .then(() => this.#ended.close())
      .then(() => this.#options.backend.close());
    let giveUp: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      giveUp = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([closed, late]).finally(() => clearTimeout(giveUp));
  }

  /** One look at a time; a look that failed is made up for by the next. */
  async #look(atStart = false): Promise<void> {
    if (this.#looking) return;
    this.#looking = this.#lookOnce(atStart).catch((error: unknown) => {
      this.#options.log.debug('could not hold the jobs against the queue', { reason: String(error) });
    });
    await this.#looking;
    this.#looking = undefined;
  }

  async #lookOnce(atStart: boolean): Promise<void> {
    const { backend, chain, retentionMs, state } = this.#options;
    this.#foreign = Math.max(0, backend.queueOf(chain.replica).depth() - this.#book.queuedCount);
    const retired = await this.#book.retire();
    if (retired.length > 0) await backend.mirror?.forget(retired);
    const at = this.#now().getTime();
    if (at - this.#claimsAt > CLAIMS_EVERY_MS) {
      this.#claimsAt = at;
      const claims = await state.scan<Claim>(CLAIM, { limit: 10_000 });
      await state.delete(claims.filter(({ value }) => at - value.at > retentionMs).map(({ key }) => key));
    }
    await this.#reconciler.look(atStart);
    for (const jobId of this.#watchers.jobs()) if (!this.#book.current(jobId)) await this.#tellForeign(jobId);
  }

  #onChange(record: JobRecord, result?: StoredResult): void {
    const { spec, state } = record;
    if (isTerminal(state)) {
      // Whoever has looked into the cache before the result was there must still find the job; who wants a fresh one, not.
      const forget = () => this.#submission.forget(spec.dedupKey);
      const caching = result && this.#cacheResult(record, result);
      if (caching && !spec.fresh) void caching.then(forget, forget);
      else {
        forget();
        caching?.catch(() => {});
      }
      this.#statistics.ended(record);
      this.#options.onEnded?.(record, result);
      this.#ended.notice();
    }
    this.#watchers.tell(record);
    if (spec.parent !== undefined) void this.#fleet.update(spec.parent);
  }

  /** What was not checked to its end says nothing about the next time. */
  #cacheResult(record: JobRecord, { report, asOf, fence }: StoredResult): Promise<unknown> | undefined {
    const { spec, state, status, complete } = record;
    if (spec.cacheKey === undefined || state !== 'completed' || !complete) return undefined;
    if (status === undefined || status === 'Incomplete') return undefined;
    const entry = { report, status, storedAt: this.#now().toISOString(), asOf, fence };
    return this.#options.cache.put(spec.cacheKey, entry, spec.cacheTtlMs, spec.level);
  }

  async #onMirrored(change: Extract<MirrorChange, { kind: 'record' }>): Promise<void> {
    const { jobId } = change;
    if (this.#runner.isRunning(jobId)) return;
    if (this.#book.closedFence(jobId) !== undefined) await this.#reconciler.uphold(jobId, change);
    else if (this.#book.current(jobId)) await this.#reconciler.catchUp(jobId);
    else if (this.#watchers.has(jobId)) await this.#tellForeign(jobId);
  }

  async #tellForeign(jobId: string): Promise<void> {
    const record = await this.#list.foreign(jobId);
    if (record) this.#watchers.tell(record);
  }
}

/** What the queue says of a job that has not begun; undefined for what this fleet has not written. */
function openQueued(sealer: Sealer, jobId: string, payload: string): JobRecord | undefined {
  const json = sealer.open(payload, jobId);
  const ticket = json === undefined ? undefined : jobTicketCodec.read(json);
  return ticket && baseRecord(ticket.spec, ticket.additions);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Starts the job service; see {@link JobService}. */
export async function createJobService(options: JobServiceOptions): Promise<JobService> {
  const service = new JobService(options);
  await service.start();
  return service;
}
