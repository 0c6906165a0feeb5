import { ProvChainError } from '../errors.js';
import { type Check, LEVEL_CHECKS, type Level, parseChecks } from '../validation/index.js';
import type { JobRequest, JobSpec } from './job.js';

/** A custom level of the configuration. */
export interface CustomLevel {
  readonly level?: Level;
  readonly checks?: readonly Check[];
  /** Seconds. */
  readonly max_validation_time?: number;
  readonly enable_caching?: boolean;
  readonly cache_ttl_seconds?: number;
  readonly enable_profiling?: boolean;
}

/** The settings that a job is made from, under their names in the configuration; a frozen copy of those in force. */
export interface JobConfig {
  readonly validation_level: Level;
  readonly enable_caching: boolean;
  readonly cache_ttl_seconds: number;
  readonly enable_parallel_validation: boolean;
  readonly enable_incremental_validation: boolean;
  readonly enable_profiling: boolean;
  /** Seconds that a job may take when nobody says otherwise. */
  readonly max_validation_time: number;
  /** Seconds that no job may go beyond, whoever asks for it. */
  readonly max_validation_time_seconds: number;
  readonly batch_size: number;
  /** Jobs that this node runs at a time. */
  readonly max_concurrent_validations: number;
  readonly levels: Readonly<Record<string, CustomLevel>>;
}

/** What a request comes to under a configuration: the part of a job that does not depend on the chain. */
export type ResolvedRequest = Pick<
  JobSpec,
  | 'kind'
  | 'level'
  | 'checks'
  | 'profile'
  | 'from'
  | 'to'
  | 'requireAnchor'
  | 'batchSize'
  | 'timeLimitMs'
  | 'priority'
  | 'parallel'
  | 'incremental'
  | 'profiling'
  | 'cacheTtlMs'
  | 'fresh'
>;

/**
 * Fills a request with the settings in force. A fresh job, and one of a custom level without caching (an audit), reuses
 * nothing that earlier jobs have shown.
 *
 * Errors: REQUEST_INVALID when it names more than one of level, checks and custom level, or an unknown one, or a bad
 * number.
 */
export function resolveRequest(request: JobRequest, config: JobConfig): ResolvedRequest {
  checkNumbers(request);
  const custom = customLevel(request, config);
  const caching = custom?.enable_caching ?? config.enable_caching;
  const fresh = request.fresh ?? false;
  return {
    kind: request.fleet ? 'fleet' : 'replica',
    ...checkSet(request, config, custom),
    profile: request.profile,
    from: request.from,
    to: request.to,
    requireAnchor: request.requireAnchor ?? true,
    batchSize: config.batch_size,
    timeLimitMs: timeLimitMs(request, config, custom),
    priority: request.priority ?? 'normal',
    parallel: config.enable_parallel_validation,
    incremental: config.enable_incremental_validation && caching && !fresh,
    profiling: custom?.enable_profiling ?? config.enable_profiling,
    cacheTtlMs: caching ? (custom?.cache_ttl_seconds ?? config.cache_ttl_seconds) * 1000 : 0,
    fresh,
  };
}

function customLevel({ level, checks, profile }: JobRequest, config: JobConfig): CustomLevel | undefined {
  const named = [level, checks, profile].filter((value) => value !== undefined);
  if (named.length > 1) throw invalid('name one of "level", "checks" and "profile"');
  if (profile === undefined) return undefined;
  // The name comes from the caller: it must not reach what every object has.
  if (Object.hasOwn(config.levels, profile)) return config.levels[profile];
  const known = Object.keys(config.levels).join(', ') || 'none';
  throw invalid(`there is no custom level "${profile}"; configured: ${known}`);
}

function checkSet(
  request: JobRequest,
  config: JobConfig,
  custom: CustomLevel | undefined,
): Pick<JobSpec, 'level' | 'checks'> {
  const checks = custom ? custom.checks : request.checks;
  if (checks) {
    if (checks.length === 0) throw invalid('"checks" names no check');
    return { level: 'Custom', checks: parseChecks(checks) };
  }
  const level = custom?.level ?? request.level ?? config.validation_level;
  return { level, checks: LEVEL_CHECKS[level] };
}

function timeLimitMs(request: JobRequest, config: JobConfig, custom: CustomLevel | undefined): number {
  const usual = (custom?.max_validation_time ?? config.max_validation_time) * 1000;
  return Math.min(request.timeLimitMs ?? usual, config.max_validation_time_seconds * 1000);
}

function checkNumbers({ from, to, timeLimitMs: limit }: JobRequest): void {
  checkBlock('from', from);
  checkBlock('to', to);
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw invalid('"timeLimitMs" must be a whole number above 0');
  }
}

function checkBlock(name: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
    throw invalid(`"${name}" must be a whole number of at least 0`);
  }
}

const invalid = (message: string) => new ProvChainError('REQUEST_INVALID', message);
