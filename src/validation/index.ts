export { type Block, openBlock } from './block.js';
export { readBlock, readBlocks, type StoredValue } from './block-reader.js';
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
export {
  BREATH_MS,
  type KnownShard,
  type ShardControl,
  type ShardOutcome,
  type ShardResult,
  type ShardRunner,
  type ShardTask,
  type StopReason,
  type Unseen,
} from './shard.js';
export {
  canReuse,
  type EvidenceStore,
  identifyShards,
  KnownShards,
  type ShardIdentity,
} from './shard-evidence.js';
export type { BlockSource, Column, Entry, ScanOptions } from './source.js';
export { type ReportSummary, type SummedFinding, summarizeReport } from './summary.js';
export {
  type Progress,
  reportUnopened,
  runnerInThread,
  type Stage,
  type ValidateOptions,
  validate,
} from './validate.js';
