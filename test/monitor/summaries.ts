import { LEVEL_CHECKS, type Level, type ReportSummary } from '../../src/validation/index.js';

type Parts = Partial<Omit<ReportSummary, 'level'>> & {
  readonly level?: Level;
  readonly startedMs: number;
  readonly finishedMs: number;
};

const NOTHING_CHECKED = {
  headers: 0,
  payloads: 0,
  payloadBytes: 0,
  quads: 0,
  transactions: 0,
  signatures: 0,
  canonicalized: 0,
};

/** The summary of a healthy, complete report of the whole chain, but for what is named. */
export function reportSummary({ startedMs, finishedMs, level = 'Standard', ...parts }: Parts): ReportSummary {
  const height = parts.height ?? 0;
  const startedAt = new Date(startedMs).toISOString();
  return {
    jobId: '01890000-0000-7000-8000-000000000000',
    chainId: 'test-chain',
    replica: 'replica',
    node: 'node',
    level,
    checks: LEVEL_CHECKS[level],
    requireAnchor: true,
    scope: { from: 0, to: height, partial: false },
    status: 'Healthy',
    complete: true,
    height,
    headHash: 'a'.repeat(64),
    startedAt,
    finishedAt: new Date(finishedMs).toISOString(),
    asOf: startedAt,
    durationMs: finishedMs - startedMs,
    checked: NOTHING_CHECKED,
    findingCounts: {},
    worst: [],
    shards: [],
    reportDigest: 'b'.repeat(64),
    ...parts,
  };
}
