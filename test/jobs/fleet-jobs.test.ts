import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FleetNode } from '../../src/jobs/index.js';
import { redisInstalled } from '../support/redis.js';
import { useFleet } from './support/fleet-node.js';
import { accept, ending, until } from './support/node.js';
import { reportOf } from './support/scripted-validator.js';

describe.skipIf(!redisInstalled())('fleet jobs', () => {
  const fleet = useFleet();
  const { start } = fleet;

  const both: FleetNode[] = ['r1', 'r2'].map((replica, at) => ({
    nodeId: `n${at + 1}`,
    roles: ['api', 'worker'],
    chainId: 'chain',
    replica,
    height: 10 - at,
  }));
  const startBoth = async () => {
    const one = await start('n1', { nodes: () => both });
    const two = await start('n2', { replica: 'r2', nodes: () => both });
    return [one, two] as const;
  };
  const verdictOf = (hash: string, status: 'Healthy' | 'Critical' = 'Healthy') => {
    return async (spec: Parameters<typeof reportOf>[0]) => ({
      report: reportOf(spec, status, hash),
      commonHash: hash,
    });
  };

  it('reports every replica and that they agree', async () => {
    const [one, two] = await startBoth();
    one.validator.script = verdictOf('a'.repeat(64));
    two.validator.script = verdictOf('a'.repeat(64));
    const { spec } = await accept(one, { fleet: true, level: 'Full' });
    const ended = await ending(one, spec.jobId);
    expect(ended).toMatchObject({ state: 'completed', status: 'Healthy', complete: true, agree: true });
    expect(ended.replicas?.map(({ replica, status }) => [replica, status])).toEqual([
      ['r1', 'Healthy'],
      ['r2', 'Healthy'],
    ]);
    expect(one.validator.runs[0]).toMatchObject({ commonHeight: 9 });
    expect(one.validator.runs[0]?.pin).toBeUndefined();
    const report = JSON.parse((await two.service.report(spec.jobId))?.text ?? '');
    expect(report).toMatchObject({ schema: 'provchain-fleet-report/1', agree: true, commonHeight: 9 });
  });

  it('names the damaged replica, and does not claim that it agrees', async () => {
    const [one, two] = await startBoth();
    one.validator.script = verdictOf('a'.repeat(64));
    two.validator.script = verdictOf('a'.repeat(64), 'Critical');
    const { spec } = await accept(one, { fleet: true });
    const ended = await ending(one, spec.jobId);
    expect(ended).toMatchObject({ status: 'Critical', agree: null });
    expect(ended.replicas).toMatchObject([
      { replica: 'r1', status: 'Healthy' },
      { replica: 'r2', status: 'Critical' },
    ]);
  });

  it('ends on cancellation with what is known of each replica', async () => {
    const [one, two] = await startBoth();
    one.validator.script = verdictOf('a'.repeat(64));
    two.validator.close();
    const { spec } = await accept(one, { fleet: true });
    await until(() => two.validator.runs.length === 1, 'the second replica is checked');
    await one.service.cancel(spec.jobId, 'alice');
    const ended = await ending(one, spec.jobId);
    expect(ended).toMatchObject({ state: 'cancelled', status: 'Incomplete', complete: false, agree: null });
    expect(one.ended.filter((record) => record.spec.kind === 'fleet')).toHaveLength(1);
  });

  it('is taken up by its owner after a restart', async () => {
    const stateDir = join(fleet.folder, 'owner');
    const one = await start('n1', { nodes: () => both, stateDir });
    one.validator.script = verdictOf('a'.repeat(64));
    const { spec } = await accept(one, { fleet: true });
    await until(() => one.ended.length === 1, 'the first replica is checked');
    await one.crash();
    const two = await start('n2', { replica: 'r2', nodes: () => both });
    two.validator.script = verdictOf('b'.repeat(64));
    const again = await start('n1', { nodes: () => both, stateDir });
    expect(await ending(again, spec.jobId)).toMatchObject({ state: 'completed', agree: false });
  });
});
