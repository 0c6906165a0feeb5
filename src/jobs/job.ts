import type { ErrorCode } from '../errors.js';
import type { Check, Level, Pin, Progress, Report, Status } from '../validation/index.js';

/**
 * What a job is. States:
 *
 *   queued → running → completed   a report was made, whatever it says (Incomplete among it)
 *                    → failed      no report could be made; `error` says why
 *                    → cancelled   by a user; with a report of what was covered if it had begun
 *
 * queued → cancelled and queued → failed (nobody could run it) are possible too. The last three are terminal: a job
 * reaches exactly one of them, and never leaves it. running → queued happens when a worker is lost.
 */
export const JOB_STATES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

export const PRIORITIES = ['high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Who asked for a job: a user over REST, or the node itself. */
export const JOB_TRIGGERS = ['api', 'startup', 'append', 'monitor', 'scrub'] as const;
export type JobTrigger = (typeof JOB_TRIGGERS)[number];

/** What a caller asks for, already parsed; what is left out comes from the settings in force when it is accepted. */
export interface JobRequest {
  readonly level?: Level;
  /** A custom set of checks; instead of a level. */
  readonly checks?: readonly Check[];
  /** The name of a custom level of the configuration; instead of both. */
  readonly profile?: string;
  /** First block, and the one after the last. */
  readonly from?: number;
  readonly to?: number;
  readonly requireAnchor?: boolean;
  readonly timeLimitMs?: number;
  readonly priority?: Priority;
  /** Do not answer from the cache, and reuse no evidence of earlier jobs. */
  readonly fresh?: boolean;
  /** Take a cached result only if its oldest evidence is younger, however long results are cached. */
  readonly maxAgeMs?: number;
  /** One job per replica of the chain, and one report that says whether they agree. */
  readonly fleet?: boolean;
}

/** Who asks, for the record. */
export interface JobOrigin {
  readonly trigger: JobTrigger;
  readonly user?: string;
  readonly requestId?: string;
  /** Requests with one key are one job, whatever happens between them. Bound to `user`. */
  readonly idempotencyKey?: string;
}

/** A job as it was accepted: plain data, frozen. Later changes of the configuration do not touch it. */
export interface JobSpec {
  readonly jobId: string;
  readonly kind: 'replica' | 'fleet';
  readonly chainId: string;
  /** Whose directory is checked; of a fleet job, the accepting node's. */
  readonly replica: string;
  /** Node that accepted the job and keeps its record. */
  readonly owner: string;
  readonly origin: JobOrigin;
  readonly level: Level | 'Custom';
  readonly checks: readonly Check[];
  readonly profile?: string;
  readonly from?: number;
  readonly to?: number;
  /** The state of the chain that is checked; a child of a fleet job pins its own replica's when it starts. */
  readonly pin?: Pin;
  readonly requireAnchor: boolean;
  readonly batchSize: number;
  readonly timeLimitMs: number;
  readonly priority: Priority;
  readonly parallel: boolean;
  /** Reuse what earlier jobs showed of unchanged blocks. */
  readonly incremental: boolean;
  /** Attach a CPU profile and stage timings. */
  readonly profiling: boolean;
  /** Milliseconds that a result may be answered from the cache; 0: not at all. */
  readonly cacheTtlMs: number;
  readonly fresh: boolean;
  /** Jobs of one key in flight are one job. */
  readonly dedupKey: string;
  /** Under which the result is cached; absent where it never is. */
  readonly cacheKey?: string;
  /** Of a child of a fleet job: the fleet job, and the height at which all replicas are compared. */
  readonly parent?: string;
  readonly commonHeight?: number;
  readonly createdAt: string;
}

/** One replica's part in a fleet job. */
export interface ReplicaOutcome {
  readonly replica: string;
  readonly jobId: string;
  readonly state: JobState;
  readonly status?: Status;
  readonly height?: number | null;
  readonly headHash?: string | null;
  readonly reportDigest?: string;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

/** The record of a job, as its owner keeps it and everybody sees it. The report is stored beside it. */
export interface JobRecord {
  readonly spec: JobSpec;
  readonly state: JobState;
  /** Grows with every start of the job; what carries a lower one has lost. */
  readonly fence: number;
  readonly attempts: number;
  /** Grows with every change, so that who has seen one can ask for later ones. */
  readonly revision: number;
  readonly updatedAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** Node that coordinates or coordinated it. */
  readonly node?: string;
  readonly progress?: Progress;
  /** Worst status and digest of the report, once there is one. */
  readonly status?: Status;
  readonly complete?: boolean;
  readonly reportDigest?: string;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  /** Of a fleet job. `agree` is null when that could not be told. */
  readonly replicas?: readonly ReplicaOutcome[];
  readonly agree?: boolean | null;
  /** Why it took the way it did: attempts lost, shards left to others, in words. Bounded. */
  readonly notes: readonly string[];
}

/** What a run of a job gives. */
export interface JobResult {
  readonly report: Report;
  /** Block hash at `commonHeight - 1`, when asked for and there. */
  readonly commonHash?: string | null;
  /** Milliseconds per stage, when profiling. */
  readonly stages?: Readonly<Record<string, number>>;
  /** A V8 CPU profile (JSON text), when profiling. */
  readonly cpuProfile?: string;
}

/** A change that watchers of a job are told. `id` is the record's revision. */
export interface JobEvent {
  readonly jobId: string;
  readonly id: number;
  readonly type: 'state' | 'progress';
  readonly record: JobRecord;
}
