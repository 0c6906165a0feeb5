import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import {
  agreementOf,
  isJobId,
  JOB_STATES,
  type JobRecord,
  type JobSpec,
  newJobId,
  type ReplicaVerdict,
  resolveRequest,
} from '../../src/jobs/index.js';
import {
  acceptedRecord,
  addNote,
  cancelRecord,
  failRecord,
  fenceOf,
  finishRecord,
  isTerminal,
  mayFollow,
  progressRecord,
  readdRecord,
  requeueRecord,
  startRecord,
  supersedes,
} from '../../src/jobs/transition.js';
import { LEVEL_CHECKS } from '../../src/validation/index.js';
import { CONFIG } from './support/node.js';

const SPEC: JobSpec = {
  jobId: newJobId(new Date(0)),
  chainId: 'chain',
  replica: 'r1',
  owner: 'n1',
  origin: { trigger: 'api' },
  dedupKey: 'd',
  createdAt: new Date(0).toISOString(),
  ...resolveRequest({}, CONFIG),
};

const NOW = new Date(1000);
const VERDICT = { status: 'Healthy', complete: true, reportDigest: 'd' } as const;
/** Every way to change a record. */
const CHANGES: Record<string, (record: JobRecord) => JobRecord> = {
  start: (record) => startRecord(record, record.fence + 1, 'n2', NOW),
  progress: (record) => progressRecord(record, { blocks: 1, totalBlocks: 2, bytes: 0 }, NOW),
  requeue: (record) => requeueRecord(record, 'lost', NOW),
  readd: (record) => readdRecord(record, 'lost', NOW),
  complete: (record) => finishRecord(record, 'completed', VERDICT, NOW),
  stop: (record) => finishRecord(record, 'cancelled', VERDICT, NOW),
  fail: (record) => failRecord(record, new ProvChainError('STORE_UNAVAILABLE', 'gone'), NOW),
  cancel: (record) => cancelRecord(record, 'alice', NOW),
};

describe('record transitions', () => {
  it('never lead out of a terminal state, and raise revision and fence otherwise', () => {
    const steps = fc.array(fc.constantFrom(...Object.keys(CHANGES)), { maxLength: 12 });
    fc.assert(
      fc.property(steps, (names) => {
        let record = acceptedRecord(SPEC);
        for (const name of names) {
          const change = CHANGES[name]!;
          if (isTerminal(record.state)) {
            expect(() => change(record)).toThrowError(expect.objectContaining({ code: 'INTERNAL' }));
            continue;
          }
          const next = change(record);
          expect(mayFollow(record.state, next.state)).toBe(true);
          expect(next.revision).toBeGreaterThan(record.revision);
          expect(next.fence).toBeGreaterThanOrEqual(record.fence);
          expect(supersedes(next, record)).toBe(true);
          expect(supersedes(record, next)).toBe(false);
          record = next;
        }
      }),
    );
  });

  it('give a job that is added again a fence above all earlier starts', () => {
    fc.assert(
      fc.property(fc.nat(5000), (start) => {
        const started = startRecord(acceptedRecord(SPEC), fenceOf(1, start + 1), 'n1', NOW);
        const late = finishRecord(started, 'completed', VERDICT, NOW);
        const again = readdRecord(started, 'lost', NOW);
        expect(again.fence).toBe(fenceOf(2, 0));
        expect(supersedes(late, again)).toBe(false);
      }),
    );
  });

  it('keep a bounded number of notes, the last ones', () => {
    let notes: readonly string[] = [];
    for (let i = 0; i < 100; i++) notes = addNote(notes, String(i));
    expect(notes).toHaveLength(20);
    expect(notes.at(-1)).toBe('99');
  });

  it('know every state', () => {
    expect(JOB_STATES.filter(isTerminal)).toEqual(['completed', 'failed', 'cancelled']);
  });
});

describe('newJobId', () => {
  it('makes ids that sort as they were made, whatever the clock does', () => {
    const times = fc.array(fc.integer({ min: 1, max: 2 ** 41 }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(times, (milliseconds) => {
        const ids = milliseconds.map((ms) => newJobId(new Date(ms)));
        expect(ids).toEqual([...ids].sort());
        expect(ids.every(isJobId)).toBe(true);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it('makes 10,000 different ids within one millisecond', () => {
    const ids = Array.from({ length: 10_000 }, () => newJobId(new Date(0)));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual([...ids].sort());
  });

  it('is told from other texts', () => {
    for (const text of ['', 'x', '../../etc', '00000000-0000-4000-8000-000000000000'])
      expect(isJobId(text)).toBe(false);
  });
});

describe('resolveRequest', () => {
  it('fills an empty request with the settings in force', () => {
    expect(resolveRequest({}, CONFIG)).toEqual({
      kind: 'replica',
      level: 'Standard',
      checks: LEVEL_CHECKS.Standard,
      requireAnchor: true,
      batchSize: 5,
      timeLimitMs: 30_000,
      priority: 'normal',
      parallel: true,
      incremental: false,
      profiling: false,
      cacheTtlMs: 60_000,
      fresh: false,
    });
  });

  it('bounds the time limit of a caller and of a custom level', () => {
    expect(resolveRequest({ timeLimitMs: 3_600_000 }, CONFIG).timeLimitMs).toBe(60_000);
    expect(resolveRequest({ timeLimitMs: 10 }, CONFIG).timeLimitMs).toBe(10);
    expect(resolveRequest({ profile: 'audit' }, CONFIG).timeLimitMs).toBe(60_000);
    const config = { ...CONFIG, max_validation_time_seconds: 600 };
    expect(resolveRequest({ profile: 'audit' }, config).timeLimitMs).toBe(120_000);
  });

  it('reuses nothing for a fresh job or one of a level without caching', () => {
    const config = { ...CONFIG, enable_incremental_validation: true };
    expect(resolveRequest({}, config).incremental).toBe(true);
    expect(resolveRequest({ fresh: true }, config)).toMatchObject({ incremental: false, cacheTtlMs: 60_000 });
    expect(resolveRequest({ profile: 'audit' }, config)).toMatchObject({ incremental: false, cacheTtlMs: 0 });
  });

  it('adds to a custom set what its checks build on', () => {
    expect(resolveRequest({ checks: ['sparql-sampled'] }, CONFIG)).toMatchObject({
      level: 'Custom',
      checks: ['headers', 'payloads', 'sparql-sampled', 'canonical-sampled'],
    });
  });

  it.each([
    [{ level: 'Full', profile: 'audit' }],
    [{ level: 'Full', checks: ['keys'] }],
    [{ profile: 'nope' }],
    [{ profile: '__proto__' }],
    [{ checks: [] }],
    [{ from: -1 }],
    [{ to: 1.5 }],
    [{ timeLimitMs: 0 }],
  ] as const)('refuses %j with REQUEST_INVALID', (request) => {
    expect(() => resolveRequest(request, CONFIG)).toThrowError(
      expect.objectContaining({ code: 'REQUEST_INVALID' }),
    );
  });
});

describe('agreementOf', () => {
  const verdict = (
    status: 'Healthy' | 'Warning' | 'Incomplete' | 'Critical',
    hash: string | null,
  ): ReplicaVerdict => ({
    outcome: { replica: 'r', jobId: SPEC.jobId, state: 'completed', status },
    commonHash: hash,
  });
  const failed: ReplicaVerdict = { outcome: { replica: 'r', jobId: SPEC.jobId, state: 'failed' } };

  it.each([
    [
      'true when all sound replicas name one hash',
      [verdict('Healthy', 'a'), verdict('Warning', 'a')],
      true,
      'Warning',
      true,
    ],
    [
      'false when two hashes are named',
      [verdict('Healthy', 'a'), verdict('Healthy', 'b')],
      false,
      'Healthy',
      true,
    ],
    [
      'false even when another failed',
      [verdict('Healthy', 'a'), verdict('Healthy', 'b'), failed],
      false,
      'Incomplete',
      false,
    ],
    [
      'null when a damaged one names the same hash',
      [verdict('Healthy', 'a'), verdict('Critical', 'a')],
      null,
      'Critical',
      true,
    ],
    ['null when one could not be checked', [verdict('Healthy', 'a'), failed], null, 'Incomplete', false],
    [
      'null when one is shorter than the common height',
      [verdict('Healthy', 'a'), verdict('Healthy', null)],
      null,
      'Healthy',
      true,
    ],
    [
      'null when one was not checked to its end',
      [verdict('Healthy', 'a'), verdict('Incomplete', 'a')],
      null,
      'Incomplete',
      false,
    ],
    ['null when there are none', [], null, 'Incomplete', false],
  ] as const)('is %s', (_name, verdicts, agree, status, complete) => {
    expect(agreementOf(verdicts)).toEqual({ agree, status, complete });
  });
});
