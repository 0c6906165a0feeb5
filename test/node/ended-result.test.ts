import { describe, expect, it } from 'vitest';
import type { JobRecord, JobSpec } from '../../src/jobs/index.js';
import { resultOf } from '../../src/node/ended-result.js';

const AT = '2026-03-01T12:00:00.000Z';

function record(spec: Partial<JobSpec> = {}, part: Partial<JobRecord> = {}): JobRecord {
  return {
    spec: {
      ...{ jobId: 'job-1', kind: 'replica', chainId: 'test-chain', replica: 'replica-1', owner: 'node-1' },
      ...{ origin: { trigger: 'monitor' }, level: 'Minimal', checks: ['headers'], requireAnchor: true },
      ...{ batchSize: 1000, timeLimitMs: 1000, priority: 'low', parallel: true, incremental: true },
      ...{ profiling: false, cacheTtlMs: 0, fresh: false, dedupKey: 'd', createdAt: AT },
      ...spec,
    },
    ...{ state: 'failed', fence: 1, attempts: 1, revision: 2, updatedAt: AT, notes: [] },
    ...part,
  };
}

describe('resultOf', () => {
  it('makes a round that failed one that could not check anything', () => {
    const error = { code: 'STORE_UNAVAILABLE', message: 'gone' } as const;
    expect(resultOf({ record: record({}, { error }) })).toMatchObject({
      ...{ kind: 'replica', replica: 'replica-1', isRound: true, complete: false },
      error: 'The job failed: STORE_UNAVAILABLE: gone.',
      scope: { partial: false },
    });
    const slice = { origin: { trigger: 'scrub' }, from: 10, to: 20 } as const;
    expect(resultOf({ record: record(slice) })).toMatchObject({
      isRound: true,
      scope: { from: 10, to: 20, partial: true },
    });
    expect(resultOf({ record: record({ origin: { trigger: 'api' } }) })).toMatchObject({ isRound: false });
  });

  it('says nothing of a job that somebody cancelled, nor counts it as a round', () => {
    expect(resultOf({ record: record({}, { state: 'cancelled' }) })).toBeUndefined();
  });

  it('takes from a fleet job whether the replicas agree', () => {
    const replicas = ['replica-1', 'replica-2'].map((replica) => ({
      replica,
      jobId: 'x',
      state: 'completed' as const,
    }));
    const report = JSON.stringify({ agree: false, complete: true, commonHeight: 7, replicas });
    const ended = record({ kind: 'fleet' }, { state: 'completed', replicas });
    expect(resultOf({ record: ended, report })).toMatchObject({
      ...{
        kind: 'fleet',
        agree: false,
        complete: true,
        commonHeight: 7,
        replicas: ['replica-1', 'replica-2'],
      },
    });
    expect(resultOf({ record: ended })).toBeUndefined();
  });
});
