import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { redisInstalled } from '../support/redis.js';
import { useFleet } from './support/fleet-node.js';
import { accept, ending, until } from './support/node.js';
import { startWorkerProcess, type WorkerProcess } from './support/worker-process.js';

describe.skipIf(!redisInstalled())('jobs whose worker is lost', () => {
  const fleet = useFleet();
  const { start } = fleet;
  const processes: WorkerProcess[] = [];

  const startProcess = async (node: string) => {
    const worker = await startWorkerProcess(fleet.redis.url, node, join(fleet.folder, node));
    processes.push(worker);
    return worker;
  };

  afterEach(() => {
    for (const { kill } of processes.splice(0)) kill('SIGKILL');
  });

  it('runs a job again whose worker was killed, and says which attempt was lost', async () => {
    const owner = await start('n1', { work: false });
    const worker = await startProcess('n2');
    const { spec } = await accept(owner);
    await worker.running();
    worker.kill('SIGKILL');
    const rescuer = await start('n3');
    const ended = await ending(owner, spec.jobId);
    expect(ended).toMatchObject({ state: 'completed', status: 'Healthy', node: 'n3', attempts: 2 });
    expect(ended.notes).toEqual(['attempt 1 on n2 was lost']);
    expect([owner.ended.length, rescuer.ended.length]).toEqual([1, 0]);
  });

  it('refuses the result of a worker that was frozen past its lock and woke up later', async () => {
    const owner = await start('n1', { work: false });
    const worker = await startProcess('n2');
    const { spec } = await accept(owner);
    await worker.running();
    worker.kill('SIGSTOP');
    const rescuer = await start('n3');
    const ended = await ending(owner, spec.jobId);
    expect(ended).toMatchObject({ state: 'completed', status: 'Healthy', node: 'n3' });
    // It would report a Warning.
    worker.finish();
    worker.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (const node of [owner, rescuer]) {
      expect(await node.service.get(spec.jobId)).toMatchObject({
        status: 'Healthy',
        revision: ended.revision,
      });
      expect(JSON.parse((await node.service.report(spec.jobId))?.text ?? '').status).toBe('Healthy');
    }
    expect(owner.ended).toHaveLength(1);
  });

  it('refuses the result of a frozen worker that comes while the next one still runs', async () => {
    const owner = await start('n1', { work: false });
    const worker = await startProcess('n2');
    const { spec } = await accept(owner);
    await worker.running();
    worker.kill('SIGSTOP');
    const rescuer = await start('n3');
    const gate = rescuer.validator.close();
    await until(() => rescuer.validator.runs.length === 1, 'the job runs again');
    worker.finish();
    worker.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await owner.service.get(spec.jobId))?.state).toBe('running');
    gate.open();
    expect(await ending(owner, spec.jobId)).toMatchObject({ status: 'Healthy', node: 'n3' });
    expect(owner.ended).toHaveLength(1);
  });
});
