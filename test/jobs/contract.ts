import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import type { JobBackend, JobRecord } from '../../src/jobs/index.js';
import {
  API,
  accept,
  CONFIG,
  ending,
  type NodeOptions,
  startNode,
  stopAllNodes,
  type TestNode,
  until,
} from './support/node.js';
import { reportOf } from './support/scripted-validator.js';

export interface BackendUnderTest {
  /** A backend for one node, over the queue that all nodes of the test share. */
  make(node: string): Promise<JobBackend>;
  /** Empties what the nodes share. */
  reset(): Promise<void>;
}

/** What jobs promise, whatever they wait in. */
export function describeJobs(name: string, backends: () => BackendUnderTest): void {
  describe(`jobs over ${name}`, () => {
    let node: TestNode;
    const start = async (options: NodeOptions = {}) => {
      node = await startNode(await backends().make(options.node ?? 'n1'), options);
      return node;
    };

    beforeEach(() => backends().reset());
    afterEach(stopAllNodes);

    it('ends a job with the report of its validator, and shows it under its id', async () => {
      await start();
      const { spec } = await accept(node, { level: 'Full', from: 2, to: 8 });
      const ended = await ending(node, spec.jobId);
      expect(ended).toMatchObject({
        state: 'completed',
        status: 'Healthy',
        complete: true,
        attempts: 1,
        node: 'n1',
      });
      const report = await node.service.report(spec.jobId);
      expect(report?.digest).toBe(ended.reportDigest);
      expect(JSON.parse(report?.text ?? '')).toMatchObject({
        jobId: spec.jobId,
        level: 'Full',
        scope: { from: 2, to: 8 },
      });
      expect(node.ended.map((record) => record.state)).toEqual(['completed']);
    });

    it('gives the validator the pinned head and the frozen settings', async () => {
      await start();
      const { spec } = await accept(node, { checks: ['keys'], timeLimitMs: 1234 });
      await ending(node, spec.jobId);
      expect(node.validator.runs).toEqual([
        {
          jobId: spec.jobId,
          node: 'n1',
          checks: ['headers', 'payloads', 'keys'],
          pin: { height: 10, headHash: 'a'.repeat(64) },
          requireAnchor: true,
          batchSize: 5,
          timeLimitMs: 1234,
          parallel: true,
          incremental: false,
          profiling: false,
        },
      ]);
    });

    it('tells progress, and each revision once, to a watcher that begins late', async () => {
      await start();
      const gate = node.validator.close();
      const waiting = node.validator.script;
      node.validator.script = async (spec, options) => {
        for (let blocks = 1; blocks <= 3; blocks++) {
          options.onProgress?.({ blocks, totalBlocks: 10, bytes: blocks * 100 });
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return waiting(spec, options);
      };
      const { spec } = await accept(node);
      await until(
        async () => (await node.service.get(spec.jobId))?.progress?.blocks === 3,
        'progress of 3 blocks',
      );
      const seen: JobRecord[] = [];
      const end = node.service.watch(spec.jobId, 0, ({ record, id }) => {
        expect(id).toBe(record.revision);
        seen.push(record);
      });
      await until(() => seen.length > 0, 'the state so far');
      expect(seen[0]).toMatchObject({
        state: 'running',
        progress: { blocks: 3, totalBlocks: 10, bytes: 300 },
      });
      gate.open();
      await until(() => seen.at(-1)?.state === 'completed', 'the end');
      end();
      const revisions = seen.map(({ revision }) => revision);
      expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
      // Who has seen all of them is told nothing more.
      let more = 0;
      node.service.watch(spec.jobId, revisions.at(-1) ?? 0, () => more++);
      await node.service.get(spec.jobId);
      expect(more).toBe(0);
    });

    it('ends with the progress that was told last, however soon it came after the one before', async () => {
      await start();
      const healthy = node.validator.script;
      node.validator.script = (spec, options) => {
        for (const blocks of [4, 10]) options.onProgress?.({ blocks, totalBlocks: 10, bytes: blocks * 100 });
        return healthy(spec, options);
      };
      const { progress } = await ending(node, (await accept(node)).spec.jobId);
      expect(progress).toEqual({ blocks: 10, totalBlocks: 10, bytes: 1000 });
    });

    it('tries a job again whose validator has died, and says so', async () => {
      await start();
      let runs = 0;
      node.validator.script = async (spec) => {
        if (runs++ === 0) throw new ProvChainError('STORE_UNAVAILABLE', 'the validator process was killed');
        return { report: reportOf(spec) };
      };
      const { spec } = await accept(node);
      const ended = await ending(node, spec.jobId);
      expect(ended).toMatchObject({ state: 'completed', status: 'Healthy', attempts: 2 });
      expect(ended.notes).toEqual(['attempt 1 on n1 failed: the validator process was killed']);
    });

    it('fails with STORE_UNAVAILABLE, and no verdict, when the validator dies again', async () => {
      await start();
      node.validator.script = async () => {
        throw new ProvChainError('STORE_UNAVAILABLE', 'the validator process was killed');
      };
      const { spec } = await accept(node);
      const ended = await ending(node, spec.jobId);
      expect(ended).toMatchObject({
        state: 'failed',
        attempts: 2,
        error: { code: 'STORE_UNAVAILABLE', message: 'could not check: the validator process was killed' },
      });
      expect(ended.status).toBeUndefined();
      expect(await node.service.report(spec.jobId)).toBeUndefined();
    });

    it('fails at once when trying again would not help', async () => {
      await start();
      node.validator.script = async () => {
        throw new ProvChainError('OUT_OF_RANGE', 'no such blocks');
      };
      const { spec } = await accept(node);
      expect(await ending(node, spec.jobId)).toMatchObject({
        state: 'failed',
        attempts: 1,
        error: { code: 'OUT_OF_RANGE' },
      });
    });

    it('cancels a waiting job without running it', async () => {
      await start({ config: () => ({ ...CONFIG, max_concurrent_validations: 1 }) });
      const gate = node.validator.close();
      const first = await accept(node, { from: 1 });
      await until(() => node.validator.runs.length === 1, 'the first job runs');
      const second = await accept(node, { from: 2 });
      const cancelled = await node.service.cancel(second.spec.jobId, 'alice');
      expect(cancelled).toMatchObject({ state: 'cancelled', attempts: 0, notes: ['cancelled by alice'] });
      gate.open();
      await ending(node, first.spec.jobId);
      expect(node.validator.runs.map(({ jobId }) => jobId)).toEqual([first.spec.jobId]);
      expect(await node.service.cancel(second.spec.jobId, 'bob')).toEqual(cancelled);
    });

    it('cancels a running job with a report of what it has covered', async () => {
      await start();
      node.validator.close();
      const { spec } = await accept(node);
      await until(() => node.validator.runs.length === 1, 'the job runs');
      await node.service.cancel(spec.jobId, 'alice');
      const ended = await ending(node, spec.jobId);
      expect(ended).toMatchObject({ state: 'cancelled', status: 'Incomplete', complete: false });
      expect(ended.notes).toEqual(['cancelled by alice']);
      expect((await node.service.report(spec.jobId))?.digest).toBe(ended.reportDigest);
      await expect(
        node.service.cancel('00000000-0000-7000-8000-000000000000', 'alice'),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('runs jobs in the order of their priority, and of their arrival within one', async () => {
      await start({ config: () => ({ ...CONFIG, max_concurrent_validations: 1 }) });
      const gate = node.validator.close();
      await accept(node, { from: 1 });
      await until(() => node.validator.runs.length === 1, 'the first job runs');
      await accept(node, { from: 2, priority: 'low' });
      await accept(node, { from: 3 });
      await accept(node, { from: 4 });
      const last = await accept(node, { from: 5, priority: 'high' });
      gate.open();
      await ending(node, last.spec.jobId);
      await until(() => node.ended.length === 5, 'all jobs have ended');
      expect(node.validator.runs.map(({ from }) => from)).toEqual([1, 5, 3, 4, 2]);
    });

    it('runs so many jobs at a time as the settings say now', async () => {
      let most = 1;
      await start({ config: () => ({ ...CONFIG, max_concurrent_validations: most }) });
      const gate = node.validator.close();
      for (let from = 1; from <= 3; from++) await accept(node, { from });
      await until(() => node.service.stats().active === 1, 'one job runs');
      most = 3;
      node.service.applyConfig();
      await accept(node, { from: 4 });
      await until(() => node.service.stats().active === 3, 'three jobs run');
      gate.open();
      await until(() => node.ended.length === 4, 'all jobs have ended');
    });

    it('starts one job for 1,000 requests at once', async () => {
      await start();
      const gate = node.validator.close();
      const records = await Promise.all(Array.from({ length: 1000 }, () => node.service.submit({}, API)));
      gate.open();
      const ids = new Set(
        records.map((submitted) => (submitted.kind === 'accepted' ? submitted.record.spec.jobId : '')),
      );
      expect(ids.size).toBe(1);
      expect(
        records.filter((submitted) => submitted.kind === 'accepted' && !submitted.existing),
      ).toHaveLength(1);
      await ending(node, [...ids][0] ?? '');
      expect(node.validator.runs).toHaveLength(1);
    });

    it('starts another job when anything that decides the result differs', async () => {
      await start();
      node.validator.close();
      const first = await accept(node);
      node.chain.fingerprint = 'f2';
      const second = await accept(node);
      node.chain.head = { height: 11, headHash: 'b'.repeat(64) };
      const third = await accept(node);
      const fourth = await accept(node, { fresh: true });
      expect(new Set([first, second, third, fourth].map(({ spec }) => spec.jobId)).size).toBe(4);
      expect(third.spec.pin).toEqual({ height: 11, headHash: 'b'.repeat(64) });
    });

    it('answers from the cache what was checked to its end, and asks anew for the rest', async () => {
      await start();
      await ending(node, (await accept(node)).spec.jobId);
      await until(() => node.cache.size === 1, 'the result is cached');
      const again = await node.service.submit({}, API);
      expect(again).toMatchObject({ kind: 'cached', entry: { status: 'Healthy' } });
      // Changed files, a fresh request and an audit are not answered from it.
      node.chain.fingerprint = 'f2';
      node.validator.script = async (spec) => ({ report: reportOf(spec, 'Incomplete') });
      expect((await ending(node, (await accept(node)).spec.jobId)).status).toBe('Incomplete');
      expect((await node.service.submit({}, API)).kind).toBe('accepted');
      node.chain.fingerprint = 'f1';
      expect((await node.service.submit({ fresh: true }, API)).kind).toBe('accepted');
      expect(await accept(node, { profile: 'audit' })).toMatchObject({
        spec: { level: 'Full', cacheTtlMs: 0, timeLimitMs: 60_000 },
      });
      expect(node.cache.size).toBe(1);
    });

    it('stops a job at its time limit, which ends it as Incomplete', async () => {
      await start();
      node.validator.close();
      const { spec } = await accept(node, { timeLimitMs: 50 });
      expect(await ending(node, spec.jobId)).toMatchObject({
        state: 'completed',
        status: 'Incomplete',
        complete: false,
      });
    });

    it('gives up a validator that does not stop when it is told to', async () => {
      await start();
      node.validator.script = () => new Promise(() => {});
      const { spec } = await accept(node, { timeLimitMs: 20 });
      expect(await ending(node, spec.jobId)).toMatchObject({
        state: 'failed',
        error: { code: 'STORE_UNAVAILABLE' },
      });
    });

    it('refuses with OVERLOADED what it could only keep waiting, and ends all that it accepted', async () => {
      await start({ maxQueueDepth: 3, config: () => ({ ...CONFIG, max_concurrent_validations: 1 }) });
      const gate = node.validator.close();
      const running = await accept(node, { from: 1 });
      await until(
        async () => (await node.service.get(running.spec.jobId))?.state === 'running',
        'the first job runs',
      );
      for (let from = 2; from <= 4; from++) await accept(node, { from });
      await expect(node.service.submit({ from: 5 }, API)).rejects.toMatchObject({ code: 'OVERLOADED' });
      // What is being done already costs nothing.
      expect(await node.service.submit({ from: 4 }, API)).toMatchObject({ existing: true });
      gate.open();
      await until(() => node.ended.length === 4, 'all accepted jobs have ended');
      expect(node.ended.every(({ state }) => state === 'completed')).toBe(true);
      expect((await node.service.submit({ from: 6 }, API)).kind).toBe('accepted');
    });

    it('bounds the open jobs of one client', async () => {
      await start({ maxQueueDepthPerClient: 2 });
      node.validator.close();
      const alice = { ...API, user: 'alice' };
      await accept(node, { from: 1 }, alice);
      await accept(node, { from: 2 }, alice);
      await expect(node.service.submit({ from: 3 }, alice)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
      expect((await node.service.submit({ from: 3 }, { ...API, user: 'bob' })).kind).toBe('accepted');
    });

    it('makes requests with one Idempotency-Key one job, for good', async () => {
      await start();
      const origin = { ...API, user: 'alice', idempotencyKey: 'k1' };
      const together = await Promise.all([1, 2, 3].map(() => accept(node, { from: 1, fresh: true }, origin)));
      const { jobId } = together[0]?.spec ?? { jobId: '' };
      expect(new Set(together.map(({ spec }) => spec.jobId))).toEqual(new Set([jobId]));
      await ending(node, jobId);
      expect(await node.service.submit({ from: 1, fresh: true }, origin)).toMatchObject({
        existing: true,
        record: { state: 'completed', spec: { jobId } },
      });
      await expect(node.service.submit({ from: 2 }, origin)).rejects.toMatchObject({
        code: 'IDEMPOTENCY_MISMATCH',
      });
      const other = await accept(node, { from: 1, fresh: true }, { ...origin, user: 'bob' });
      expect(other.spec.jobId).not.toBe(jobId);
    });

    it('refuses what is not in the chain before it becomes a job', async () => {
      await start();
      await expect(node.service.submit({ from: 10 }, API)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
      await expect(node.service.submit({ to: 11 }, API)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
      await expect(node.service.submit({ profile: 'toString' }, API)).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
      });
      // An anchor beyond the head means that the chain was cut, which the job is to find out.
      node.chain.head = { height: 10, headHash: 'a'.repeat(64), anchorIndex: 14 };
      expect((await node.service.submit({ to: 15 }, API)).kind).toBe('accepted');
    });

    it('drains: accepts nothing more, lets what runs end, and keeps what waits for the next process', async () => {
      const { stateDir } = await start({ config: () => ({ ...CONFIG, max_concurrent_validations: 1 }) });
      const gate = node.validator.close();
      const first = await accept(node, { from: 1 });
      await until(() => node.validator.runs.length === 1, 'the first job runs');
      const second = await accept(node, { from: 2 });
      const drained = node.stop();
      await expect(node.service.submit({ from: 3 }, API)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
      gate.open();
      await drained;
      expect(node.ended.map(({ spec }) => spec.jobId)).toEqual([first.spec.jobId]);
      await start({ stateDir });
      expect((await ending(node, second.spec.jobId)).state).toBe('completed');
      expect((await node.service.get(first.spec.jobId))?.state).toBe('completed');
    });

    it('hands a job that does not end while it drains to the next process', async () => {
      const { stateDir } = await start();
      node.validator.close();
      const { spec } = await accept(node);
      await until(() => node.validator.runs.length === 1, 'the job runs');
      await node.crash();
      expect(node.ended).toEqual([]);
      await start({ stateDir, node: 'n1' });
      const ended = await ending(node, spec.jobId);
      expect(ended).toMatchObject({ state: 'completed', status: 'Healthy' });
      expect(node.ended).toHaveLength(1);
      expect(ended.notes.length).toBeGreaterThan(0);
    });

    it('lists jobs newest first, by state and level, page by page', async () => {
      await start();
      const levels = ['Minimal', 'Standard', 'Minimal', 'Full', 'Minimal'] as const;
      const ids: string[] = [];
      for (const level of levels) {
        const { spec } = await accept(node, { level, fresh: true });
        ids.unshift(spec.jobId);
        await ending(node, spec.jobId);
      }
      const all = await node.service.list({ limit: 10 });
      expect(all.jobs.map(({ spec }) => spec.jobId)).toEqual(ids);
      expect(all.next).toBeUndefined();
      const page = await node.service.list({ limit: 2, level: 'Minimal' });
      expect(page.jobs.map(({ spec }) => spec.jobId)).toEqual([ids[0], ids[2]]);
      const rest = await node.service.list({ limit: 2, level: 'Minimal', after: page.next });
      expect(rest.jobs.map(({ spec }) => spec.jobId)).toEqual([ids[4]]);
      expect((await node.service.list({ limit: 10, state: 'queued' })).jobs).toEqual([]);
    });

    it('shows a waiting job in the list', async () => {
      await start({ work: false });
      const { spec } = await accept(node);
      const { jobs } = await node.service.list({ limit: 10, state: 'queued' });
      expect(jobs.map((job) => job.spec.jobId)).toEqual([spec.jobId]);
    });

    it('keeps a bounded number of records', async () => {
      await start({ maxRecords: 2 });
      const ids: string[] = [];
      for (let from = 1; from <= 4; from++) {
        const { spec } = await accept(node, { from });
        ids.push(spec.jobId);
        await ending(node, spec.jobId);
      }
      await until(
        async () => (await node.service.get(ids[1] ?? '')) === undefined,
        'old records are retired',
      );
      expect(await node.service.get(ids[0] ?? '')).toBeUndefined();
      expect((await node.service.get(ids[2] ?? ''))?.state).toBe('completed');
      expect(await node.service.report(ids[0] ?? '')).toBeUndefined();
    });

    it('leaves nothing in the queue of a job whose record could not be written', async () => {
      const backend = await backends().make('n1');
      const full = new ProvChainError('STORE_UNAVAILABLE', 'no space is left');
      node = await startNode(backend, {
        work: false,
        state: {
          get: async () => undefined,
          put: () => Promise.reject(full),
          delete: async () => {},
          scan: async () => [],
        },
      });
      await expect(accept(node)).rejects.toThrow('no space is left');
      // It goes out behind what was on its way.
      const queue = backend.queueOf('r1');
      await queue.add({ jobId: 'later', dedupId: 'later', priority: 'normal', payload: '' });
      await until(
        async () => (await queue.waiting(10)).every(({ jobId }) => jobId === 'later'),
        'only what was added later waits',
      );
    });

    it('gives every ended job to its follower once more after a crash, until it was taken over', async () => {
      await start();
      const { spec: taken } = await accept(node, { from: 1 });
      await ending(node, taken.jobId);
      const first: string[] = [];
      node.service.followEnded(async ({ record }) => {
        if (record.spec.jobId !== taken.jobId) throw new Error('the node dies before it is taken over');
        first.push(record.spec.jobId);
      });
      await until(() => first.length === 1, 'what ended before anybody followed is given');
      const { spec: lost } = await accept(node, { from: 2 });
      await ending(node, lost.jobId);
      const { stateDir } = node;
      await node.crash();

      await start({ stateDir });
      const again: unknown[] = [];
      node.service.followEnded(async ({ record, report }) => {
        again.push([record.spec.jobId, record.state, JSON.parse(report ?? '').jobId]);
      });
      await until(() => again.length > 0, 'the job is given again');
      const { spec: next } = await accept(node, { from: 3 });
      await ending(node, next.jobId);
      await until(() => again.length > 1, 'the next one is given');
      expect(first).toEqual([taken.jobId]);
      expect(again).toEqual([lost, next].map(({ jobId }) => [jobId, 'completed', jobId]));
      await until(
        async () => (await node.state.scan('job/ended/')).length === 0,
        'nothing stays to be given',
      );
    });

    it('gives a job again to a follower that has failed, and the others after it', async () => {
      await start();
      const given: string[] = [];
      node.service.followEnded(async ({ record }) => {
        given.push(record.spec.jobId);
        if (given.length === 1) throw new Error('not now');
      });
      const one = await accept(node, { from: 1 });
      await ending(node, one.spec.jobId);
      const two = await accept(node, { from: 2 });
      await ending(node, two.spec.jobId);
      await until(() => given.length === 3, 'both are given');
      expect(given).toEqual([one.spec.jobId, one.spec.jobId, two.spec.jobId]);
    });

    it('gives a job that has just ended to whoever has missed its result in the cache', async () => {
      await start();
      const kept = new Map<string, unknown>();
      let put: () => void = () => {};
      const writing = new Promise<void>((resolve) => {
        put = resolve;
      });
      // A cache that is slow to take the result: the end of the job is known before.
      const cache = node.cache;
      const set = cache.set.bind(cache);
      Object.assign(cache, {
        set: (key: string, entry: never) => {
          kept.set(key, entry);
          void writing.then(() => set(key, entry));
          return writing;
        },
      });
      const { spec } = await accept(node);
      await ending(node, spec.jobId);
      await until(() => kept.size === 1, 'the result is on its way into the cache');
      const again = await accept(node);
      expect(again.spec.jobId).toBe(spec.jobId);
      put();
      await until(async () => (await node.service.submit({}, API)).kind === 'cached', 'it is in the cache');
    });

    it('answers from the cache only with evidence as young as the request wants it', async () => {
      let ahead = 0;
      await start({ now: () => new Date(Date.now() + ahead) });
      const { spec } = await accept(node);
      await ending(node, spec.jobId);
      await until(() => node.cache.size === 1, 'the result is cached');
      ahead = 5000;
      expect((await node.service.submit({ maxAgeMs: 10_000 }, API)).kind).toBe('cached');
      expect((await node.service.submit({ maxAgeMs: 4000 }, API)).kind).toBe('accepted');
    });

    it('retires records by age', async () => {
      let ahead = 0;
      await start({ now: () => new Date(Date.now() + ahead), retentionMs: 60_000 });
      const { spec } = await accept(node);
      await ending(node, spec.jobId);
      ahead = 61_000;
      await until(async () => (await node.service.get(spec.jobId)) === undefined, 'the record is retired');
    });

    it('says of a store that cannot be read that it could not check, in a report', async () => {
      await start();
      node.chain.fingerprint = '';
      const broken = new ProvChainError('STORE_CORRUPT', 'RocksDB reports corruption');
      Object.defineProperty(node.chain, 'head', {
        get() {
          throw broken;
        },
      });
      node.validator.script = async (spec) => ({ report: reportOf(spec, 'Corrupted') });
      const { spec } = await accept(node);
      expect(spec.pin).toBeUndefined();
      expect(spec.cacheKey).toBeUndefined();
      expect(await ending(node, spec.jobId)).toMatchObject({ state: 'completed', status: 'Corrupted' });
    });
  });
}
