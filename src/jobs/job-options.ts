import type { Log } from '../logging/index.js';
import type { EvidenceStore } from '../validation/index.js';
import type { JobBackend } from './backend.js';
import type {
  FleetNodes,
  JobValidator,
  LocalReplica,
  ReportCache,
  ResultIdentity,
  JobState as StateStore,
} from './dependencies.js';
import type { JobRecord } from './job.js';
import type { JobConfig } from './resolve-request.js';

/** What a job with a report has left. */
export interface EndedResult {
  /** JSON text. */
  readonly report: string;
  /** Milliseconds per stage, of a job that was profiled. */
  readonly stages?: Readonly<Record<string, number>>;
}

export interface JobServiceOptions {
  /** Id of this node. */
  readonly node: string;
  readonly chain: LocalReplica;
  readonly backend: JobBackend;
  readonly state: StateStore;
  readonly cache: ReportCache;
  readonly resultKey: (identity: ResultIdentity) => string;
  readonly validator: JobValidator;
  readonly evidence?: EvidenceStore;
  readonly nodes: FleetNodes;
  /** The settings in force; read for every job. */
  readonly config: () => JobConfig;
  /** Whether this node runs jobs and shards itself, and how many shards at a time. */
  readonly work: { readonly shards: number } | false;
  readonly log: Log;
  readonly now?: () => Date;
  readonly maxQueueDepth?: number;
  readonly maxQueueDepthPerClient?: number;
  readonly maxRecords?: number;
  readonly retentionMs?: number;
  readonly reconcileMs?: number;
  readonly progressMs?: number;
  /** What a validator gets beyond the time limit of its job before it is given up. */
  readonly graceMs?: number;
  /** How often a job is given to the queue, which may lose it, before it fails. */
  readonly mostAdditions?: number;
  /** A job whose replica no living worker sees fails after so long. */
  readonly unattendedMs?: number;
  /** Told once per job that this node has accepted and that has ended, before anybody who waits for it. */
  readonly onEnded?: (record: JobRecord, result?: EndedResult) => void;
  readonly onAccepted?: (record: JobRecord) => void;
}

/** Of the options that are numbers. */
export const JOB_DEFAULTS = {
  maxQueueDepth: 1000,
  maxQueueDepthPerClient: 1000,
  maxRecords: 10_000,
  retentionMs: 24 * 3_600_000,
  reconcileMs: 1000,
  progressMs: 250,
  graceMs: 10_000,
  mostAdditions: 10,
  unattendedMs: 60_000,
} as const;
