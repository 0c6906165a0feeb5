import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import { openLocalDocuments, type SharedDocuments } from '../../src/fleet/index.js';
import type { JobRecord, JobRequest } from '../../src/jobs/index.js';
import { type Log, silentLog } from '../../src/logging/index.js';
import { Coverage, type JobOutcome, Scrub, type ScrubSettings } from '../../src/monitor/index.js';
import { openState, type State } from '../../src/state/index.js';
import { temporaryFolder } from '../support/chains.js';
import { jobOutcome } from './outcomes.js';

const folder = temporaryFolder();
const T = Date.UTC(2026, 0, 5, 12);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let count = 0;

/** Slices whose jobs are the test's; documents, state and map are real. */
describe('Scrub', () => {
  let state: State;
  let documents: SharedDocuments;
  let coverage: Coverage;
  let nowMs: number;
  let queued: number;
  let refusal: ProvChainError | undefined;
  const asked: JobRequest[] = [];
  const cancelled: string[] = [];
  const counted: (readonly [status: string, blocks: number])[] = [];
  const told: string[] = [];
  const outcomes = new Map<string, JobOutcome>();
  const records = new Map<string, JobRecord>();
  const scrubs: Scrub[] = [];

  beforeEach(async () => {
    state = await openState(join(folder.path, `state-${count++}`), { log: silentLog });
    documents = await openLocalDocuments({ state, now: () => new Date(nowMs), log: silentLog });
    coverage = new Coverage(10);
    coverage.resize(25, T);
    nowMs = T;
    queued = 0;
    refusal = undefined;
    for (const list of [asked, cancelled, counted, told]) list.length = 0;
    outcomes.clear();
    records.clear();
  });
  afterEach(async () => {
    await Promise.all(scrubs.splice(0).map((scrub) => scrub.close()));
    await state.close();
  });
  afterAll(() => folder.remove());

  const log: Log = {
    ...silentLog,
    warn: (message) => told.push(message),
    info: (message) => told.push(message),
  };

  const open = (settings: ScrubSettings = { cycleMs: DAY_MS }, node = 'n1') => {
    const scrub = new Scrub({
      ...{ documents, replica: 'replica', node, settings, log },
      jobs: {
        async submit(request) {
          if (refusal) throw refusal;
          asked.push(request);
          const spec = { jobId: `job-${asked.length}` };
          const record = { spec, state: 'running' } as JobRecord;
          records.set(spec.jobId, record);
          return { kind: 'accepted', record, existing: false };
        },
        get: async (jobId) => records.get(jobId),
        async cancel(jobId) {
          cancelled.push(jobId);
          return records.get(jobId)!;
        },
        stats: () => ({ queued, active: 0, ended: { completed: 0, failed: 0, cancelled: 0 }, levels: {} }),
      },
      coverage: () => coverage,
      outcome: (jobId) => outcomes.get(jobId),
      slices: (most) => [...outcomes.values()].filter(({ summary }) => summary?.complete).slice(0, most),
      longestMs: () => 600_000,
      count: (status, blocks) => counted.push([status, blocks]),
      now: () => nowMs,
    });
    scrubs.push(scrub);
    return scrub;
  };

  async function look(...all: Scrub[]): Promise<void> {
    await Promise.all(all.map((scrub) => scrub.look()));
  }

  async function end(
    scrub: Scrub,
    jobId: string,
    from: number,
    to: number,
    parts: object = {},
  ): Promise<void> {
    nowMs += 2000;
    const outcome = jobOutcome({
      ...{ endedMs: nowMs, jobId, trigger: 'scrub', from, to, durationMs: 1000 },
      summary: { level: 'Full', height: 25, scope: { from, to, partial: true }, ...parts },
    });
    outcomes.set(jobId, outcome);
    if (outcome.summary) coverage.apply(outcome.summary, nowMs);
    coverage.tried(from, to, nowMs);
    scrub.ended(outcome);
    await scrub.look();
  }

  it('asks for fresh jobs of level Full, of low priority and a bounded time, up to the head with the last one', async () => {
    const scrub = open();
    for (const [from, to] of [
      [0, 10],
      [10, 20],
      [20, 25],
    ] as const) {
      await look(scrub);
      await end(scrub, `job-${asked.length}`, from, to);
      nowMs += DAY_MS / 3;
    }
    const usual = { level: 'Full', fresh: true, priority: 'low', timeLimitMs: 600_000 };
    expect(asked).toEqual([
      { ...usual, from: 0, to: 10 },
      { ...usual, from: 10, to: 20 },
      { ...usual, from: 20 },
    ]);
    expect(counted).toEqual([
      ['Healthy', 10],
      ['Healthy', 10],
      ['Healthy', 5],
    ]);
    expect(scrub.blocksPerSecond()).toBeCloseTo(25 / 3);
  });

  it('begins one slice at a time, whichever node looks', async () => {
    const [one, other] = [open(), open({ cycleMs: DAY_MS }, 'n2')];
    await look(one, other);
    nowMs += DAY_MS / 2;
    await look(one, other);
    expect(asked).toHaveLength(1);
    expect(one.runningJobId()).toBe('job-1');
    expect(other.runningJobId()).toBe('job-1');
  });

  it('begins the next one when a job is lost of which nobody knows any more', async () => {
    const scrub = open();
    await look(scrub);
    records.clear();
    nowMs += DAY_MS / 2;
    await look(scrub);
    expect(asked).toHaveLength(2);
  });

  it('gives way to jobs that wait, until the promise is at stake', async () => {
    queued = 3;
    const scrub = open();
    await look(scrub);
    expect(asked).toEqual([]);
    nowMs = T + 0.9 * DAY_MS;
    await look(scrub);
    expect(asked).toHaveLength(1);
  });

  it('counts a slice that is refused, and tries it again when the pace allows', async () => {
    refusal = new ProvChainError('OVERLOADED', 'not now');
    const scrub = open();
    await look(scrub);
    await look(scrub);
    expect(counted).toEqual([['refused', 0]]);
    refusal = undefined;
    nowMs += DAY_MS / 2;
    await look(scrub);
    expect(asked).toMatchObject([{ from: 0, to: 10 }]);
  });

  it('ends a slice when the quiet hours begin, and begins none in them', async () => {
    const scrub = open({ cycleMs: DAY_MS, quiet: { startHour: 13, endHour: 14 } });
    await look(scrub);
    expect(asked).toMatchObject([{ timeLimitMs: 600_000 }]);
    nowMs = T + HOUR_MS;
    await look(scrub);
    expect(cancelled).toEqual(['job-1']);
    await end(scrub, 'job-1', 0, 10, { status: 'Incomplete', complete: false });
    await look(scrub);
    expect(asked).toHaveLength(1);
    expect(counted).toEqual([['Incomplete', 0]]);
  });

  it('gives a slice no more time than there is before the quiet hours', async () => {
    nowMs = T + HOUR_MS - 60_000;
    await look(open({ cycleMs: DAY_MS, quiet: { startHour: 13, endHour: 14 } }));
    expect(asked).toMatchObject([{ timeLimitMs: 60_000 }]);
  });

  it('says once that the cycle cannot be met, and once that it can be again', async () => {
    const scrub = open({ cycleMs: DAY_MS });
    await look(scrub);
    await end(scrub, 'job-1', 0, 10, { durationMs: 24 * HOUR_MS });
    await look(scrub);
    await look(scrub);
    expect(told).toEqual(['the cycle of the scrub cannot be met']);
    await end(scrub, 'job-1', 0, 10, { durationMs: 1000 });
    await look(scrub);
    expect(told).toEqual(['the cycle of the scrub cannot be met', 'the cycle of the scrub can be met again']);
  });

  it('knows after a restart which slice is under way', async () => {
    const scrub = open();
    await look(scrub);
    await scrub.close();
    documents = await openLocalDocuments({ state, now: () => new Date(nowMs), log: silentLog });
    const again = open();
    nowMs += DAY_MS / 2;
    await look(again);
    expect(again.runningJobId()).toBe('job-1');
    expect(asked).toHaveLength(1);
  });
});
