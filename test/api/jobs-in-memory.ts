import type { ApiJobProfile, ApiJobs, CachedAnswer, JobQuery, Submission } from '../../src/api/index.js';
import { ProvChainError } from '../../src/errors.js';
import type { JobEvent, JobOrigin, JobRecord, JobRequest } from '../../src/jobs/index.js';
import { LEVEL_CHECKS, type Status } from '../../src/validation/index.js';
import { reportText } from './report-text.js';

const STARTED_AT = '2025-11-23T12:00:00.000Z';

/** Jobs that move only when a test says so. */
export class JobsInMemory implements ApiJobs {
  readonly records = new Map<string, JobRecord>();
  readonly reports = new Map<string, { text: string; digest: string }>();
  readonly profiles = new Map<string, ApiJobProfile>();
  readonly submitted: { readonly request: JobRequest; readonly origin: JobOrigin }[] = [];
  readonly listeners = new Map<string, Set<(event: JobEvent) => void>>();
  /** What the next submissions are answered from. */
  cached: { readonly entry: CachedAnswer; readonly ageMs: number } | undefined;
  /** Thrown by the next submissions. */
  failure: Error | undefined;
  /** Called after a job was accepted. */
  accepted: (record: JobRecord) => void = () => {};
  lastWaitMs: number | undefined;
  #count = 0;

  async submit(request: JobRequest, origin: JobOrigin): Promise<Submission> {
    this.submitted.push({ request, origin });
    if (this.failure !== undefined) throw this.failure;
    if (this.cached !== undefined) return { kind: 'cached', ...this.cached };
    const known = [...this.records.values()].find(
      ({ spec }) =>
        origin.idempotencyKey !== undefined && spec.origin.idempotencyKey === origin.idempotencyKey,
    );
    if (known !== undefined) return { kind: 'accepted', record: known, existing: true };
    const record = this.#make(request, origin);
    this.accepted(record);
    return { kind: 'accepted', record: this.records.get(record.spec.jobId)!, existing: false };
  }

  #make(request: JobRequest, origin: JobOrigin): JobRecord {
    const level = request.checks ? 'Custom' : (request.level ?? 'Standard');
    const jobId = `job-${String(++this.#count).padStart(3, '0')}`;
    const record: JobRecord = {
      spec: {
        jobId,
        kind: request.fleet ? 'fleet' : 'replica',
        chainId: 'test-chain',
        replica: 'replica-1',
        owner: 'node-1',
        origin,
        level,
        checks: request.checks ?? LEVEL_CHECKS[level === 'Custom' ? 'Standard' : level],
        profile: request.profile,
        from: request.from,
        to: request.to,
        pin: { height: 10, headHash: 'ab'.repeat(32) },
        requireAnchor: true,
        batchSize: 1000,
        timeLimitMs: 300_000,
        priority: request.priority ?? 'normal',
        parallel: true,
        incremental: true,
        profiling: false,
        cacheTtlMs: 1000,
        fresh: request.fresh ?? false,
        dedupKey: 'secret-dedup-key',
        cacheKey: 'secret-cache-key',
        createdAt: STARTED_AT,
      },
      state: 'queued',
      fence: 1000,
      attempts: 0,
      revision: 1,
      updatedAt: STARTED_AT,
      notes: [],
    };
    this.records.set(jobId, record);
    return record;
  }

  /** Changes a job and tells its watchers. */
  change(jobId: string, part: Partial<JobRecord>, type: JobEvent['type'] = 'state'): JobRecord {
    const before = this.records.get(jobId)!;
    const record = { ...before, ...part, revision: before.revision + 1 };
    this.records.set(jobId, record);
    for (const listener of this.listeners.get(jobId) ?? []) {
      listener({ jobId, id: record.revision, type, record });
    }
    return record;
  }

  progress(jobId: string, blocks: number, atMs: number): void {
    this.change(
      jobId,
      {
        state: 'running',
        startedAt: STARTED_AT,
        updatedAt: new Date(Date.parse(STARTED_AT) + atMs).toISOString(),
        progress: { blocks, totalBlocks: 10, bytes: blocks * 100 },
      },
      'progress',
    );
  }

  finish(jobId: string, status: Status = 'Healthy'): void {
    const text = reportText({ jobId, status });
    const digest = (JSON.parse(text) as { reportDigest: string }).reportDigest;
    this.reports.set(jobId, { text, digest });
    this.change(jobId, { state: 'completed', status, complete: true, reportDigest: digest });
  }

  async get(jobId: string) {
    return this.records.get(jobId);
  }

  async report(jobId: string) {
    return this.reports.get(jobId);
  }

  async profile(jobId: string) {
    return this.profiles.get(jobId);
  }

  async list({ state, level, limit, after }: JobQuery) {
    const all = [...this.records.values()]
      .reverse()
      .filter((record) => state === undefined || record.state === state)
      .filter(({ spec }) => level === undefined || spec.level === level)
      .filter(({ spec }) => after === undefined || spec.jobId < after);
    const jobs = all.slice(0, limit);
    return { jobs, ...(all.length > limit ? { next: jobs.at(-1)!.spec.jobId } : {}) };
  }

  async cancel(jobId: string, by: string) {
    const record = this.records.get(jobId);
    if (record === undefined) throw new ProvChainError('NOT_FOUND', `there is no job ${jobId}`);
    if (record.state === 'queued') return this.change(jobId, { state: 'cancelled', notes: [`by ${by}`] });
    return record;
  }

  watch(jobId: string, _since: number, listener: (event: JobEvent) => void) {
    const listeners = this.listeners.get(jobId) ?? new Set();
    this.listeners.set(jobId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  async wait(jobId: string, ms: number, signal: AbortSignal) {
    this.lastWaitMs = ms;
    await new Promise<void>((resolve) => {
      const stop = this.watch(jobId, 0, ({ record }) => {
        if (['completed', 'failed', 'cancelled'].includes(record.state)) done();
      });
      const timer = setTimeout(() => done(), ms);
      const done = () => {
        stop();
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
    });
    return this.records.get(jobId)!;
  }
}
