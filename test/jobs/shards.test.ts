import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import type { FleetNode, JobConfig, JobValidator } from '../../src/jobs/index.js';
import { silentLog } from '../../src/logging/index.js';
import { createValidator, type Validator } from '../../src/pool/index.js';
import type { Report, ShardTask } from '../../src/validation/index.js';
import { smallChain, temporaryFolder, validateChain } from '../support/chains.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';
import { startFleetNode } from './support/fleet-node.js';
import {
  accept,
  CONFIG,
  ending,
  type NodeOptions,
  stopAllNodes,
  type TestNode,
  until,
} from './support/node.js';

const BLOCKS = 60;
const NODES: readonly FleetNode[] = ['n1', 'n2', 'n3'].map((nodeId) => ({
  nodeId,
  roles: ['api', 'worker'],
  chainId: 'chain',
  replica: 'r1',
  height: BLOCKS + 1,
}));

describe.skipIf(!redisInstalled())('shards of one job on several nodes', () => {
  let redis: RedisServer;
  let validators: Validator[];
  const folder = temporaryFolder();
  const dir = join(folder.path, 'chain');
  const shards = new Map<string, ShardTask[]>();

  beforeAll(async () => {
    redis = await startRedis();
    await smallChain(dir, BLOCKS);
    validators = [1, 2].map(() => createValidator({ workers: 1, log: silentLog }));
    await Promise.all(validators.map((validator) => validator.ready()));
  });
  afterEach(async () => {
    await stopAllNodes();
    shards.clear();
  });
  afterAll(async () => {
    await Promise.all(validators.map((validator) => validator.close()));
    await redis.stop();
    folder.remove();
  });

  /** The real validator, which counts the shards it was given. */
  const counting = (node: string, validator: Validator): JobValidator => ({
    run: (...args) => validator.run(...args),
    runShard: (path, plan, task, signal) => {
      shards.set(node, [...(shards.get(node) ?? []), task]);
      return validator.runShard(path, plan, task, signal);
    },
  });

  const start = async (
    node: string,
    validator: JobValidator,
    options: NodeOptions = {},
  ): Promise<TestNode> => {
    const nodes = () => NODES;
    const made = await startFleetNode(redis.url, node, {
      dir,
      nodes,
      validator: validator as never,
      ...options,
    });
    made.chain.head = await validators[0]!.head(dir);
    return made;
  };

  it('gives the report that one process gives, and each node its part', async () => {
    const one = await start('n1', counting('n1', validators[0]!));
    await start('n2', counting('n2', validators[1]!));
    const { spec } = await accept(one, { level: 'Full' });
    const ended = await ending(one, spec.jobId);
    expect(ended).toMatchObject({ state: 'completed', status: 'Healthy', complete: true, notes: [] });
    const report = JSON.parse((await one.service.report(spec.jobId))?.text ?? '') as Report;
    const expected = await validateChain(dir, { level: 'Full', batchSize: CONFIG.batch_size });
    expect(report.checked).toEqual(expected.checked);
    expect(report.shards.map(({ from, to, status }) => [from, to, status])).toEqual(
      expected.shards.map(({ from, to, status }) => [from, to, status]),
    );
    expect([...shards.keys()].sort()).toEqual(['n1', 'n2']);
    const given = [...shards.values()].flat().filter((task) => !task.samples && !task.frontier);
    expect(given.map(({ range }) => range.from).sort((a, b) => a - b)).toEqual(
      report.shards.map(({ from }) => from),
    );
    expect(ended.progress?.totalBlocks).toBe(BLOCKS + 1);
  });

  it('keeps the shards of a profiled job on one node, whose threads take the profile', async () => {
    const config = () => ({ ...CONFIG, enable_profiling: true });
    const one = await start('n1', counting('n1', validators[0]!), { config });
    await start('n2', counting('n2', validators[1]!), { config });
    const { spec } = await accept(one, { level: 'Full' });
    expect((await ending(one, spec.jobId)).status).toBe('Healthy');
    const profile = await one.service.profile(spec.jobId);
    expect(profile?.cpuProfile).toContain('check-shard');
    expect(profile?.stages).toHaveProperty('shards');
    expect(shards.size).toBe(0);
  });

  it('leaves the shards of a node that does not see the directory to another, and says so', async () => {
    const blind = await start('n3', counting('n3', validators[1]!), { dir: join(folder.path, 'missing') });
    const one = await start('n1', counting('n1', validators[0]!), { config: patientConfig });
    const { spec } = await accept(one, { level: 'Full' });
    // The blind node may be given the job itself, too; then it leaves it.
    const ended = await ending(one, spec.jobId);
    expect(ended).toMatchObject({ state: 'completed', status: 'Healthy', complete: true, node: 'n1' });
    expect(shards.get('n3')?.length).toBeGreaterThan(0);
    expect(ended.notes.some((note) => note.includes('were left by n3 and checked by n1'))).toBe(true);
    expect(blind.ended).toEqual([]);
  });

  it('gives out again what was lost with Redis, and ends with one healthy report', async () => {
    let flushed = false;
    const validator = counting('n1', validators[0]!);
    const one = await start('n1', {
      ...validator,
      runShard: async (...args) => {
        const outcome = await validator.runShard(...args);
        if (!flushed && (shards.get('n1')?.length ?? 0) > 3) {
          flushed = true;
          await redis.command('FLUSHALL');
        }
        return outcome;
      },
    });
    const { spec } = await accept(one, { level: 'Full' });
    const ended = await ending(one, spec.jobId);
    expect(flushed).toBe(true);
    expect(ended).toMatchObject({ state: 'completed', status: 'Healthy', complete: true });
    expect(ended.notes.some((note) => note.includes('were lost by the queue and given out again'))).toBe(
      true,
    );
    expect(one.ended).toHaveLength(1);
  });

  it('stops the shards of a cancelled job on all nodes', async () => {
    const stopped: string[] = [];
    const slow = (node: string): JobValidator => ({
      run: (...args) => validators[0]!.run(...args),
      runShard: (_path, _plan, _task, signal) =>
        new Promise((resolve) => {
          shards.set(node, []);
          signal.addEventListener('abort', () => {
            stopped.push(node);
            resolve({ failed: { code: 'STORE_UNAVAILABLE', message: 'stopped' } });
          });
        }),
    });
    const one = await start('n1', slow('n1'), { graceMs: 10_000 });
    await start('n2', slow('n2'), { graceMs: 10_000 });
    const { spec } = await accept(one, { level: 'Full' });
    await until(() => shards.size === 2, 'both nodes work on shards');
    await one.service.cancel(spec.jobId, 'alice');
    const ended = await ending(one, spec.jobId);
    expect(ended).toMatchObject({ state: 'cancelled', status: 'Incomplete' });
    await until(() => new Set(stopped).size === 2, 'both nodes have stopped');
  });

  it('leaves the shards of a node that is stopping to the others', async () => {
    let begun = 0;
    const one = await start('n1', {
      ...counting('n1', validators[0]!),
      // Slower than the other, which is to have some when it stops.
      runShard: async (...args) => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return validators[0]!.runShard(...args);
      },
    });
    const two = await start(
      'n2',
      {
        run: (...args) => validators[1]!.run(...args),
        // It ends because it was told to: the real one may have done a shard of this size before it hears of that.
        runShard: async (_path, _plan, _task, signal) => {
          begun++;
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          throw new ProvChainError('SHUTTING_DOWN', 'the validator is about to stop');
        },
      },
      { config: patientConfig },
    );
    const { spec } = await accept(one, { level: 'Full' });
    await until(() => begun === 2, 'the other node works on shards');
    await two.crash();
    const ended = await ending(one, spec.jobId);
    expect(ended).toMatchObject({ state: 'completed', status: 'Healthy', complete: true });
    expect(ended.notes.some((note) => note.includes('were left by n2 and checked by n1'))).toBe(true);
  });

  it('finds damage wherever its shard is checked', async () => {
    const damaged = join(folder.path, 'damaged');
    await smallChain(damaged, BLOCKS);
    copyFileSync(join(dir, 'anchor.json'), join(damaged, 'anchor.json'));
    const one = await start('n1', counting('n1', validators[0]!), { dir: damaged });
    const two = await start('n2', counting('n2', validators[1]!), { dir: damaged });
    one.chain.head = await validators[0]!.head(damaged);
    const { spec } = await accept(one, { level: 'Full' });
    const ended = await ending(one, spec.jobId);
    expect(ended.status).toBe('Critical');
    expect(JSON.parse((await two.service.report(spec.jobId))?.text ?? '').reportDigest).toBe(
      ended.reportDigest,
    );
  });
});

/** One job at a time leaves the workers to the shards. */
const patientConfig = (): JobConfig => ({ ...CONFIG, max_concurrent_validations: 1 });
