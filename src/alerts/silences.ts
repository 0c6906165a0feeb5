import type { Alert, Silence } from './alert.js';

/** Until when the alert is silenced, in milliseconds since 1970; undefined when it is not. */
export function silencedUntil(
  alert: Pick<Alert, 'rule' | 'severity' | 'where' | 'fingerprint'>,
  silences: readonly Silence[],
  now: number,
): number | undefined {
  const matching = silences.filter(({ match, until }) => until > now && matches(match, alert));
  return matching.length === 0 ? undefined : Math.max(...matching.map(({ until }) => until));
}

function matches(
  { rule, severity, replica, fingerprint }: Silence['match'],
  alert: Pick<Alert, 'rule' | 'severity' | 'where' | 'fingerprint'>,
): boolean {
  return (
    (rule === undefined || rule === alert.rule) &&
    (severity === undefined || severity === alert.severity) &&
    (replica === undefined || replica === alert.where.replica) &&
    (fingerprint === undefined || fingerprint === alert.fingerprint)
  );
}
