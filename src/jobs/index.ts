export { type Agreement, agreementOf, type ReplicaVerdict } from './agreement.js';
export {
  createMemoryBackend,
  createRedisBackend,
  type JobBackend,
  type JobConnections,
  type RedisBackendOptions,
} from './backend.js';
export { closeWorker, createBullQueue, DEFAULT_LOCKS, type LockOptions } from './bull-queue.js';
export type {
  CurrentHead,
  FleetNode,
  FleetNodes,
  JobState as JobStateStore,
  JobValidator,
  LocalReplica,
  ReportCache,
  ResultIdentity,
  RunOptions,
  RunResult,
  RunSpec,
} from './dependencies.js';
export type { EndedJob, EndedJobTaker } from './ended-jobs.js';
export type { FleetReport } from './fleet-jobs.js';
export {
  JOB_STATES,
  JOB_TRIGGERS,
  type JobEvent,
  type JobOrigin,
  type JobRecord,
  type JobRequest,
  type JobResult,
  type JobSpec,
  type JobState,
  type JobTrigger,
  PRIORITIES,
  type Priority,
  type ReplicaOutcome,
} from './job.js';
export { isJobId, newJobId } from './job-id.js';
export type { JobPage, JobQuery } from './job-list.js';
export { type EndedResult, JOB_DEFAULTS, type JobServiceOptions } from './job-options.js';
export { createJobService, type JobReport, type JobService } from './job-service.js';
export type { JobStats, LevelStats } from './job-stats.js';
export { createMemoryQueue } from './memory-queue.js';
export { DEFAULT_RETRY, type JobQueue, type RetryOptions } from './queue.js';
export { type CustomLevel, type JobConfig, type ResolvedRequest, resolveRequest } from './resolve-request.js';
export type { Submitted } from './submission.js';
export { isTerminal, type TerminalState } from './transition.js';
export type { JobListener } from './watchers.js';
