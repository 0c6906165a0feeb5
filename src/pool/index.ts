export { Gate } from './gate.js';
export { Intake, type IntakeOptions } from './intake.js';
export type { PoolLimits } from './limits.js';
export type {
  BlockInspection,
  ChainHead,
  FoundBlock,
  InspectedPayload,
  RunResult,
  RunSpec,
  SearchAnswer,
  SearchRequest,
  SearchTarget,
  StoredBlockHeader,
} from './service-messages.js';
export type { ValidatorStats } from './usage.js';
export { type DirectoryOptions, validateDirectory } from './validate-directory.js';
export { createValidator, type RunOptions, Validator, type ValidatorOptions } from './validator.js';
export { validateInProcess } from './validator-process.js';
