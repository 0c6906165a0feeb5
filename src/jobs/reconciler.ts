import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import { jobTicketCodec } from './codec.js';
import type { FleetNodes, Sealer } from './dependencies.js';
import type { JobRecord } from './job.js';
import type { JobRunner } from './job-runner.js';
import type { JobQueue, QueuedJob } from './queue.js';
import type { RecordBook } from './record-book.js';
import type { RecordMirror } from './record-mirror.js';
import { additionsOf, failRecord, isTerminal, readdRecord } from './transition.js';

export interface ReconcilerOptions {
  readonly node: string;
  readonly book: RecordBook;
  readonly runner: JobRunner;
  readonly mirror?: RecordMirror;
  readonly queueOf: (replica: string) => JobQueue;
  readonly nodes: FleetNodes;
  readonly sealer: Sealer;
  readonly now: () => Date;
  readonly log: Log;
  /** How often a job is added to the queue before it fails. */
  readonly mostAdditions: number;
  /** A job whose replica no living worker sees fails after so long. */
  readonly unattendedMs: number;
}

/** Closed records that are shown to the others again after Redis has lost everything. */
const RESTORED_RECORDS = 200;
/** Open jobs that are held against Redis in one look. */
const LOOK_AT_ONCE = 250;

/**
 * Holds the open jobs of this node against what Redis says, so that each of them ends: whoever was to tell may have been
 * killed, and Redis may have been flushed, restarted, or away.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** Jobs that the queue did not hold at the last look: one on its way gets a second one. */
  readonly #suspects = new Set<string>();
  /** Where the next turn begins. */
  #nextTurn = 0;
  readonly #unattendedSince = new Map<string, number>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /**
   * One look at all open jobs. Errors: QUEUE_UNAVAILABLE; the next look makes up for it.
   *
   * @param atStart what the queue does not hold was lost with an earlier process, and needs no second look
   */
  async look(atStart = false): Promise<void> {
    const { book, runner, mirror, node } = this.#options;
    const emptied = (await mirror?.wasEmptied(node)) ?? false;
    if (emptied) await this.#restore();
    const open = book.open();
    const all = atStart || emptied || open.length <= LOOK_AT_ONCE;
    const turn = all ? open : this.#turnOf(open);
    const waiting = turn.filter(({ spec }) => spec.kind === 'replica' && !runner.isRunning(spec.jobId));
    if (mirror) await this.#catchUp(waiting);
    const missing = await this.#missing(waiting);
    for (const record of missing) {
      if (atStart || this.#suspects.has(record.spec.jobId)) await this.#addAgain(record.spec.jobId, atStart);
    }
    const looked = new Set(waiting.map(({ spec }) => spec.jobId));
    for (const jobId of this.#suspects) {
      if (looked.has(jobId) || !book.current(jobId)) this.#suspects.delete(jobId);
    }
    for (const { spec } of missing) this.#suspects.add(spec.jobId);
    await this.#failUnattended(turn);
  }

  /** Of many jobs some at each look, in turn: looking at all of 20,000 every second took most of the time. */
  #turnOf(open: readonly JobRecord[]): readonly JobRecord[] {
    const from = this.#nextTurn < open.length ? this.#nextTurn : 0;
    this.#nextTurn = from + LOOK_AT_ONCE;
    return open.slice(from, this.#nextTurn);
  }

  /** Takes over what the mirror knows of jobs that others work on. */
  async catchUp(jobId: string): Promise<void> {
    const record = this.#options.book.current(jobId);
    if (record) await this.#catchUp([record]);
  }

  /**
   * Says again how a job ended that goes on according to the mirror: a Redis that was set back (its last second is lost
   * when it is killed) or emptied has forgotten the end, and somebody works on the job once more, in vain.
   *
   * @param told what the change said; it may be older than the end
   */
  async uphold(jobId: string, told: { readonly fence: number; readonly ended: boolean }): Promise<void> {
    const { book, mirror, log } = this.#options;
    const fence = book.closedFence(jobId);
    if (fence === undefined || (told.ended && told.fence === fence)) return;
    const mirrored = (await mirror?.get([jobId]))?.get(jobId);
    if (mirrored && isTerminal(mirrored.state) && mirrored.fence === fence) return;
    const record = await book.get(jobId);
    if (!record) return;
    log.info('Redis has forgotten the end of a job, and is told again', { jobId, fence });
    await mirror?.restore([{ record, result: await book.result(jobId) }]);
  }

  async #catchUp(records: readonly JobRecord[]): Promise<void> {
    const { book, mirror, log } = this.#options;
    const mirrored = await mirror?.get(records.map(({ spec }) => spec.jobId));
    for (const record of mirrored?.values() ?? []) {
      const { jobId } = record.spec;
      const own = book.current(jobId);
      if (own && isTerminal(record.state) && record.fence < own.fence) {
        // Possible only after Redis was emptied: a start that was given up ended before the later one could say more.
        await mirror?.restore([{ record: own }]);
        continue;
      }
      if (!isTerminal(record.state) || record.reportDigest === undefined) {
        await book.adopt(record);
        continue;
      }
      const result = await mirror?.result(jobId);
      if (result?.fence === record.fence) {
        await book.adopt(record, result, record.spec.profiling ? await mirror?.profile(jobId) : undefined);
        continue;
      }
      // A report that is gone, or that this fleet has not written, is made again.
      log.error('the report of a job in Redis is not what its record says; the job is run again', { jobId });
      await mirror?.forget([jobId]);
    }
  }

  async #missing(records: readonly JobRecord[]): Promise<readonly JobRecord[]> {
    const { book, queueOf } = this.#options;
    const missing: JobRecord[] = [];
    for (const replica of new Set(records.map(({ spec }) => spec.replica))) {
      const own = records.filter(({ spec }) => spec.replica === replica);
      const absent = await queueOf(replica).missing(own.map(({ spec }) => spec.jobId));
      // Some of them have ended just now.
      missing.push(...own.filter(({ spec }) => absent.has(spec.jobId) && book.current(spec.jobId)));
    }
    return missing;
  }

  async #addAgain(jobId: string, atStart: boolean): Promise<void> {
    const { book, mirror, runner, queueOf, sealer, now, log, mostAdditions } = this.#options;
    const record = book.current(jobId);
    if (!record || runner.isRunning(jobId)) return;
    if (additionsOf(record.fence) >= mostAdditions) {
      const message = `could not check: the queue has lost the job ${mostAdditions} times`;
      await this.#fail(record, new ProvChainError('QUEUE_UNAVAILABLE', message));
      return;
    }
    const why = atStart ? 'the node was started again before the job was done' : 'the queue has lost the job';
    const again = readdRecord(record, `${why}; it was added again`, now());
    // From here on nothing that an earlier start still does counts.
    const write = await mirror?.put(again);
    if (write && !write.accepted) return;
    if (!(await book.write(again))) return;
    log.warn('added a job again', { jobId, reason: why });
    await queueOf(record.spec.replica).add(queuedJob(again, sealer));
  }

  async #failUnattended(turn: readonly JobRecord[]): Promise<void> {
    const { nodes, now, unattendedMs } = this.#options;
    const attended = new Set(
      nodes
        .list()
        .filter(({ roles }) => roles.includes('worker'))
        .map(({ replica }) => replica),
    );
    const at = now().getTime();
    for (const replica of attended) this.#unattendedSince.delete(replica);
    for (const record of turn) {
      if (record.spec.kind !== 'replica' || attended.has(record.spec.replica)) continue;
      const { replica } = record.spec;
      const since = this.#unattendedSince.get(replica) ?? at;
      this.#unattendedSince.set(replica, since);
      if (at - since < unattendedMs) continue;
      const message = `could not check: no worker that sees replica ${replica} was there for ${unattendedMs / 1000} s`;
      await this.#fail(record, new ProvChainError('STORE_UNAVAILABLE', message));
    }
  }

  async #fail(record: JobRecord, error: ProvChainError): Promise<void> {
    const { book, mirror, queueOf, now } = this.#options;
    const failed = failRecord(record, error, now());
    const write = await mirror?.put(failed);
    if (write && !write.accepted) return;
    await book.adopt(failed);
    await queueOf(record.spec.replica).remove(record.spec.jobId);
  }

  /** After Redis has lost everything: what has ended here lately is to be seen on the other nodes again. */
  async #restore(): Promise<void> {
    const { book, mirror } = this.#options;
    const entries: { record: JobRecord; result?: Awaited<ReturnType<RecordBook['result']>> }[] = [];
    for (const jobId of book.lastClosed(RESTORED_RECORDS)) {
      const record = await book.get(jobId);
      if (record) entries.push({ record, result: await book.result(jobId) });
    }
    await mirror?.restore(entries);
  }
}

/** A job as it goes into the queue: sealed, because whoever takes it out does what it says. */
export function queuedJob(record: JobRecord, sealer: Sealer): QueuedJob {
  const { spec, fence } = record;
  const additions = additionsOf(fence);
  const ticket = jobTicketCodec.write({ spec, additions });
  return {
    jobId: spec.jobId,
    // A job that is added again has its own record to end, whoever has asked for the same meanwhile.
    dedupId: additions > 1 ? `${spec.dedupKey}-${spec.jobId}` : spec.dedupKey,
    priority: spec.priority,
    payload: sealer.seal(ticket, spec.jobId),
  };
}
