import { ProvChainError } from '../errors.js';

/**
 * What can be checked, and the four levels as sets of it (DESIGN §5). Each level is a strict superset of the one
 * before, and every level covers every block of the scope; only the names ending in `-sampled` look at a sample.
 *
 * `headers` is in every set: without the headers nothing else has a meaning.
 */
export const CHECKS = [
  'headers',
  'payloads',
  'keys',
  'signatures-sampled',
  'sparql-sampled',
  'canonical-sampled',
  'signatures',
  'history',
  'canonical',
  'cross-check-sampled',
  'direct-reads',
] as const;
export type Check = (typeof CHECKS)[number];

export const LEVELS = ['Minimal', 'Standard', 'Comprehensive', 'Full'] as const;
export type Level = (typeof LEVELS)[number];

/** What a validation does when nobody says. */
export const DEFAULT_LEVEL: Level = 'Standard';

const MINIMAL: readonly Check[] = ['headers'];
const STANDARD: readonly Check[] = [...MINIMAL, 'payloads', 'keys'];
const COMPREHENSIVE: readonly Check[] = [
  ...STANDARD,
  'signatures-sampled',
  'sparql-sampled',
  'canonical-sampled',
];
const FULL: readonly Check[] = [
  ...COMPREHENSIVE,
  'signatures',
  'history',
  'canonical',
  'cross-check-sampled',
  'direct-reads',
];

export const LEVEL_CHECKS: Readonly<Record<Level, readonly Check[]>> = {
  Minimal: MINIMAL,
  Standard: STANDARD,
  Comprehensive: COMPREHENSIVE,
  Full: FULL,
};

/** The level a user named, in any case. Errors: USAGE with the allowed names. */
export function parseLevel(text: string): Level {
  const level = LEVELS.find((name) => name.toLowerCase() === text.trim().toLowerCase());
  if (level) return level;
  throw new ProvChainError('USAGE', `unknown level "${text}"; the levels are ${LEVELS.join(', ')}`);
}

/**
 * A custom set of checks: `headers` is added, and what a check builds on comes with it (everything that looks into
 * payloads needs their digests, a sampled payload is only handed on once its canonical form is checked, and keys that
 * do not belong between the payloads are met where those are read). Errors: USAGE with the allowed names.
 */
export function parseChecks(names: readonly string[]): readonly Check[] {
  const set = new Set<Check>(['headers']);
  for (const name of names) {
    const check = CHECKS.find((known) => known === name);
    if (!check)
      throw new ProvChainError('USAGE', `unknown check "${name}"; the checks are ${CHECKS.join(', ')}`);
    set.add(check);
  }
  if (set.has('sparql-sampled') || set.has('cross-check-sampled')) set.add('canonical-sampled');
  if (set.has('canonical-sampled') || set.has('canonical') || set.has('keys')) set.add('payloads');
  return CHECKS.filter((check) => set.has(check));
}
