import { z } from 'zod';
import { CHECKS, LEVELS } from '../validation/index.js';
import { amount, flag, listOf, oneOf, section, setting, table, tablesByName, whole } from './setting.js';

/** A day: longer validations are a mistake in the unit, most often. */
const LONGEST_SECONDS = 86_400;

export const performance = section('What a validation does unless the request says otherwise.', {
  validation_level: setting(oneOf(LEVELS).default('Standard'), {
    meaning: 'level of a validation that names none (docs/levels.md)',
    atRunTime: true,
  }),
  enable_parallel_validation: setting(flag().default(true), {
    meaning: 'shards of a job run on several threads and nodes at once; otherwise one after the other',
    atRunTime: true,
  }),
  max_validation_time: setting(whole(1, LONGEST_SECONDS).default(300), {
    meaning: 'a validation that takes longer ends as Incomplete, unless its request gave it another limit',
    unit: 's',
    atRunTime: true,
  }),
  enable_caching: setting(flag().default(true), {
    meaning: 'answer from the result of an earlier validation while nothing on disk has changed',
    atRunTime: true,
  }),
  cache_ttl_seconds: setting(whole(1, 604_800).default(300), {
    meaning: 'age after which a cached result is not used any more',
    unit: 's',
    atRunTime: true,
  }),
  enable_incremental_validation: setting(flag().default(true), {
    meaning:
      'reuse what earlier jobs showed of blocks whose bytes hash to the same; every byte is still read and hashed',
    atRunTime: true,
  }),
  batch_size: setting(whole(1, 100_000).default(1000), {
    meaning: 'blocks of one shard, the unit of work, of progress and of what incremental validation reuses',
    unit: 'blocks',
    atRunTime: true,
  }),
  enable_profiling: setting(flag().default(false), {
    meaning: 'attach a CPU profile and the times of the stages to every job; such a job stays on one node',
    atRunTime: true,
  }),
  max_cache_size: setting(whole(1, 1_000_000).optional(), {
    meaning: "the predecessor's name of cache.max_cache_entries",
    otherwise: 'cache.max_cache_entries',
  }),
});

export const resourceLimits = section('What validations may take of the machine.', {
  max_memory_mb: setting(whole(128, 1_048_576).default(1024), {
    meaning: 'memory of the validator process; above it the process is replaced and its jobs are tried again',
    unit: 'MB',
    atRunTime: true,
  }),
  max_cpu_percent: setting(amount(1, 100).default(100), {
    meaning: 'share of the time that each validation thread works; it rests for the remainder',
    unit: '%',
    atRunTime: true,
  }),
  max_validation_time_seconds: setting(whole(1, LONGEST_SECONDS).default(600), {
    meaning: 'the longest limit that a request, a custom level or max_validation_time may set',
    unit: 's',
    atRunTime: true,
  }),
  max_concurrent_validations: setting(whole(1, 128).default(4), {
    meaning: 'jobs that run at once on this node; others wait in the queue',
    unit: 'jobs',
    atRunTime: true,
  }),
});

/** Names that would be taken for a built-in level. */
const RESERVED = new Set<string>([...LEVELS, 'Custom'].map((level) => level.toLowerCase()));

const levelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/)
  .refine((name) => !RESERVED.has(name));

export const LEVEL_NAME_FORM =
  'a name of lower-case letters, digits, "_" and "-", and not that of a built-in level';

/** What is left out follows the settings in force when a job is accepted, also after they changed at run time. */
const customLevel = table({
  level: setting(oneOf(LEVELS).optional(), {
    meaning: 'the built-in level whose checks it has; this or `checks`',
  }),
  checks: setting(
    listOf(oneOf(CHECKS), `names of checks (${CHECKS.join(', ')})`, CHECKS.length, 1).optional(),
    { meaning: 'its checks, with what they build on (docs/levels.md); this or `level`' },
  ),
  max_validation_time: setting(whole(1, LONGEST_SECONDS).optional(), {
    meaning: 'its time limit',
    unit: 's',
    otherwise: 'integrity.performance',
  }),
  enable_caching: setting(flag().optional(), {
    meaning: 'false: its jobs neither read nor fill the cache',
    otherwise: 'integrity.performance',
  }),
  cache_ttl_seconds: setting(whole(1, 604_800).optional(), {
    meaning: 'age after which its cached results are not used any more',
    unit: 's',
    otherwise: 'integrity.performance',
  }),
  enable_profiling: setting(flag().optional(), {
    meaning: 'attach a CPU profile and the times of the stages; such a job stays on one node',
    otherwise: 'integrity.performance',
  }),
});

export const levels = setting(tablesByName(levelName, customLevel).default({}), {
  meaning: 'Levels of your own, one table each: `[integrity.levels.audit]`.',
});
