import type { Alert, AlertsDocument, Evidence } from './alert.js';
import type { AlertBook } from './book.js';
import {
  accusationsOf,
  countFailures,
  proofOf,
  type Result,
  resolutionOf,
  type Thresholds,
  takesBack,
} from './results.js';

/** Jobs that are remembered as taken; more never come between a job and its repetition. */
const MOST_SEEN = 200;

/**
 * Enters what a job that has ended says: accusations first, then what it takes back, then whether it could check what it
 * was to. One that was entered before changes nothing.
 *
 * @param now milliseconds since 1970
 */
export function applyResult(
  book: AlertBook,
  document: AlertsDocument,
  result: Result,
  thresholds: Thresholds,
  now: number,
): void {
  if (document.seen.includes(result.jobId)) return;
  const accusations = accusationsOf(result, thresholds);
  for (const raised of accusations) book.raise(raised, now);
  for (const alert of document.alerts) {
    if (alert.state === 'resolved' || !isAbout(alert, result) || !alert.evidence) continue;
    if (accusations.some(({ rule }) => rule === alert.rule)) continue;
    const isTakenBack = (one: Evidence) => takesBack(result, alert.rule, one, thresholds);
    book.withdraw(alert, { isTakenBack, proof: proofOf(result), resolution: resolutionOf(result) }, now);
  }
  if (result.kind === 'replica') {
    const { failures, raised, cleared } = countFailures(document.failures, result);
    if (failures !== document.failures) book.changed = true;
    document.failures = failures;
    if (raised) book.raise(raised, now);
    if (cleared) book.clear(cleared, now);
  }
  if (book.changed) document.seen = [...document.seen, result.jobId].slice(-MOST_SEEN);
}

/** Whether {@link applyResult} may change anything: an intact result while nothing is open does not, and costs no write. */
export function matters(document: AlertsDocument, result: Result, thresholds: Thresholds): boolean {
  if (document.seen.includes(result.jobId)) return false;
  return (
    accusationsOf(result, thresholds).length > 0 ||
    document.failures.length > 0 ||
    (result.kind === 'replica' && result.isRound && !result.complete) ||
    document.alerts.some((alert) => alert.state !== 'resolved' && isAbout(alert, result))
  );
}

/** Whether a result speaks of what the alert is about. */
function isAbout(alert: Alert, result: Result): boolean {
  return result.kind === 'fleet'
    ? isOfFleet(alert)
    : alert.where.replica === result.replica && !isOfFleet(alert);
}

const isOfFleet = ({ evidence }: Alert): boolean => evidence?.[0]?.kind === 'fleet';
