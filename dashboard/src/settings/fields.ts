import type { RuntimeSettings } from '../../../src/settings/index.js';

interface FieldKind {
  readonly label: string;
  readonly help: string;
  readonly kind: 'level' | 'switch' | 'number';
  readonly unit?: string;
}

/** The settings that may change while the node runs, as people read them. The node holds the values against its rules. */
export const FIELDS: Readonly<Record<keyof RuntimeSettings, FieldKind>> = {
  validation_level: { kind: 'level', label: 'Level', help: 'Of a validation that names none.' },
  enable_caching: {
    kind: 'switch',
    label: 'Cache of results',
    help: 'Answer from an earlier result while nothing on disk has changed.',
  },
  cache_ttl_seconds: {
    kind: 'number',
    unit: 's',
    label: 'Age limit of the cache',
    help: 'Older results are not used any more.',
  },
  enable_incremental_validation: {
    kind: 'switch',
    label: 'Reuse of evidence',
    help: 'Take canonical forms and signatures of unchanged blocks from earlier jobs. Every byte is still read and hashed.',
  },
  enable_parallel_validation: {
    kind: 'switch',
    label: 'Parallel shards',
    help: 'Several threads and nodes at once; otherwise one after the other.',
  },
  batch_size: {
    kind: 'number',
    unit: 'blocks',
    label: 'Size of a shard',
    help: 'The unit of work and of progress.',
  },
  max_concurrent_validations: {
    kind: 'number',
    unit: 'jobs',
    label: 'Jobs at once',
    help: 'On this node; others wait in the queue.',
  },
  max_validation_time: {
    kind: 'number',
    unit: 's',
    label: 'Time limit',
    help: 'A longer validation ends as Incomplete, unless its request gave another limit.',
  },
  max_validation_time_seconds: {
    kind: 'number',
    unit: 's',
    label: 'Longest time limit',
    help: 'That a request or the time limit above may set.',
  },
  max_memory_mb: {
    kind: 'number',
    unit: 'MB',
    label: 'Memory',
    help: 'Of the validator; above it the process is replaced and its jobs are tried again.',
  },
  max_cpu_percent: {
    kind: 'number',
    unit: '%',
    label: 'CPU',
    help: 'Share of the time that each validation thread works.',
  },
  enable_profiling: {
    kind: 'switch',
    label: 'Profiles',
    help: 'A CPU profile with every job, which then stays on one node.',
  },
};

export type Values = Readonly<Record<string, string | number | boolean>>;

/**
 * What a form changes: the settings whose text says something else than the value in force. A number that is none is
 * sent as the text it is, so that the node says what is wrong with it.
 */
export function patchOf(inForce: Values, edited: Values): Record<string, string | number | boolean> {
  const patch: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(edited)) {
    const wanted =
      typeof inForce[name] === 'number' &&
      typeof value === 'string' &&
      value.trim() !== '' &&
      Number.isFinite(Number(value))
        ? Number(value)
        : value;
    if (wanted !== inForce[name]) patch[name] = wanted;
  }
  return patch;
}

/** What changed between two revisions, as `label: before → after`. */
export function changesBetween(
  before: Values,
  after: Values,
): { name: string; before: string; after: string }[] {
  return Object.keys(after)
    .filter((name) => before[name] !== after[name])
    .map((name) => ({ name, before: String(before[name] ?? '–'), after: String(after[name]) }));
}
