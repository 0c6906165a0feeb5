import type { Status } from '../../src/validation/index.js';

/** A report as a node serializes it. */
export function reportText({
  jobId,
  status = 'Healthy',
}: {
  readonly jobId: string;
  readonly status?: Status;
}): string {
  return JSON.stringify({
    schema: 'provchain-report/1',
    jobId,
    chain: { id: 'test-chain', format: 'provchain/1', height: 10, headHash: 'ab'.repeat(32) },
    replica: 'replica-1',
    node: 'node-1',
    level: 'Standard',
    scope: { from: 0, to: 10, partial: false },
    status,
    complete: true,
    anchored: true,
    verifiedAboveAnchor: 0,
    startedAt: '2025-11-23T12:00:00.000Z',
    finishedAt: '2025-11-23T12:00:01.000Z',
    durationMs: 1000,
    checked: { headers: 10, payloads: 10, payloadBytes: 1000, quads: 20, transactions: 10, signatures: 1 },
    findingCounts: {},
    findings: [],
    checks: {},
    recommendations: [],
    engine: { version: '0.1.0', policyHash: 'cd'.repeat(32) },
    shards: [{ from: 0, to: 10, status: 'done', durationMs: 900, cached: false }],
    asOf: '2025-11-23T12:00:00.000Z',
    reportDigest: 'ef'.repeat(32),
  });
}
