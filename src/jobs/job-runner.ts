import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import type { EvidenceStore, Progress } from '../validation/index.js';
import { type JobTicket, jobTicketCodec, type StoredResult } from './codec.js';
import type { JobValidator, LocalReplica, RunOptions, RunResult, RunSpec, Sealer } from './dependencies.js';
import type { JobRecord, JobResult, JobSpec } from './job.js';
import { type Delivery, PutBack } from './queue.js';
import type { RecordBook } from './record-book.js';
import type { MirrorWrite, RecordMirror } from './record-mirror.js';
import type { ShardExchange } from './shard-exchange.js';
import {
  acceptedRecord,
  cancelRecord,
  failRecord,
  fenceOf,
  finishRecord,
  isTerminal,
  noteRecord,
  progressRecord,
  requeueRecord,
  startRecord,
} from './transition.js';

export interface JobRunnerOptions {
  readonly node: string;
  readonly chain: LocalReplica;
  readonly validator: JobValidator;
  readonly book: RecordBook;
  readonly mirror?: RecordMirror;
  readonly shards?: ShardExchange;
  readonly evidence?: EvidenceStore;
  readonly sealer: Sealer;
  readonly now: () => Date;
  readonly log: Log;
  /** How often progress is told. */
  readonly progressMs: number;
  /** After its time limit, and again after it was told to stop for good, a validator gets so long to end. */
  readonly graceMs: number;
}

/** One run of a job on this node. */
interface Run {
  record: JobRecord;
  readonly stop: AbortController;
  /** As far as the validator has told; the record lags behind. */
  progress?: Progress;
  /** Who cancelled it. */
  cancelledBy?: string;
  /** A later attempt has begun elsewhere: whatever comes of this one counts no more. */
  lost: boolean;
  /** This node is stopping: the job goes back to the queue. */
  leaving: boolean;
}

const MIRROR_RETRY_MS = 250;
/** Starts after which a job whose directory or pinned head no worker shows ends without a verdict. */
const MOST_UNSEEN = 12;
/** Doubled with every start: those who see it may be busy, or on their way. */
const UNSEEN_REST_MS = 300;
const LONGEST_REST_MS = 10_000;

/**
 * Runs the jobs that the queue delivers to this node.
 *
 * States of a run: begun (its start is written; refused if a later one is known) → running → ended (its record is
 * written; refused, and forgotten, if a later start is known by then). Every write is a compare-and-set on the fence, so
 * that a run which was frozen for so long that its job was given to another changes nothing when it goes on.
 */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #runs = new Map<string, Run>();
  #closing = false;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#runs.size;
  }

  isRunning(jobId: string): boolean {
    return this.#runs.has(jobId);
  }

  /** Stops a run that this node has; it ends with what it has covered. */
  cancel(jobId: string, by: string): boolean {
    const run = this.#runs.get(jobId);
    if (!run) return false;
    run.cancelledBy ??= by;
    run.stop.abort('cancelled');
    return true;
  }

  /** A start with this fence was seen, or the end of the job: a run here that is not later is in vain. */
  outrun(jobId: string, fence: number, ended = false): void {
    const run = this.#runs.get(jobId);
    if (!run || run.record.fence > fence || (run.record.fence === fence && !ended)) return;
    run.lost = true;
    run.stop.abort('cancelled');
  }

  /** Gives all runs back to the queue. */
  leave(): void {
    this.#closing = true;
    for (const run of this.#runs.values()) {
      run.leaving = true;
      run.stop.abort('cancelled');
    }
  }

  /** The {@link Processor} of the jobs queue. */
  async process(delivery: Delivery): Promise<void> {
    const { log, now, sealer } = this.#options;
    const { jobId, start, last } = delivery;
    if (this.#closing) throw new PutBack();
    const ticket = openTicket(sealer, jobId, delivery.payload);
    if (!ticket) {
      // Retrying would not make it ours; if it was, its owner adds it again.
      log.error('refused a job in Redis that this fleet has not written', { jobId });
      return;
    }
    const begun = await this.#begin(ticket, fenceOf(ticket.additions, start));
    if (!begun) return;
    const run: Run = { record: begun, stop: new AbortController(), lost: false, leaving: false };
    // Should an earlier start still be under way here, this one takes its place.
    this.outrun(jobId, begun.fence);
    this.#runs.set(jobId, run);
    try {
      const result = await this.#validate(run);
      if (run.lost) return;
      if (run.leaving && run.cancelledBy === undefined) return await this.#putBack(run);
      if (result.unseen && this.#mayLeave(run, start)) {
        return await this.#leave(run, start, 'does not show the pinned head');
      }
      await this.#end(this.#finished(run, result), result);
    } catch (thrown) {
      if (thrown instanceof PutBack) throw thrown;
      if (run.lost) return;
      if (run.leaving) return await this.#putBack(run);
      const error = ProvChainError.from(thrown);
      if (error.code === 'NOT_A_CHAIN' && this.#mayLeave(run, start)) {
        return await this.#leave(run, start, 'does not see the chain directory');
      }
      if (run.cancelledBy !== undefined)
        return await this.#end(cancelRecord(run.record, run.cancelledBy, now()));
      if (last || !error.retryable)
        return await this.#end(failRecord(run.record, couldNotCheck(error), now()));
      const note = `attempt ${run.record.attempts} on ${this.#options.node} failed: ${error.message}`;
      await this.#tell(run, requeueRecord(run.record, note, now()));
      throw error;
    } finally {
      if (this.#runs.get(jobId) === run) this.#runs.delete(jobId);
    }
  }

  /** Writes the start, unless the job has ended, was cancelled or has been started again since. */
  async #begin({ spec, additions }: JobTicket, fence: number): Promise<JobRecord | undefined> {
    const { book, mirror, node, now, log } = this.#options;
    const own =
      book.closedFence(spec.jobId) === undefined ? book.current(spec.jobId) : await book.get(spec.jobId);
    const known = [own, (await mirror?.get([spec.jobId]))?.get(spec.jobId)];
    const before =
      known
        .filter((record) => record !== undefined)
        .sort(byFence)
        .at(-1) ?? baseRecord(spec, additions);
    if (known.some((record) => record && isTerminal(record.state)) || before.fence >= fence) {
      log.info('a start of a job came too late', { jobId: spec.jobId, fence });
      return undefined;
    }
    const record = startRecord({ ...before, spec }, fence, node, now());
    const write: MirrorWrite = (await mirror?.put(record)) ?? { accepted: true };
    if (!write.accepted) return undefined;
    await book.adopt(record);
    if (write.cancelledBy === undefined) return record;
    await this.#end(cancelRecord(record, write.cancelledBy, now()));
    return undefined;
  }

  async #validate(run: Run): Promise<RunResult> {
    const { chain, validator, graceMs } = this.#options;
    const { spec } = run.record;
    const signal = run.stop.signal;
    // The CPU profile is taken by the threads of one validator, so that a profiled job stays on one node.
    const exchange = spec.parallel && !spec.profiling ? this.#options.shards : undefined;
    const progress = this.#progressOf(run);
    const shards: RunOptions['shards'] = exchange?.spreads(spec.replica)
      ? (plan) =>
          exchange.runnerFor({
            jobId: spec.jobId,
            fence: run.record.fence,
            replica: spec.replica,
            priority: spec.priority,
            plan,
            onNote: (note) => this.#note(run, note),
          })
      : undefined;
    const timers = [setTimeout(() => run.stop.abort('time-limit'), spec.timeLimitMs + graceMs)];
    const late = new Promise<never>((_, reject) => {
      const giveUp = () => {
        const message = 'the validator did not end when it was told to';
        timers.push(setTimeout(() => reject(new ProvChainError('STORE_UNAVAILABLE', message)), graceMs));
      };
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
    late.catch(() => {});
    try {
      const { evidence } = this.#options;
      const options = {
        signal,
        onProgress: progress,
        ...(shards && { shards }),
        ...(evidence && { evidence }),
      };
      return await Promise.race([
        validator.run(chain.dir, runSpecOf(spec, this.#options.node), options),
        late,
      ]);
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  }

  #progressOf(run: Run): (progress: Progress) => void {
    let told = 0;
    return (progress) => {
      run.progress = progress;
      const { now, progressMs } = this.#options;
      const at = now();
      if (run.lost || run.stop.signal.aborted || at.getTime() - told < progressMs) return;
      told = at.getTime();
      void this.#tell(run, progressRecord(run.record, progress, at));
    };
  }

  #note(run: Run, note: string): void {
    if (!run.lost) void this.#tell(run, noteRecord(run.record, note, this.#options.now()));
  }

  /** What may be lost on the way: the next such record says it again. */
  async #tell(run: Run, record: JobRecord): Promise<void> {
    const { book, mirror } = this.#options;
    run.record = record;
    try {
      const write = await mirror?.put(record);
      if (write && !write.accepted) {
        run.lost = true;
        run.stop.abort('cancelled');
        return;
      }
      // Asked for while the run was beginning, when nobody here could be told.
      if (write?.cancelledBy !== undefined) this.cancel(record.spec.jobId, write.cancelledBy);
    } catch {
      // Redis is away; the end of the job will wait for it.
    }
    await book.adopt(record);
  }

  /**
   * Writes the end of a job. It counts once the mirror has taken it: this node may have been frozen for longer than its
   * lock lasted, and only Redis knows whether another has taken over. So the end waits for as long as Redis is away.
   */
  async #end(record: JobRecord, result?: JobResult): Promise<void> {
    const { book, mirror, log } = this.#options;
    const { jobId } = record.spec;
    const stored = result && storedResultOf(record, result);
    while (mirror) {
      try {
        const write = await mirror.put(record, stored, result?.cpuProfile);
        if (write.accepted) break;
        log.warn('the end of a job came too late', { jobId, fence: record.fence });
        return;
      } catch (error) {
        if (this.#closing) throw new PutBack();
        log.debug('the end of a job waits for Redis', { jobId, reason: String(error) });
        await new Promise((resolve) => setTimeout(resolve, MIRROR_RETRY_MS));
      }
    }
    await book.adopt(record, stored, result?.cpuProfile);
  }

  /** Whether another worker may see what this one does not, or this one later. */
  #mayLeave(run: Run, start: number): boolean {
    return start < MOST_UNSEEN && this.#options.mirror !== undefined && !run.stop.signal.aborted;
  }

  async #leave(run: Run, start: number, why: string): Promise<never> {
    const { node, now } = this.#options;
    await this.#tell(run, requeueRecord(run.record, `${node} ${why} and left the job`, now()));
    throw new PutBack(Math.min(UNSEEN_REST_MS * 2 ** (start - 1), LONGEST_REST_MS));
  }

  async #putBack(run: Run): Promise<never> {
    const { node, now } = this.#options;
    await this.#tell(run, requeueRecord(run.record, `${node} stopped before it was done`, now()));
    throw new PutBack();
  }

  #finished(run: Run, { report }: JobResult): JobRecord {
    const { status, complete, reportDigest } = report;
    const state = run.cancelledBy !== undefined && !complete ? 'cancelled' : 'completed';
    const now = this.#options.now();
    const before =
      state === 'cancelled' ? noteRecord(run.record, `cancelled by ${run.cancelledBy}`, now) : run.record;
    const verdict = { status, complete, reportDigest, ...(run.progress && { progress: run.progress }) };
    return finishRecord(before, state, verdict, now);
  }
}

function openTicket(sealer: Sealer, jobId: string, payload: string): JobTicket | undefined {
  const json = sealer.open(payload, jobId);
  const ticket = json === undefined ? undefined : jobTicketCodec.read(json);
  return ticket?.spec.jobId === jobId ? ticket : undefined;
}

/** The record that a job had when it was added to the queue, for workers that know nothing else of it. */
export function baseRecord(spec: JobSpec, additions: number): JobRecord {
  const record = acceptedRecord(spec);
  return additions <= 1 ? record : { ...record, fence: fenceOf(additions, 0) };
}

const byFence = (a: JobRecord, b: JobRecord) => a.fence - b.fence || a.revision - b.revision;

/** Nothing was found out, whatever the reason: the code says so. */
function couldNotCheck(error: ProvChainError): ProvChainError {
  if (!error.retryable) return error;
  return new ProvChainError(error.code, `could not check: ${error.message}`, { cause: error });
}

function runSpecOf(spec: JobSpec, node: string): RunSpec {
  const { level, checks, commonHeight, from, pin, to } = spec;
  const { jobId, requireAnchor, batchSize, timeLimitMs, parallel, incremental, profiling } = spec;
  return {
    jobId,
    node,
    ...(level === 'Custom' ? { checks } : { level }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(pin && { pin }),
    ...(commonHeight !== undefined && { commonHeight }),
    requireAnchor,
    batchSize,
    timeLimitMs,
    parallel,
    incremental,
    profiling,
  };
}

function storedResultOf(record: JobRecord, { report, commonHash, stages }: JobResult): StoredResult {
  const { jobId } = record.spec;
  const { height, headHash } = report.chain;
  return {
    jobId,
    fence: record.fence,
    report: JSON.stringify(report),
    asOf: report.asOf,
    height,
    headHash,
    ...(commonHash !== undefined && { commonHash }),
    ...(stages && { stages }),
  };
}
