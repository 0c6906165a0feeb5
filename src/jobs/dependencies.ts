import type { CachedResult, ResultIdentity as KeyedIdentity } from '../cache/index.js';
import type { Sealer } from '../fleet/index.js';
import type {
  EvidenceStore,
  Level,
  Plan,
  Progress,
  ShardOutcome,
  ShardRunner,
  ShardTask,
  Unseen,
} from '../validation/index.js';
import type { JobResult, JobSpec } from './job.js';

/** What this folder needs of others, declared here and implemented there; `createJobService` takes them all. */

/** Durable records: `src/state`. */
export interface JobState {
  get<T>(key: string): Promise<T | undefined>;
  /** All or nothing, durable when it resolves, later calls written later. A value of undefined takes the key away. */
  put(entries: readonly (readonly [key: string, value: unknown])[]): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  scan<T>(
    prefix: string,
    options?: { after?: string; limit?: number; reverse?: boolean },
  ): Promise<readonly { readonly key: string; readonly value: T }[]>;
}

/** A cache that is away is a miss, never an error. */
export interface ReportCache {
  get(key: string, level: string): Promise<CachedResult | undefined>;
  put(key: string, entry: CachedResult, ttlMs: number, level: string): Promise<unknown>;
}

/** What decides a result, beside the version of the program. */
export type ResultIdentity = Omit<KeyedIdentity, 'engineVersion'>;

/** The state of the chain as it is now; `anchorIndex` is the block that the anchor names. */
export interface CurrentHead {
  readonly height: number;
  readonly headHash: string;
  readonly anchorIndex?: number | null;
}

/** The replica whose directory this node sees. */
export interface LocalReplica {
  readonly chainId: string;
  readonly replica: string;
  readonly dir: string;
  /**
   * The head, and the fingerprint of the database's files (DESIGN §8) from before it was read. Errors: STORE_UNAVAILABLE,
   * STORE_CORRUPT, NOT_A_CHAIN; a job then pins nothing, and its report says what is wrong.
   */
  state(): Promise<{ readonly head: CurrentHead; readonly fingerprint: string }>;
}

/** What a run is told, beside where: plain data. */
export type RunSpec = Pick<
  JobSpec,
  | 'jobId'
  | 'from'
  | 'to'
  | 'pin'
  | 'requireAnchor'
  | 'batchSize'
  | 'timeLimitMs'
  | 'parallel'
  | 'incremental'
  | 'profiling'
  | 'commonHeight'
> & { readonly level?: Level; readonly checks?: JobSpec['checks']; readonly node: string };

export interface RunOptions {
  /** Aborted with 'cancelled' or 'time-limit' ends the run with a report of what was covered. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Where the shards run; on the validator's own threads when not given. */
  readonly shards?: (plan: Plan) => ShardRunner;
  readonly evidence?: EvidenceStore;
}

/** `unseen`: the report says nothing, because this machine does not show the pinned head (yet). */
export type RunResult = JobResult & { readonly unseen?: Unseen };

/** Who checks: `src/pool`. Rejects with STORE_UNAVAILABLE when its process died. */
export interface JobValidator {
  run(dir: string, spec: RunSpec, options: RunOptions): Promise<RunResult>;
  runShard(dir: string, plan: Plan, task: ShardTask, signal: AbortSignal): Promise<ShardOutcome>;
}

/** Another node of the fleet, or this one: `src/fleet`. */
export interface FleetNode {
  readonly nodeId: string;
  readonly roles: readonly string[];
  readonly chainId: string;
  readonly replica: string;
  readonly height: number | null;
}

/** Nodes that are alive, this one among them; a local copy. */
export interface FleetNodes {
  list(): readonly FleetNode[];
}

export type { Sealer };

/** One sealer per purpose. */
export type Sealers = (purpose: string) => Sealer;
