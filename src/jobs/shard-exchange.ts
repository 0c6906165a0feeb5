import type { Plan, ShardOutcome, ShardRunner, ShardTask } from '../validation/index.js';
import type { Priority } from './job.js';
import type { QueueWorker } from './queue.js';

/** A job whose shards are to be spread over the workers of its replica. */
export interface SpreadJob {
  readonly jobId: string;
  readonly fence: number;
  readonly replica: string;
  readonly priority: Priority;
  readonly plan: Plan;
  /** A shard was left to another worker, or had to be given out again. */
  readonly onNote: (note: string) => void;
}

/** Checks one shard of somebody's job on this node; see `JobValidator.runShard`. */
export type ShardProcessor = (plan: Plan, task: ShardTask, signal: AbortSignal) => Promise<ShardOutcome>;

/** How the nodes that see one replica work on each other's jobs. */
export interface ShardExchange {
  /** Whether another node than this one works on shards of the replica: only then is spreading them worth a message. */
  spreads(replica: string): boolean;
  runnerFor(job: SpreadJob): ShardRunner;
  /** Takes shards of the replica that this node sees. */
  serve(processor: ShardProcessor, concurrency: number): QueueWorker;
  close(): Promise<void>;
}
