import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { JobRecord, JobServiceOptions } from '../../src/jobs/index.js';
import { silentLog } from '../../src/logging/index.js';
import { openState } from '../../src/state/index.js';
import type { Plan, ShardTask } from '../../src/validation/index.js';
import { redisInstalled } from '../support/redis.js';
import { connected, fleetBackend, PREFIX } from './support/fleet.js';
import { useFleet } from './support/fleet-node.js';
import { accept, ending, until } from './support/node.js';
import { reportOf } from './support/scripted-validator.js';

const ADDED_AGAIN = 'the queue has lost the job; it was added again';

describe.skipIf(!redisInstalled())('jobs of a fleet whose Redis was emptied or set back', () => {
  const fleet = useFleet();
  const { start } = fleet;

  /** A state that writes a later addition of a job only when the owner has heard of it over Redis. */
  async function slowState(heard: (record: JobRecord) => Promise<boolean>) {
    const state = await openState(await mkdtemp(join(fleet.folder, 'state-')), { log: silentLog });
    const put: JobServiceOptions['state']['put'] = async (entries) => {
      const again = entries
        .map(([, value]) => value as Partial<JobRecord> | undefined)
        .find((record) => record?.state === 'queued' && (record.fence ?? 0) >= 2000);
      if (again) await until(() => heard(again as JobRecord), 'the owner hears its own addition');
      await state.put(entries);
    };
    return {
      state: {
        get: (key) => state.get(key),
        put,
        delete: (keys) => state.delete(keys),
        scan: (prefix, options) => state.scan(prefix, options),
      } as JobServiceOptions['state'],
      close: () => state.close(),
    };
  }

  it('adds a lost job once, though its owner hears of the addition while it writes it', async () => {
    const { state, close } = await slowState(async ({ spec, fence }) => {
      return (await owner.service.get(spec.jobId))?.fence === fence;
    });
    const owner = await start('n1', { work: false, state });
    const { spec } = await accept(owner);
    await fleet.redis.command('FLUSHALL');
    await until(async () => ((await owner.service.get(spec.jobId))?.fence ?? 0) >= 2000, 'it is added');
    await start('n2');
    const ended = await ending(owner, spec.jobId);
    expect(ended).toMatchObject({ state: 'completed', status: 'Healthy', fence: 2001 });
    expect(ended.notes).toEqual([ADDED_AGAIN]);
    await owner.stop();
    await close();
  });

  it('keeps the lock of a job that is run again where its first run still ends', async () => {
    const owner = await start('n1', { work: false });
    const worker = await start('n2', { graceMs: 5000 });
    let runs = 0;
    worker.validator.script = async (run) => {
      // The first is slow to stop; the second lasts longer than a lock.
      await sleep(runs++ === 0 ? 1000 : 3000);
      return { report: reportOf(run) };
    };
    const { spec } = await accept(owner);
    await until(() => runs === 1, 'the job runs');
    await fleet.redis.command('FLUSHALL');
    const ended = await ending(owner, spec.jobId);
    expect(ended).toMatchObject({ state: 'completed', attempts: 2 });
    expect(ended.notes).toEqual([ADDED_AGAIN]);
    expect(runs).toBe(2);
  });

  it('tells a Redis again how a job ended that forgot it and has the job once more', async () => {
    const owner = await start('n1', { work: false });
    const { spec } = await accept(owner);
    const queue = owner.backend.queueOf('r1');
    const payload = (await queue.payload(spec.jobId))!;
    const worker = await start('n2');
    const ended = await ending(owner, spec.jobId);
    await until(async () => (await queue.missing([spec.jobId])).size === 1, 'the queue is done with it');
    worker.validator.script = async (run, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return { report: reportOf(run, 'Warning') };
    };
    await fleet.redis.command('DEL', `${PREFIX}:chain:job:${spec.jobId}`);
    // As Redis has it that was killed a second after the job had begun.
    await queue.add({ jobId: spec.jobId, dedupId: 'd', priority: 'normal', payload });
    await until(() => worker.validator.runs.length === 2, 'the job runs once more');
    await until(async () => {
      const shown = await worker.service.get(spec.jobId);
      return shown?.state === 'completed' && shown.reportDigest === ended.reportDigest;
    }, 'the other node shows the end again');
    await until(async () => (await queue.missing([spec.jobId])).size === 1, 'the second run is over');
    expect(await worker.service.get(spec.jobId)).toMatchObject({ state: 'completed', status: 'Healthy' });
    expect(owner.ended).toHaveLength(1);
  });

  it('does not take the end of a start that was given up, however early it comes after a FLUSHALL', async () => {
    const owner = await start('n1', { work: false });
    const other = await start('n2', { work: false });
    const { spec } = await accept(owner);
    await fleet.redis.command('FLUSHALL');
    await until(async () => ((await owner.service.get(spec.jobId))?.fence ?? 0) >= 2000, 'it is added again');
    const record = (await owner.service.get(spec.jobId))!;
    const report = reportOf({ ...spec, node: 'n9', from: 0, to: 10 } as never, 'Critical');
    const { reportDigest, asOf } = report;
    const late = { ...record, state: 'completed' as const, fence: 1001, status: 'Critical' as const };
    await other.backend.mirror?.restore([
      {
        record: { ...late, complete: true, reportDigest },
        result: { jobId: spec.jobId, fence: 1001, report: JSON.stringify(report), asOf },
      },
    ]);
    await start('n3');
    expect(await ending(owner, spec.jobId)).toMatchObject({ state: 'completed', status: 'Healthy' });
    await until(async () => (await other.service.get(spec.jobId))?.status === 'Healthy', 'all see the same');
    expect(owner.ended).toHaveLength(1);
  });

  it('keeps the shards of two runs apart that Redis counts as one start', async () => {
    const nodes = () => [{ nodeId: 'n1', roles: ['worker'], chainId: 'chain', replica: 'r1', height: 10 }];
    const backends = ['n1', 'n2'].map((node) => fleetBackend({ url: fleet.redis.url, node, nodes }));
    await Promise.all(backends.map(connected));
    const plan: Plan = {
      ...{ jobId: 'j', node: 'n1', level: 'Full', checks: [], batchSize: 5, policyHash: '' },
      ...{ pin: { height: 10, headHash: '' }, scope: { from: 0, to: 10 } },
      evidence: { trust: {}, replicaId: 'r1', anchor: null } as never,
    } as never;
    const worker = backends[0]!.shards!.serve(async (_plan, { range }) => {
      return { failed: { code: 'INTERNAL', message: `from ${range.from}` } };
    }, 2);
    const { signal } = new AbortController();
    const job = {
      jobId: 'j',
      fence: 1001,
      replica: 'r1',
      priority: 'normal' as const,
      plan,
      onNote: () => {},
    };
    const asked = backends.flatMap(({ shards }, run) => {
      const runner = shards!.runnerFor(job);
      return [0, 1, 2].map(async (shard): Promise<[string, unknown]> => {
        const from = 10 * run + shard;
        const task: ShardTask = { range: { from, to: from + 1 } };
        return [`from ${from}`, await runner.run(task, signal)];
      });
    });
    for (const [message, outcome] of await Promise.all(asked)) {
      expect(outcome).toMatchObject({ failed: { message } });
    }
    await worker.close();
    await Promise.all(backends.map((backend) => backend.close()));
  });
});
