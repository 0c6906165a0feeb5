import type { Check, Level } from './check-set.js';
import { FINDINGS, type FindingCode, STATUSES, type Status } from './finding.js';
import type { Checked, Report, ReportShard, ShardStatus } from './report.js';

/** A finding as far as a summary names it. */
export interface SummedFinding {
  readonly code: FindingCode;
  readonly severity: Status;
  /** Null for one of the whole chain. */
  readonly block: number | null;
}

/** What a monitor remembers of a report: small, and of bounded size whatever the report holds. */
export interface ReportSummary {
  readonly jobId: string;
  readonly chainId: string;
  readonly replica: string;
  readonly node: string;
  readonly level: Level | 'Custom';
  /** What the job was to check. */
  readonly checks: readonly Check[];
  readonly requireAnchor: boolean;
  /** Half-open; `partial` when it is not the whole chain. */
  readonly scope: { readonly from: number; readonly to: number; readonly partial: boolean };
  readonly status: Status;
  readonly complete: boolean;
  readonly height: number | null;
  readonly headHash: string | null;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly asOf: string;
  readonly durationMs: number;
  readonly checked: Checked;
  readonly findingCounts: Report['findingCounts'];
  /** The worst first, then by block; the first of what the report lists. */
  readonly worst: readonly SummedFinding[];
  /** Ranges in order; neighbours of one status are one. */
  readonly shards: readonly Pick<ReportShard, 'from' | 'to' | 'status'>[];
  readonly reportDigest: string;
}

const MOST_FINDINGS = 20;
const MOST_SHARDS = 2000;

/**
 * The summary of a report. Makes no verdict: everything in it is in the report.
 *
 * @param checks what the job was to check, which a report of a custom set does not say
 */
export function summarizeReport(
  report: Report,
  checks: readonly Check[],
  requireAnchor: boolean,
): ReportSummary {
  const { jobId, chain, replica, node, level, scope, status, complete } = report;
  const { startedAt, finishedAt, asOf, durationMs, checked, findingCounts, reportDigest } = report;
  const { from, to, partial } = scope;
  return {
    ...{ jobId, chainId: chain.id, replica, node, level, checks, requireAnchor },
    scope: { from, to, partial },
    ...{ status, complete, height: chain.height, headHash: chain.headHash },
    ...{ startedAt, finishedAt, asOf, durationMs, checked, findingCounts, reportDigest },
    worst: worstOf(report),
    shards: joined(report.shards),
  };
}

function worstOf({ findings }: Report): SummedFinding[] {
  const rank = ({ severity }: SummedFinding) => STATUSES.indexOf(severity);
  return findings
    .map(({ code, block }) => ({ code, block, severity: FINDINGS[code].severity }))
    .sort((a, b) => rank(b) - rank(a) || (a.block ?? -1) - (b.block ?? -1))
    .slice(0, MOST_FINDINGS);
}

interface Span {
  from: number;
  to: number;
  status: ShardStatus;
}

/** A chain with very many gaps between what was checked is cut off: what is not named counts as not checked. */
function joined(shards: readonly ReportShard[]): readonly Span[] {
  const spans: Span[] = [];
  for (const { from, to, status } of [...shards].sort((a, b) => a.from - b.from)) {
    const last = spans.at(-1);
    if (last && last.to === from && last.status === status) last.to = to;
    else spans.push({ from, to, status });
  }
  return spans.slice(0, MOST_SHARDS);
}
