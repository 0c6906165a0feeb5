export { pinChain } from './check-ends.js';
export {
  CHECKS,
  type Check,
  DEFAULT_LEVEL,
  LEVEL_CHECKS,
  LEVELS,
  type Level,
  parseChecks,
  parseLevel,
} from './check-set.js';
export { checkShard } from './check-shard.js';
export { exitCodeOf } from './exit-code.js';
export { FINDINGS, type Finding, type FindingCode, STATUSES, type Status } from './finding.js';
export {
  type ChainEvidence,
  type Pin,
  type Plan,
  type PlanOptions,
  planValidation,
  type Range,
} from './plan.js';
export type { Report } from './report.js';
export type { ShardControl, ShardOutcome, ShardResult, ShardRunner, ShardTask, StopReason } from './shard.js';
export type { BlockSource, Column, Entry, ScanOptions } from './source.js';
export { type Progress, reportUnopened, runnerInThread, type ValidateOptions, validate } from './validate.js';
