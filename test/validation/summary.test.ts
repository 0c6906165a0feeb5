import { describe, expect, it } from 'vitest';
import { FINDINGS, type FindingCode, LEVEL_CHECKS, summarizeReport } from '../../src/validation/index.js';
import { reportOf } from '../jobs/support/scripted-validator.js';

const spec = { jobId: 'j', node: 'n', requireAnchor: true, batchSize: 5, timeLimitMs: 1, level: 'Full' };
const report = reportOf(spec as Parameters<typeof reportOf>[0], 'Critical');

const finding = (code: FindingCode, block: number | null) => ({
  ...{ code, block, message: '', details: {} },
  ...{ severity: FINDINGS[code].severity, action: '' },
});

describe('summarizeReport', () => {
  it('says what the report says, and what the job was to check', () => {
    const summary = summarizeReport(report, LEVEL_CHECKS.Full, true);
    expect(summary).toMatchObject({
      ...{ jobId: 'j', chainId: 'chain', replica: 'replica', level: 'Full', status: 'Critical' },
      ...{ complete: true, requireAnchor: true, checks: LEVEL_CHECKS.Full },
      scope: { from: 0, to: 10, partial: false },
      reportDigest: report.reportDigest,
    });
  });

  it('names the worst findings first, then the lowest blocks, and 20 at most', () => {
    const many = Array.from({ length: 30 }, (_, block) => finding('UNKNOWN_KEY', block));
    const findings = [...many, finding('LINK_BROKEN', 9), finding('TRUNCATED', null)];
    const { worst } = summarizeReport({ ...report, findings }, LEVEL_CHECKS.Full, true);
    expect(worst).toHaveLength(20);
    expect(worst.slice(0, 3)).toEqual([
      { code: 'TRUNCATED', severity: 'Critical', block: null },
      { code: 'LINK_BROKEN', severity: 'Critical', block: 9 },
      { code: 'UNKNOWN_KEY', severity: 'Warning', block: 0 },
    ]);
  });

  it('joins neighbouring shards of one status, and keeps gaps and others apart', () => {
    const shard = (from: number, to: number, status: 'done' | 'failed') => ({
      ...{ from, to, status, durationMs: 1, cached: false, node: 'n', worker: 1, startedAt: null },
    });
    const shards = [
      shard(10, 15, 'failed'),
      shard(0, 5, 'done'),
      shard(5, 10, 'done'),
      shard(20, 25, 'failed'),
    ];
    expect(summarizeReport({ ...report, shards }, LEVEL_CHECKS.Full, true).shards).toEqual([
      { from: 0, to: 10, status: 'done' },
      { from: 10, to: 15, status: 'failed' },
      { from: 20, to: 25, status: 'failed' },
    ]);
  });
});
