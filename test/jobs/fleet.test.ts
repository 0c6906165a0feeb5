import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JobRecord } from '../../src/jobs/index.js';
import { redisInstalled } from '../support/redis.js';
import { connected, fleetBackend, PREFIX } from './support/fleet.js';
import { useFleet } from './support/fleet-node.js';
import { API, accept, CONFIG, ending, startNode, until } from './support/node.js';
import { reportOf } from './support/scripted-validator.js';

describe.skipIf(!redisInstalled())('jobs of a fleet', () => {
  const fleet = useFleet();
  const { start } = fleet;

  it('shows a job, its events, its report and its list entry on every node', async () => {
    const owner = await start('n1', { work: false });
    const other = await start('n2', { work: false });
    const { spec } = await accept(owner, { level: 'Full' });
    expect(await other.service.get(spec.jobId)).toMatchObject({ state: 'queued', spec: { owner: 'n1' } });
    expect((await other.service.list({ limit: 5 })).jobs.map((job) => job.spec.jobId)).toEqual([spec.jobId]);
    const states: string[] = [];
    other.service.watch(spec.jobId, 0, ({ record }) => states.push(record.state));
    const worker = await start('n3');
    await ending(owner, spec.jobId);
    await until(() => states.at(-1) === 'completed', 'the other node is told of the end');
    expect(states[0]).toBe('queued');
    for (const node of [owner, other, worker]) {
      expect(await node.service.get(spec.jobId)).toMatchObject({ state: 'completed', node: 'n3' });
      expect(JSON.parse((await node.service.report(spec.jobId))?.text ?? '')).toMatchObject({
        node: 'n3',
        level: 'Full',
      });
      expect((await node.service.list({ limit: 5, state: 'completed' })).jobs).toHaveLength(1);
    }
    expect([owner.ended.length, other.ended.length, worker.ended.length]).toEqual([1, 0, 0]);
    await until(() => owner.cache.size === 1, 'the owner caches the result');
  });

  it('joins identical requests of different nodes', async () => {
    const one = await start('n1', { work: false });
    const two = await start('n2', { work: false });
    const first = await accept(one);
    const second = await two.service.submit({}, API);
    expect(second).toMatchObject({ existing: true, record: { spec: { jobId: first.spec.jobId } } });
  });

  it('tells the new from the known of jobs that go to Redis together, and keeps records of the new only', async () => {
    const one = await start('n1', { work: false, maxQueueDepth: 100 });
    const two = await start('n2', { work: false, maxQueueDepth: 100 });
    const known = await Promise.all([0, 2, 4, 6, 8].map((from) => accept(one, { from })));
    const submitted = await Promise.all(Array.from({ length: 10 }, (_, from) => accept(two, { from })));
    expect(submitted.filter((_, from) => from % 2 === 0).map(({ spec }) => spec.jobId)).toEqual(
      known.map(({ spec }) => spec.jobId),
    );
    const own = submitted.filter((_, from) => from % 2 === 1).map(({ spec }) => spec.jobId);
    expect(new Set(own).size).toBe(5);
    const kept = await two.state.scan<JobRecord>('job/record/');
    expect(kept.map(({ value }) => value.spec.jobId).sort()).toEqual([...own].sort());
  });

  it('makes one Idempotency-Key one job on all nodes', async () => {
    const one = await start('n1');
    const two = await start('n2');
    const origin = { ...API, user: 'alice', idempotencyKey: 'k' };
    const first = await accept(one, { fresh: true }, origin);
    await ending(one, first.spec.jobId);
    expect(await two.service.submit({ fresh: true }, origin)).toMatchObject({
      existing: true,
      record: { spec: { jobId: first.spec.jobId } },
    });
    await expect(two.service.submit({}, origin)).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  });

  it('cancels on any node what runs and what waits on another', async () => {
    const owner = await start('n1', { config: () => ({ ...CONFIG, max_concurrent_validations: 1 }) });
    const other = await start('n2', { work: false });
    owner.validator.close();
    const running = await accept(owner, { from: 1 });
    await until(() => owner.validator.runs.length === 1, 'the job runs');
    const waiting = await accept(owner, { from: 2 });
    await other.service.cancel(waiting.spec.jobId, 'bob');
    await other.service.cancel(running.spec.jobId, 'bob');
    const ended = await ending(owner, running.spec.jobId);
    expect(ended).toMatchObject({ state: 'cancelled', status: 'Incomplete', notes: ['cancelled by bob'] });
    expect(await ending(owner, waiting.spec.jobId)).toMatchObject({ state: 'cancelled', attempts: 0 });
    expect(owner.validator.runs).toHaveLength(1);
    expect(owner.ended).toHaveLength(2);
  });

  it('ends each job once when Redis is flushed while one runs and one waits', async () => {
    const owner = await start('n1', { config: () => ({ ...CONFIG, max_concurrent_validations: 1 }) });
    const done = await accept(owner, { from: 3 });
    await ending(owner, done.spec.jobId);
    const gate = owner.validator.close();
    const running = await accept(owner, { from: 1 });
    await until(() => owner.validator.runs.length === 2, 'the job runs');
    const waiting = await accept(owner, { from: 2 });
    await fleet.redis.command('FLUSHALL');
    await until(
      async () => ((await owner.service.get(waiting.spec.jobId))?.fence ?? 0) >= 2000,
      'it is added again',
    );
    gate.open();
    expect((await ending(owner, running.spec.jobId)).state).toBe('completed');
    const again = await ending(owner, waiting.spec.jobId);
    expect(again).toMatchObject({ state: 'completed', status: 'Healthy' });
    expect(again.notes).toEqual(['the queue has lost the job; it was added again']);
    expect(owner.ended).toHaveLength(3);
    // What had ended before is seen on other nodes again.
    const other = await start('n2', { work: false });
    await until(
      async () => (await other.service.get(done.spec.jobId))?.state === 'completed',
      'the old job is shown',
    );
  });

  it('lets a worker of another node lose whose job was flushed away and is run again', async () => {
    const owner = await start('n1', { work: false });
    const worker = await start('n2');
    let runs = 0;
    const gate = worker.validator.close();
    const gated = worker.validator.script;
    worker.validator.script = async (spec, options) => {
      if (runs++ > 0) return { report: reportOf(spec) };
      // Deaf to the request to stop: its result comes after that of the second run.
      await gate.opened;
      return gated(spec, { ...options, signal: new AbortController().signal }).then(() => ({
        report: reportOf(spec, 'Warning'),
      }));
    };
    const { spec } = await accept(owner);
    await until(() => runs === 1, 'the job runs');
    await fleet.redis.command('FLUSHALL');
    const ended = await ending(owner, spec.jobId);
    gate.open();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(ended).toMatchObject({
      state: 'completed',
      status: 'Healthy',
      reportDigest: reportOf(worker.validator.runs[0]!).reportDigest,
    });
    expect(await worker.service.get(spec.jobId)).toMatchObject({ state: 'completed', status: 'Healthy' });
    expect(owner.ended).toHaveLength(1);
  });

  it('goes on when all connections are killed', async () => {
    const owner = await start('n1', { work: false });
    const worker = await start('n2');
    const gate = worker.validator.close();
    const { spec } = await accept(owner);
    await until(() => worker.validator.runs.length === 1, 'the job runs');
    for (const type of ['normal', 'pubsub']) await fleet.redis.command('CLIENT', 'KILL', 'TYPE', type);
    gate.open();
    expect(await ending(owner, spec.jobId)).toMatchObject({
      state: 'completed',
      status: 'Healthy',
      attempts: 1,
    });
    await connected(owner.backend);
    const next = await accept(owner, { from: 1 });
    expect((await ending(owner, next.spec.jobId)).state).toBe('completed');
    expect(owner.ended).toHaveLength(2);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'ends each job once when Redis is ended by %s and started empty',
    async (signal) => {
      const owner = await start('n1', { config: () => ({ ...CONFIG, max_concurrent_validations: 1 }) });
      const gate = owner.validator.close();
      const running = await accept(owner, { from: 1 });
      await until(() => owner.validator.runs.length === 1, 'the job runs');
      const waiting = await accept(owner, { from: 2 });
      await fleet.redis.shutDown(signal);
      await until(async () => {
        const refused = await owner.service.submit({ from: 3 }, API).catch((error) => error.code);
        return refused === 'QUEUE_UNAVAILABLE';
      }, 'requests are refused while Redis is away');
      // Its own jobs are shown nonetheless, and the end of the one that runs waits for Redis.
      gate.open();
      expect((await owner.service.get(running.spec.jobId))?.state).toBe('running');
      await fleet.redis.start();
      await fleet.redis.command('FLUSHALL');
      expect((await ending(owner, running.spec.jobId)).state).toBe('completed');
      expect((await ending(owner, waiting.spec.jobId)).state).toBe('completed');
      expect(owner.ended).toHaveLength(2);
    },
  );

  it('stops while Redis is away, and ends its jobs once both are back', async () => {
    const stateDir = join(fleet.folder, 'owner');
    const owner = await start('n1', { stateDir });
    owner.validator.close();
    const { spec } = await accept(owner);
    await until(() => owner.validator.runs.length === 1, 'the job runs');
    await fleet.redis.shutDown('SIGKILL');
    await owner.crash();
    expect(owner.ended).toEqual([]);
    await fleet.redis.start();
    const again = await start('n1', { stateDir });
    expect(await ending(again, spec.jobId)).toMatchObject({ state: 'completed', status: 'Healthy' });
    expect(again.ended).toHaveLength(1);
  });

  it('cancels a run on the request that its worker finds in Redis', async () => {
    const owner = await start('n1', { work: false });
    const worker = await start('n2');
    const gated = worker.validator.close();
    const waiting = worker.validator.script;
    worker.validator.script = async (spec, options) => {
      await owner.backend.mirror?.cancel(spec.jobId, 'bob');
      options.onProgress?.({ blocks: 1, totalBlocks: 10, bytes: 0 });
      return waiting(spec, options);
    };
    const { spec } = await accept(owner);
    expect(await ending(owner, spec.jobId)).toMatchObject({
      state: 'cancelled',
      notes: ['cancelled by bob'],
    });
    gated.open();
  });

  it('refuses jobs while Redis is absent, and takes them once it is there', async () => {
    await fleet.redis.shutDown('SIGTERM');
    const backend = fleetBackend({ url: fleet.redis.url, node: 'n1' });
    const node = await startNode(backend, { node: 'n1' });
    await expect(node.service.submit({}, API)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    expect(await node.state.scan('job/')).toEqual([]);
    await fleet.redis.start();
    await connected(backend);
    const { spec } = await accept(node);
    expect((await ending(node, spec.jobId)).state).toBe('completed');
  });

  it('takes over from a node that ended what its owner, killed meanwhile, never heard of', async () => {
    const stateDir = join(fleet.folder, 'owner');
    const owner = await start('n1', { work: false, stateDir });
    const { spec } = await accept(owner);
    await owner.crash();
    await start('n2');
    const other = await start('n3', { work: false });
    await until(
      async () => (await other.service.get(spec.jobId))?.state === 'completed',
      'the job has ended',
    );
    const again = await start('n1', { work: false, stateDir });
    expect(await ending(again, spec.jobId)).toMatchObject({ state: 'completed', node: 'n2', attempts: 1 });
    expect(again.ended).toHaveLength(1);
  });

  it('believes nothing in Redis that the fleet has not written', async () => {
    const owner = await start('n1', { work: false });
    const { spec } = await accept(owner);
    const forger = fleetBackend({ url: fleet.redis.url, node: 'evil', secret: Buffer.alloc(32, 1) });
    await connected(forger);
    const record = (await owner.service.get(spec.jobId))!;
    const report = reportOf({ ...owner.validator.runs[0]!, jobId: spec.jobId, node: 'evil' });
    await forger.mirror?.put(
      {
        ...record,
        state: 'completed',
        fence: 999_999,
        revision: record.revision + 1,
        status: 'Healthy',
        complete: true,
        reportDigest: report.reportDigest,
      },
      { jobId: spec.jobId, fence: 999_999, report: JSON.stringify(report), asOf: report.asOf },
    );
    await forger.close();
    // The job in the queue is exchanged for one that checks less.
    await fleet.redis.command('HSET', `${PREFIX}:chain:jobs-r1:${spec.jobId}`, 'data', '"{}"');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await owner.service.get(spec.jobId))?.state).toBe('queued');
    const worker = await start('n2');
    worker.validator.script = async (run) => ({ report: reportOf(run, 'Warning') });
    expect(await ending(owner, spec.jobId)).toMatchObject({
      state: 'completed',
      status: 'Warning',
      node: 'n2',
    });
    expect(worker.validator.runs).toHaveLength(1);
    expect(worker.validator.runs[0]?.level).toBe('Standard');
  });

  it('fails a job that no living worker can see, instead of keeping it for ever', async () => {
    const owner = await start('n1', { work: false, unattendedMs: 100, nodes: () => [] });
    const { spec } = await accept(owner);
    expect(await ending(owner, spec.jobId)).toMatchObject({
      state: 'failed',
      error: { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('could not check') },
    });
  });
});
