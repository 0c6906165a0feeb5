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

/** Both together: who takes them back must look as hard as each of them did. */
export function joinEvidence(one: Evidence | undefined, other: Evidence | undefined): Evidence | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const partial = one.scope.partial && other.scope.partial;
  return {
    kind: one.kind,
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
