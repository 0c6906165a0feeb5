import { z } from 'zod';
import { ProvChainError } from '../errors.js';
import { performance, resourceLimits } from './integrity-settings.js';
import type { Settings } from './schema.js';

/** The schema of a key without its default: what is left out of a patch stays as it is. */
function bare<Schema extends z.ZodType>(key: z.ZodDefault<Schema>): Schema {
  return key.unwrap().describe(key.description ?? '');
}

const ofPerformance = performance.unwrap().shape;
const ofLimits = resourceLimits.unwrap().shape;

/** What may be changed while the node runs (`PUT /api/integrity/config`), under the names of the TOML file. */
export const runtimeSettingsSchema = z.strictObject({
  validation_level: bare(ofPerformance.validation_level),
  enable_caching: bare(ofPerformance.enable_caching),
  cache_ttl_seconds: bare(ofPerformance.cache_ttl_seconds),
  enable_parallel_validation: bare(ofPerformance.enable_parallel_validation),
  enable_incremental_validation: bare(ofPerformance.enable_incremental_validation),
  enable_profiling: bare(ofPerformance.enable_profiling),
  max_validation_time: bare(ofPerformance.max_validation_time),
  batch_size: bare(ofPerformance.batch_size),
  max_memory_mb: bare(ofLimits.max_memory_mb),
  max_cpu_percent: bare(ofLimits.max_cpu_percent),
  max_validation_time_seconds: bare(ofLimits.max_validation_time_seconds),
  max_concurrent_validations: bare(ofLimits.max_concurrent_validations),
});

/** A change: any of them, at least one, and nothing else. */
export const runtimePatchSchema = runtimeSettingsSchema
  .partial()
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), {
    message: 'at least one setting is needed',
  });

export type RuntimeSettings = z.output<typeof runtimeSettingsSchema>;
export type RuntimePatch = z.output<typeof runtimePatchSchema>;

/** The part of the settings that may be changed, as the file has it. */
export function runtimeOf({
  integrity: { performance: own, resource_limits: limits },
}: Settings): RuntimeSettings {
  return {
    validation_level: own.validation_level,
    enable_caching: own.enable_caching,
    cache_ttl_seconds: own.cache_ttl_seconds,
    enable_parallel_validation: own.enable_parallel_validation,
    enable_incremental_validation: own.enable_incremental_validation,
    enable_profiling: own.enable_profiling,
    max_validation_time: own.max_validation_time,
    batch_size: own.batch_size,
    max_memory_mb: limits.max_memory_mb,
    max_cpu_percent: limits.max_cpu_percent,
    max_validation_time_seconds: limits.max_validation_time_seconds,
    max_concurrent_validations: limits.max_concurrent_validations,
  };
}

/**
 * The settings after a change that {@link runtimePatchSchema} has taken; `current` is left as it is.
 *
 * Errors: CONFIG_INVALID when the result contradicts itself.
 */
export function mergeRuntime(current: RuntimeSettings, patch: RuntimePatch): RuntimeSettings {
  const stated = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const merged: RuntimeSettings = { ...current, ...stated };
  const { max_validation_time: own, max_validation_time_seconds: most } = merged;
  if (own > most) {
    const message = `max_validation_time would be ${own} s, above max_validation_time_seconds (${most} s)`;
    throw new ProvChainError('CONFIG_INVALID', message);
  }
  return merged;
}
