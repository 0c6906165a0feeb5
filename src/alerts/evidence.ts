import type { Evidence, EvidenceScope } from './alert.js';

/** A whole chain covers every range of it, whatever height the chain had when the range was accused. */
function coversScope(by: EvidenceScope, what: EvidenceScope): boolean {
  if (!by.partial) return true;
  return what.partial && by.from <= what.from && by.to >= what.to;
}

/** What of a result, or of evidence, says how hard was looked. */
export type Look = Pick<Evidence, 'kind' | 'checks' | 'scope' | 'replicas' | 'commonHeight'>;

/** That two replicas agree says nothing about a third, or about blocks beyond those that were compared. */
function coversComparison(by: Look, what: Look): boolean {
  if (what.kind !== 'fleet') return true;
  const { replicas = [], commonHeight = null } = by;
  return (
    commonHeight !== null &&
    commonHeight >= (what.commonHeight ?? 0) &&
    (what.replicas ?? []).every((replica) => replicas.includes(replica))
  );
}

/**
 * Whether a result looked at everything that the evidence rests on, with every check of it, and began to read after the
 * evidence was read. Whether it was complete and what it found is for the caller to know.
 *
 * @param startedAt when the result began to be read, in milliseconds since 1970
 */
export function looksAsHard(result: Look, startedAt: number, evidence: Evidence): boolean {
  return (
    result.kind === evidence.kind &&
    evidence.checks.every((check) => result.checks.includes(check)) &&
    coversScope(result.scope, evidence.scope) &&
    coversComparison(result, evidence) &&
    startedAt >= evidence.readUntil
  );
}

/** Accusations of one alert that are kept apart. */
export const MOST_EVIDENCE = 8;

/**
 * Adds an accusation to those that stand. They are kept apart, so that each is taken back by what looked as hard as it: a
 * slice of the scrub by a slice, a round by a round. One whose withdrawal would withdraw another too stands for both; when
 * there are too many, two are joined, those with the same checks if there are such.
 */
export function addEvidence(standing: readonly Evidence[], added: Evidence): Evidence[] {
  if (standing.some((one) => looksAsHard(one, one.readUntil, added))) return [...standing];
  const left = standing.filter((one) => !looksAsHard(added, added.readUntil, one));
  if (left.length < MOST_EVIDENCE) return [...left, added];
  const alike = left.findIndex(
    ({ checks }) =>
      checks.length === added.checks.length && checks.every((check) => added.checks.includes(check)),
  );
  const at = Math.max(0, alike);
  return [...left.slice(0, at), ...left.slice(at + 1), joinEvidence(left[at]!, added)];
}

/** What still has to be validated before the alert is over, in words; empty for a condition. */
export function whatCloses(standing: readonly Evidence[] | undefined): string {
  if (standing === undefined || standing.length === 0) return '';
  const [{ kind }] = standing as [Evidence];
  const each = kind === 'fleet' ? standing.map(comparisonText) : standing.map(validationText);
  return kind === 'fleet'
    ? `It closes once a complete fleet job finds that they agree: ${each.join('; ')}.`
    : `It closes once complete validations find it well: ${each.join('; ')}.`;
}

function validationText({ level, checks, scope }: Evidence): string {
  const { from, to, partial } = scope;
  const what = partial ? `blocks ${from} to ${to - 1}` : 'the whole chain';
  return `${what} ${level === undefined ? `with ${checks.join(', ')}` : `at level ${level}`} or more`;
}

function comparisonText({ replicas = [], commonHeight = null }: Evidence): string {
  const height = commonHeight === null ? '' : ` up to height ${commonHeight} or more`;
  return `replicas ${replicas.join(', ')}${height}`;
}

/** Both together: who takes them back must look as hard as each of them did. */
function joinEvidence(one: Evidence, other: Evidence): Evidence {
  const partial = one.scope.partial && other.scope.partial;
  return {
    kind: one.kind,
    ...(one.level === other.level && { level: one.level }),
    checks: [...new Set([...one.checks, ...other.checks])],
    scope: {
      from: Math.min(one.scope.from, other.scope.from),
      to: Math.max(one.scope.to, other.scope.to),
      partial,
    },
    readUntil: Math.max(one.readUntil, other.readUntil),
    ...(one.kind === 'fleet' && joinComparisons(one, other)),
  };
}

function joinComparisons(one: Evidence, other: Evidence): Pick<Evidence, 'replicas' | 'commonHeight'> {
  return {
    replicas: [...new Set([...(one.replicas ?? []), ...(other.replicas ?? [])])],
    commonHeight: Math.max(one.commonHeight ?? 0, other.commonHeight ?? 0),
  };
}
