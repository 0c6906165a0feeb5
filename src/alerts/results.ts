import {
  type Check,
  FINDINGS,
  type FindingCode,
  type ReportSummary,
  type Status,
} from '../validation/index.js';
import {
  type AlertRule,
  type Cleared,
  CRITICAL,
  type Evidence,
  type FailedRound,
  type Proof,
  type Raised,
  WARNING,
} from './alert.js';
import { type Look, looksAsHard } from './evidence.js';

/** What a job that has ended says about one replica. */
export interface ReplicaResult {
  readonly kind: 'replica';
  readonly jobId: string;
  readonly chain: string;
  readonly replica: string;
  readonly node?: string;
  readonly level: string;
  readonly checks: readonly Check[];
  readonly requireAnchor: boolean;
  readonly scope: Evidence['scope'];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Absent when no report could be made; then `error` says why. */
  readonly status?: Status;
  readonly complete: boolean;
  readonly findingCounts: ReportSummary['findingCounts'];
  readonly worst: ReportSummary['worst'];
  readonly error?: string;
  /** Whether it was to keep the watch over the chain: a round of the monitor or a slice of the scrub. */
  readonly isRound: boolean;
}

/** What a fleet job says about whether the replicas agree. */
export interface FleetResult {
  readonly kind: 'fleet';
  readonly jobId: string;
  readonly chain: string;
  readonly checks: readonly Check[];
  readonly requireAnchor: boolean;
  readonly scope: Evidence['scope'];
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly complete: boolean;
  readonly agree: boolean | null;
  readonly commonHeight: number | null;
  readonly replicas: readonly string[];
}

export type Result = ReplicaResult | FleetResult;

export interface Thresholds {
  /** Findings of Critical or Corrupted, and of Warning, in one result. */
  readonly critical: number;
  readonly warning: number;
}

const LISTED_BLOCKS = 20;
const LISTED_CODES = 6;
const RANK: Readonly<Record<Status, number>> = {
  Healthy: 0,
  Warning: 1,
  Incomplete: 1,
  Critical: 2,
  Corrupted: 3,
};

/** What a result accuses the data of. Only what is in the report: nothing is judged again here. */
export function accusationsOf(result: Result, thresholds: Thresholds): readonly Raised[] {
  if (result.kind === 'fleet') return result.agree === false ? [disagreement(result)] : [];
  const { status, replica } = result;
  if (status === undefined) return [];
  const { critical, warning } = countBySeverity(result);
  const raised: Raised[] = [];
  if (status === 'Critical' || status === 'Corrupted') {
    const title = status === 'Corrupted' ? 'Chain unreadable: the store is corrupt' : 'Chain altered';
    raised.push(
      accusation(result, 'integrity-critical', RANK[status], title, whatWasFound(result, critical)),
    );
  }
  if (status === 'Warning') {
    const title = 'Chain intact, but something about it is irregular';
    raised.push(accusation(result, 'integrity-warning', RANK.Warning, title, whatWasFound(result, warning)));
  }
  if (critical >= thresholds.critical) {
    const what = `${critical} critical findings in one validation of replica ${replica}; the threshold is ${thresholds.critical}.`;
    raised.push(accusation(result, 'critical-threshold', RANK.Critical, 'Many critical findings', what));
  }
  if (warning >= thresholds.warning) {
    const what = `${warning} warnings in one validation of replica ${replica}; the threshold is ${thresholds.warning}.`;
    raised.push(accusation(result, 'warning-threshold', RANK.Warning, 'Many warnings', what));
  }
  return raised;
}

/**
 * Whether a result takes an accusation back: complete, held against the anchor, looking as hard as what it rests on, begun
 * after that was read, and without what the rule is about. Everything else leaves it: not to have seen it is no proof.
 */
export function takesBack(
  result: Result,
  rule: AlertRule,
  evidence: Evidence,
  thresholds: Thresholds,
): boolean {
  if (!result.complete || !result.requireAnchor || !looksAsHard(result, result.startedAt, evidence))
    return false;
  if (result.kind === 'fleet') return rule === 'replicas-disagree' && result.agree === true;
  const { status } = result;
  if (status === undefined || status === 'Incomplete') return false;
  const { critical, warning } = countBySeverity(result);
  switch (rule) {
    case 'integrity-critical':
      return status === 'Healthy' || status === 'Warning';
    case 'integrity-warning':
      return status === 'Healthy';
    case 'critical-threshold':
      return critical < thresholds.critical;
    case 'warning-threshold':
      return warning < thresholds.warning;
    default:
      return false;
  }
}

/** In words, for the message that says that it is over. */
export const resolutionOf = (result: Result): string =>
  result.kind === 'fleet'
    ? 'A complete validation of all replicas found that they agree.'
    : `A complete validation (${result.level}, job ${result.jobId}) that looked at least as hard found it well.`;

/** A replica is told to be unwatched after two rounds of one range in a row: one alone is mended by the next, mostly. */
const ROUNDS_IN_A_ROW = 2;
const MOST_FAILURES = 50;

/**
 * Counts rounds that could not check what they were to check. A complete result that covers one ends the count of it, from
 * whomever it comes.
 *
 * @returns the counts after this result (the same array if nothing changed), and what is to be raised or cleared by them
 */
export function countFailures(
  failures: FailedRound[],
  result: ReplicaResult,
): { failures: FailedRound[]; raised?: Raised; cleared?: Cleared } {
  const { replica } = result;
  const subject = replica;
  if (result.complete && result.status !== undefined && result.status !== 'Incomplete') {
    const left = failures.filter(
      (failed) => failed.replica !== replica || !looksAsHard(result, result.startedAt, failed.evidence),
    );
    const lasting = left.some((failed) => failed.replica === replica && failed.count >= ROUNDS_IN_A_ROW);
    const cleared: Cleared = {
      rule: 'validation-failed',
      subject,
      resolution: `A validation of the same blocks came to its end (job ${result.jobId}).`,
    };
    if (left.length === failures.length) return { failures };
    return lasting ? { failures: left } : { failures: left, cleared };
  }
  if (!result.isRound) return { failures };
  const evidence = evidenceOf(result);
  const same = (failed: FailedRound) =>
    failed.replica === replica &&
    failed.evidence.scope.partial === evidence.scope.partial &&
    // Slices begin where cells begin; the last one ends where the chain does, which grows.
    (!evidence.scope.partial || failed.evidence.scope.from === evidence.scope.from);
  const before = failures.find(same);
  const what = result.error ?? whatWasFound(result, 0);
  const failed: FailedRound = {
    ...{ replica, what, evidence },
    count: (before?.count ?? 0) + 1,
    since: before?.since ?? result.finishedAt,
  };
  const all = [...failures.filter((one) => !same(one)), failed].slice(-MOST_FAILURES);
  if (failed.count < ROUNDS_IN_A_ROW) return { failures: all };
  return { failures: all, raised: unwatched(result, what, failed.count) };
}

function unwatched(result: ReplicaResult, what: string, count: number): Raised {
  const { chain, replica, node, jobId } = result;
  return {
    rule: 'validation-failed',
    subject: replica,
    severity: WARNING,
    rank: 1,
    title: 'Monitoring failure: the chain could not be checked',
    what: `${count} rounds in a row could not check what they were to. ${what}`,
    action:
      'Nothing is known about the data since then. Look at the reason, mend it ("provchain doctor" helps), and validate again.',
    place: { chain, replica, node, blocks: [] },
    jobId,
  };
}

function lookOf(result: Result): Look {
  const { kind, checks } = result;
  const { from, to, partial } = result.scope;
  const compared =
    result.kind === 'fleet' ? { replicas: [...result.replicas], commonHeight: result.commonHeight } : {};
  return { kind, checks: [...checks], scope: { from, to, partial }, ...compared };
}

/** What is kept of a result that takes something back. */
export const proofOf = (result: Result): Proof => ({ ...lookOf(result), startedAt: result.startedAt });

const evidenceOf = (result: Result): Evidence => ({
  ...lookOf(result),
  ...(result.kind === 'replica' && { level: result.level }),
  readUntil: result.finishedAt,
});

function accusation(
  result: ReplicaResult,
  rule: AlertRule,
  rank: number,
  title: string,
  what: string,
): Raised {
  const { chain, replica, node, jobId, worst } = result;
  const action = worst[0] === undefined ? '' : FINDINGS[worst[0].code].action;
  const blocks = [...new Set(worst.flatMap(({ block }) => block ?? []))].sort((a, b) => a - b);
  return {
    ...{ rule, rank, title, what, jobId },
    subject: replica,
    severity: rank >= RANK.Critical ? CRITICAL : WARNING,
    action,
    place: { chain, replica, node, blocks: blocks.slice(0, LISTED_BLOCKS) },
    evidence: evidenceOf(result),
  };
}

function disagreement(result: FleetResult): Raised {
  const { chain, jobId, commonHeight, replicas } = result;
  const at = commonHeight === null ? '' : ` at height ${commonHeight}`;
  return {
    rule: 'replicas-disagree',
    subject: chain,
    severity: CRITICAL,
    rank: RANK.Critical,
    title: 'Replicas disagree about the chain',
    what: `The replicas ${replicas.join(', ')} do not hold the same history${at}.`,
    action:
      'Stop appending. Find the replica that differs from the signed anchor, keep a copy of it as evidence, and bring it back from one that validates.',
    place: { chain, blocks: [] },
    jobId,
    evidence: evidenceOf(result),
  };
}

function countBySeverity({ findingCounts }: ReplicaResult): { critical: number; warning: number } {
  let [critical, warning] = [0, 0];
  for (const [code, count = 0] of Object.entries(findingCounts)) {
    const { severity } = FINDINGS[code as FindingCode];
    if (severity === 'Critical' || severity === 'Corrupted') critical += count;
    if (severity === 'Warning') warning += count;
  }
  return { critical, warning };
}

/** "1 critical finding: PAYLOAD_DIGEST_MISMATCH (block 7: the payload is not …)". */
function whatWasFound({ findingCounts, worst, level, status, replica }: ReplicaResult, bad: number): string {
  const codes = Object.entries(findingCounts).sort(
    ([a], [b]) => RANK[FINDINGS[b as FindingCode].severity] - RANK[FINDINGS[a as FindingCode].severity],
  );
  const listed = codes.slice(0, LISTED_CODES).map(([code, count]) => `${code} × ${count}`);
  const more = codes.length > LISTED_CODES ? ` and ${codes.length - LISTED_CODES} other codes` : '';
  const [first] = worst;
  const where = first === undefined || first.block === null ? 'the chain as a whole' : `block ${first.block}`;
  const example = first === undefined ? '' : ` First: ${where}, ${FINDINGS[first.code].meaning}.`;
  const count = bad > 0 ? `${bad} ${bad === 1 ? 'finding' : 'findings'} of this severity; ` : '';
  return `Replica ${replica}, level ${level}, is ${status}: ${count}${listed.join(', ')}${more}.${example}`;
}
