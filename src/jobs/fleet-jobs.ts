import { createHash } from 'node:crypto';
import { canonicalJson } from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import { agreementOf, type ReplicaVerdict } from './agreement.js';
import type { StoredResult } from './codec.js';
import type { FleetNodes } from './dependencies.js';
import type { JobRecord, JobSpec, ReplicaOutcome } from './job.js';
import { newJobId } from './job-id.js';
import type { RecordBook } from './record-book.js';
import type { RecordMirror } from './record-mirror.js';
import {
  acceptedRecord,
  fenceOf,
  finishRecord,
  isTerminal,
  replicasRecord,
  startRecord,
} from './transition.js';

export interface FleetJobsOptions {
  readonly node: string;
  readonly chainId: string;
  readonly book: RecordBook;
  readonly mirror?: RecordMirror;
  readonly nodes: FleetNodes;
  readonly now: () => Date;
  readonly log: Log;
}

/** `provchain-fleet-report/1`: what is said of a fleet job beside the reports of its replicas, which its jobs have. */
export interface FleetReport {
  readonly schema: 'provchain-fleet-report/1';
  readonly jobId: string;
  readonly chainId: string;
  readonly level: JobSpec['level'];
  readonly status: string;
  readonly complete: boolean;
  readonly agree: boolean | null;
  /** Height at which the replicas are compared. */
  readonly commonHeight: number | null;
  readonly replicas: readonly (ReplicaOutcome & { readonly commonHash: string | null })[];
  readonly finishedAt: string;
  readonly asOf: string;
  /** SHA-256 of JCS over chainId, level, status, complete, agree, commonHeight and replicas without their job ids. */
  readonly reportDigest: string;
}

/**
 * Fleet jobs: one job per replica of the chain, each with a record of its own, and one that says what they come to. It
 * is not queued itself: nothing has to be done for it but to wait for them, and its owner has all their records.
 */
export class FleetJobs {
  readonly #options: FleetJobsOptions;
  readonly #updates = new Map<string, Promise<void>>();

  constructor(options: FleetJobsOptions) {
    this.#options = options;
  }

  /** The job and those of its replicas, as they are accepted together. */
  plan(spec: JobSpec): { parent: JobRecord; children: readonly JobRecord[] } {
    const { nodes, chainId, now } = this.#options;
    const known = nodes.list().filter((node) => node.chainId === chainId);
    const replicas = [...new Set([spec.replica, ...known.map(({ replica }) => replica)])].sort();
    const heights = known.flatMap(({ height }) => (height !== null && height > 0 ? [height] : []));
    const commonHeight = spec.to ?? (heights.length > 0 ? Math.min(...heights) : spec.pin?.height);
    // Each replica is checked at the head that it has when its job starts.
    const { pin: _pin, cacheKey: _cacheKey, ...rest } = spec;
    const children = replicas.map((replica) => {
      const jobId = newJobId(now());
      const child: JobSpec = {
        ...rest,
        jobId,
        kind: 'replica',
        replica,
        parent: spec.jobId,
        cacheTtlMs: 0,
        dedupKey: `child-${jobId}`,
        ...(commonHeight !== undefined && { commonHeight }),
      };
      return acceptedRecord(child);
    });
    const parent = acceptedRecord({ ...rest, ...(commonHeight !== undefined && { commonHeight }) });
    return { parent: { ...parent, replicas: children.map((child) => outcomeOf(child)) }, children };
  }

  /** A replica's job has changed: brings the fleet job up to date. One update of a fleet job at a time. */
  update(parentId: string): Promise<void> {
    const before = this.#updates.get(parentId) ?? Promise.resolve();
    const update = before
      .then(() => this.#update(parentId))
      .catch((error: unknown) => {
        this.#options.log.error('a fleet job could not be brought up to date', {
          jobId: parentId,
          reason: String(error),
        });
      });
    this.#updates.set(parentId, update);
    return update.finally(() => {
      if (this.#updates.get(parentId) === update) this.#updates.delete(parentId);
    });
  }

  async #update(parentId: string): Promise<void> {
    const { book, mirror, node, now } = this.#options;
    const parent = book.current(parentId);
    if (!parent) return;
    const children = await Promise.all((parent.replicas ?? []).map(({ jobId }) => book.get(jobId)));
    const verdicts = await Promise.all(
      children.map((child, at) => this.#verdictOf(child, parent.replicas?.[at])),
    );
    const outcomes = verdicts.map(({ outcome }) => outcome);
    const started = parent.state === 'queued' ? startRecord(parent, fenceOf(1, 1), node, now()) : parent;
    const running = replicasRecord(started, outcomes, now());
    if (!outcomes.every(({ state }) => isTerminal(state))) {
      await mirror?.put(running).catch(() => {});
      await book.adopt(running);
      return;
    }
    const { record, result } = finish(running, verdicts, children, now());
    // Only the owner ends a fleet job, so that nobody can have been first; the mirror gets it again if this is lost.
    await mirror?.put(record, result).catch(() => {});
    await book.adopt(record, result);
  }

  async #verdictOf(child: JobRecord | undefined, known: ReplicaOutcome | undefined): Promise<ReplicaVerdict> {
    if (!child) {
      if (!known) throw new ProvChainError('INTERNAL', 'a fleet job without replicas');
      const error = { code: 'STORE_UNAVAILABLE' as const, message: 'the record of its job is gone' };
      return { outcome: { ...known, state: 'failed', error } };
    }
    const result = isTerminal(child.state) ? await this.#options.book.result(child.spec.jobId) : undefined;
    return { outcome: outcomeOf(child, result), commonHash: result?.commonHash };
  }
}

function outcomeOf(child: JobRecord, result?: StoredResult): ReplicaOutcome {
  const { spec, state, status, reportDigest, error } = child;
  return {
    replica: spec.replica,
    jobId: spec.jobId,
    state,
    ...(status && { status }),
    ...(result?.height !== undefined && { height: result.height }),
    ...(result?.headHash !== undefined && { headHash: result.headHash }),
    ...(reportDigest && { reportDigest }),
    ...(error && { error }),
  };
}

function finish(
  running: JobRecord,
  verdicts: readonly ReplicaVerdict[],
  children: readonly (JobRecord | undefined)[],
  now: Date,
): { record: JobRecord; result: StoredResult } {
  const { spec } = running;
  const { agree, status, complete } = agreementOf(verdicts);
  const replicas = verdicts.map(({ outcome, commonHash }) => ({
    ...outcome,
    commonHash: commonHash ?? null,
  }));
  const digested = {
    chainId: spec.chainId,
    level: spec.level,
    status,
    complete,
    agree,
    commonHeight: spec.commonHeight ?? null,
    replicas: replicas.map(({ jobId: _, ...replica }) => replica),
  };
  const reportDigest = createHash('sha256').update(canonicalJson(digested)).digest('hex');
  const asOf = children
    .flatMap((child) => child?.startedAt ?? [])
    .sort()
    .at(0);
  const report: FleetReport = {
    schema: 'provchain-fleet-report/1',
    jobId: spec.jobId,
    ...digested,
    replicas,
    finishedAt: now.toISOString(),
    asOf: asOf ?? now.toISOString(),
    reportDigest,
  };
  const cancelled = verdicts.some(({ outcome }) => outcome.state === 'cancelled');
  const verdict = { status, complete, reportDigest, agree, replicas: verdicts.map(({ outcome }) => outcome) };
  const record = finishRecord(running, cancelled ? 'cancelled' : 'completed', verdict, now);
  return {
    record,
    result: { jobId: spec.jobId, fence: record.fence, report: JSON.stringify(report), asOf: report.asOf },
  };
}
