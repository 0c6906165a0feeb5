import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import { openLocalDocuments, type SharedDocuments } from '../../src/fleet/index.js';
import type { JobRequest, JobService } from '../../src/jobs/index.js';
import { silentLog } from '../../src/logging/index.js';
import { type JobOutcome, Rounds } from '../../src/monitor/index.js';
import { openState, type State } from '../../src/state/index.js';
import { temporaryFolder } from '../support/chains.js';
import { jobOutcome } from './outcomes.js';

const folder = temporaryFolder();
const T = Date.UTC(2026, 0, 5);
const INTERVAL_MS = 10_000;
let count = 0;

type Answer = () => ReturnType<JobService['submit']>;

/** Rounds whose validations are answered by the test; documents and state are real. */
describe('Rounds', () => {
  let state: State;
  let documents: SharedDocuments;
  let nowMs: number;
  let answer: Answer;
  const counted: string[] = [];
  const refusals: string[] = [];
  const asked: JobRequest[] = [];
  const outcomes = new Map<string, JobOutcome>();

  beforeEach(async () => {
    state = await openState(join(folder.path, `state-${count++}`), { log: silentLog });
    documents = await openLocalDocuments({ state, now: () => new Date(nowMs), log: silentLog });
    nowMs = T;
    counted.length = 0;
    refusals.length = 0;
    asked.length = 0;
    outcomes.clear();
    answer = accepted('job-1');
  });
  afterEach(() => state.close());
  afterAll(() => folder.remove());

  const open = (node = 'n1') =>
    new Rounds({
      ...{ documents, replica: 'replica', node, level: 'Standard', intervalMs: INTERVAL_MS },
      jobs: {
        submit: (request) => {
          asked.push(request);
          return answer();
        },
      },
      outcome: (jobId) => outcomes.get(jobId),
      count: (status) => counted.push(status),
      refused: (reason) => refusals.push(reason),
      log: silentLog,
      now: () => nowMs,
    });

  const accepted =
    (jobId: string): Answer =>
    async () => ({ kind: 'accepted', record: { spec: { jobId } } as never, existing: false });
  const cached =
    (status: 'Healthy' | 'Warning', ageMs: number): Answer =>
    async () => ({
      kind: 'cached',
      ageMs,
      entry: {
        report: JSON.stringify({ jobId: 'earlier', status, complete: true, durationMs: 77 }),
        status,
        storedAt: new Date(nowMs).toISOString(),
        asOf: new Date(nowMs - ageMs).toISOString(),
        fence: 1,
      },
    });

  const end = (rounds: Rounds, jobId: string, parts: Partial<Parameters<typeof jobOutcome>[0]> = {}) => {
    const outcome = jobOutcome({ endedMs: nowMs, ...parts, jobId });
    outcomes.set(jobId, outcome);
    rounds.ended(outcome);
  };

  it('asks for one validation of low priority, and takes no older answer than half an interval', async () => {
    await open().tick(T);
    expect(asked).toEqual([{ level: 'Standard', priority: 'low', maxAgeMs: INTERVAL_MS / 2 }]);
  });

  it('takes a tick once, whoever gets it again, and the next one an interval later', async () => {
    const [one, other] = [open('n1'), open('n2')];
    await Promise.all([one.tick(T), other.tick(T), one.tick(T), other.tick(T + 1000)]);
    expect(asked).toHaveLength(1);
    await open('n3').tick(T + 4000);
    expect(asked).toHaveLength(1);
    await other.tick(T + INTERVAL_MS);
    expect(asked).toHaveLength(2);
    expect(one.lastDueMs()).toBe(T + INTERVAL_MS);
  });

  it('knows its last tick after a restart', async () => {
    await open().tick(T);
    await documents.close();
    documents = await openLocalDocuments({ state, now: () => new Date(nowMs), log: silentLog });
    const again = open();
    expect(again.lastDueMs()).toBe(T);
    await again.tick(T + 1000);
    expect(asked).toHaveLength(1);
  });

  it('has a result when its job has ended, with what its report says', async () => {
    const rounds = open();
    await rounds.tick(T);
    expect(rounds.results()).toEqual({});
    nowMs = T + 2000;
    end(rounds, 'job-1', { durationMs: 500 });
    const result = { jobId: 'job-1', status: 'Healthy', complete: true, durationMs: 500, atMs: T + 2000 };
    expect(rounds.results()).toEqual({ last: result, said: result });
    expect(counted).toEqual(['Healthy']);
  });

  it('counts a job that had ended before it was known to be a round', async () => {
    outcomes.set('job-1', jobOutcome({ endedMs: T, jobId: 'job-1' }));
    await open().tick(T);
    expect(counted).toEqual(['Healthy']);
  });

  it('counts each of the rounds that one slow job answers', async () => {
    const rounds = open();
    await rounds.tick(T);
    await rounds.tick(T + INTERVAL_MS);
    end(rounds, 'job-1');
    end(rounds, 'job-1');
    expect(counted).toEqual(['Healthy', 'Healthy']);
  });

  it('is answered by a young result of the cache, with the time of now and no job', async () => {
    answer = cached('Warning', 3000);
    const rounds = open();
    await rounds.tick(T);
    expect(rounds.results().said).toEqual({
      jobId: 'earlier',
      status: 'Warning',
      complete: true,
      durationMs: 77,
      atMs: T,
    });
    expect(counted).toEqual(['Warning']);
  });

  it.each(['OVERLOADED', 'QUEUE_UNAVAILABLE', 'SHUTTING_DOWN'] as const)(
    'is counted when it is refused with %s, and tried again with the next tick',
    async (code) => {
      answer = () => Promise.reject(new ProvChainError(code, 'not now'));
      const rounds = open();
      await rounds.tick(T);
      expect(counted).toEqual(['refused']);
      expect(refusals).toHaveLength(1);
      expect(rounds.results()).toMatchObject({ last: { jobId: null, status: null, complete: null } });
      expect(rounds.results().said).toBeUndefined();
      answer = accepted('job-2');
      await rounds.tick(T + INTERVAL_MS);
      expect(asked).toHaveLength(2);
    },
  );

  it('says nothing of the chain when it was Incomplete or failed, but has ended', async () => {
    const rounds = open();
    await rounds.tick(T);
    end(rounds, 'job-1', { summary: { status: 'Incomplete', complete: false } });
    expect(rounds.results()).toMatchObject({ last: { status: 'Incomplete', complete: false } });
    expect(rounds.results().said).toBeUndefined();
    answer = accepted('job-2');
    nowMs = T + INTERVAL_MS;
    await rounds.tick(nowMs);
    end(rounds, 'job-2', { summary: null });
    expect(rounds.results()).toMatchObject({ last: { jobId: 'job-2', status: null } });
    expect(counted).toEqual(['Incomplete', 'failed']);
  });

  it('says that the chain is damaged although not everything could be judged', async () => {
    const rounds = open();
    await rounds.tick(T);
    end(rounds, 'job-1', { summary: { status: 'Critical', complete: false } });
    expect(rounds.results().said).toMatchObject({ status: 'Critical', complete: false });
  });

  it('remembers the last result when its round is long gone', async () => {
    const rounds = open();
    await rounds.tick(T);
    end(rounds, 'job-1');
    answer = () => Promise.reject(new ProvChainError('OVERLOADED', 'not now'));
    for (let n = 1; n < 30; n++) await rounds.tick(T + n * INTERVAL_MS);
    outcomes.clear();
    expect(rounds.results().said).toMatchObject({ jobId: 'job-1', status: 'Healthy' });
  });
});
