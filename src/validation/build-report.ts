import type { Check } from './check-set.js';
import { LEVEL_CHECKS } from './check-set.js';
import {
  CATEGORIES,
  type Category,
  describeFinding,
  FINDINGS,
  type FindingCode,
  type FindingFact,
  inReportOrder,
  STATUSES,
  type Status,
  severityOf,
  worse,
} from './finding.js';
import { LISTED_FINDINGS, type Plan } from './plan.js';
import {
  addChecked,
  type CheckSummary,
  noneChecked,
  type Report,
  type ReportShard,
  reportDigest,
} from './report.js';
import type { ShardResult } from './shard.js';

/** Everything a report is made of, once all shards have ended. */
export interface ReportParts {
  readonly plan: Plan;
  readonly facts: readonly FindingFact[];
  readonly results: readonly ShardResult[];
  readonly shards: readonly ReportShard[];
  /** False when a check was left out for a reason that no finding of its own tells. */
  readonly complete: boolean;
  /** False when the store could not be opened: then nothing is known of height and head. */
  readonly opened: boolean;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly durationMs: number;
  readonly engineVersion: string;
}

/** Codes besides the Incomplete ones that say that a planned check could not run on its block. */
const UNREADABLE: ReadonlySet<FindingCode> = new Set([
  'HEADER_UNREADABLE',
  'PAYLOAD_UNREADABLE',
  'STORE_UNREADABLE',
]);

/** The report (DESIGN §6). */
export function buildReport(parts: ReportParts): Report {
  const { plan, results } = parts;
  const { trust } = plan.evidence;
  const written = inReportOrder(parts.facts);
  const facts = written.map(({ fact }) => fact);
  const findingCounts = countCodes(facts);
  const codes = Object.keys(findingCounts) as FindingCode[];
  const status = codes.map(severityOf).reduce<Status>(worse, 'Healthy');
  const checked = noneChecked();
  for (const result of results) addChecked(checked, result.checked);
  const digested = {
    chain: {
      id: trust.chainId,
      format: trust.format,
      height: parts.opened ? plan.pin.height : null,
      headHash: parts.opened ? plan.pin.headHash : null,
    },
    replica: plan.evidence.replicaId,
    level: plan.level,
    scope: { ...plan.scope, partial: plan.scope.from > 0 || plan.scope.to < plan.pin.height },
    status,
    complete:
      parts.complete && !codes.some((code) => severityOf(code) === 'Incomplete' || UNREADABLE.has(code)),
    checked,
    findingCounts,
    engine: { version: parts.engineVersion, policyHash: plan.policyHash },
  };
  return {
    schema: 'provchain-report/1',
    jobId: plan.jobId,
    ...digested,
    node: plan.node,
    verifiedAboveAnchor: results.reduce((sum, result) => sum + result.verifiedAboveAnchor, 0),
    anchored: plan.anchored,
    startedAt: parts.startedAt.toISOString(),
    finishedAt: parts.finishedAt.toISOString(),
    durationMs: round(parts.durationMs),
    findings: listed(facts).map(describeFinding),
    checks: summarize(plan, facts, results),
    recommendations: recommend(codes),
    shards: parts.shards,
    asOf: oldestEvidence(parts.startedAt.toISOString(), results),
    reportDigest: reportDigest(
      digested,
      written.map(({ text }) => text),
    ),
  };
}

/** ISO 8601 in UTC with milliseconds throughout, so that the order of the texts is the order in time. */
function oldestEvidence(startedAt: string, results: readonly ShardResult[]): string {
  return results.reduce(
    (oldest, { knownSince }) => (knownSince && knownSince < oldest ? knownSince : oldest),
    startedAt,
  );
}

function countCodes(facts: readonly FindingFact[]): Partial<Record<FindingCode, number>> {
  const counts: Partial<Record<FindingCode, number>> = {};
  for (const { code } of facts) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** The findings that a report lists: when there are too many, the worst of them, in report order. */
function listed(facts: readonly FindingFact[]): readonly FindingFact[] {
  if (facts.length <= LISTED_FINDINGS) return facts;
  const rank = (place: number) => STATUSES.indexOf(severityOf(facts[place].code));
  return Array.from(facts.keys())
    .sort((a, b) => rank(b) - rank(a) || a - b)
    .slice(0, LISTED_FINDINGS)
    .sort((a, b) => a - b)
    .map((place) => facts[place]);
}

const CATEGORY_CHECKS: Readonly<Record<Category, readonly Check[]>> = {
  blockchain: LEVEL_CHECKS.Minimal,
  transactions: ['payloads'],
  sparql: ['sparql-sampled'],
  canonicalization: ['canonical', 'canonical-sampled'],
};

function summarize(
  plan: Plan,
  facts: readonly FindingFact[],
  results: readonly ShardResult[],
): Readonly<Record<Category, CheckSummary>> {
  const covered = results.some(({ range, coveredTo }) => coveredTo > range.from);
  const summary = (category: Category): CheckSummary => ({
    ran: covered && CATEGORY_CHECKS[category].some((check) => plan.checks.includes(check)),
    findings: facts.filter(({ code }) => FINDINGS[code].category === category).length,
    durationMs: round(results.reduce((sum, { categoryMs }) => sum + categoryMs[category], 0)),
  });
  return Object.fromEntries(CATEGORIES.map((name) => [name, summary(name)])) as Record<
    Category,
    CheckSummary
  >;
}

/** What to do about the codes found, worst first, each action once. */
function recommend(codes: readonly FindingCode[]): readonly string[] {
  const worstFirst = [...codes].sort(
    (a, b) => STATUSES.indexOf(severityOf(b)) - STATUSES.indexOf(severityOf(a)) || (a < b ? -1 : 1),
  );
  return [...new Set(worstFirst.map((code) => FINDINGS[code].action))];
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
