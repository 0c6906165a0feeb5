import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chainFiles, openSource } from '../../src/ledger/index.js';
import {
  type BlockSource,
  checkShard,
  type Plan,
  pinChain,
  planValidation,
  type ShardOutcome,
  type ShardRunner,
  validate,
} from '../../src/validation/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';

const folder = temporaryFolder();
const dir = join(folder.path, 'chain');
let source: BlockSource;
let plan: Plan;

beforeAll(async () => {
  await smallChain(dir, 29);
  const evidence = await chainFiles(dir);
  source = await openSource(dir);
  const { pin, anchorIndex } = await pinChain(source, evidence);
  plan = planValidation(evidence, pin, anchorIndex, { jobId: 'j', node: 'n', level: 'Full', batchSize: 10 });
});

afterAll(async () => {
  await source.close();
  folder.remove();
});

const clocks = { clock: () => performance.now(), now: () => new Date(), engineVersion: 'test' };
const control = {
  stopped: () => undefined,
  progress: () => {},
  clock: () => performance.now(),
  breathe: () => Promise.resolve(),
};

/** Runs shards honestly, but lets `interfere` replace the outcome of the one that begins at a block. */
function runner(interfere: Readonly<Record<number, (honest: ShardOutcome) => ShardOutcome>>): ShardRunner {
  return {
    concurrency: 2,
    async run(task) {
      const honest: ShardOutcome = { result: await checkShard(source, plan, task, control) };
      return interfere[task.range.from]?.(honest) ?? honest;
    },
  };
}

describe('validate', () => {
  it('is Healthy when every shard comes back once', async () => {
    const report = await validate(source, plan, { ...clocks, runner: runner({}) });
    expect(report).toMatchObject({ status: 'Healthy', complete: true });
    expect(report.shards.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
  });

  it.each([
    ['SHARD_FAILED', { code: 'INTERNAL', message: 'the worker died' }, 'Incomplete'],
    ['STORE_UNAVAILABLE', { code: 'STORE_UNAVAILABLE', message: 'too many open files' }, 'Incomplete'],
    ['STORE_UNREADABLE', { code: 'STORE_CORRUPT', message: 'checksum mismatch' }, 'Corrupted'],
  ] as const)('reports %s for a shard that failed, and is not complete', async (code, failed, status) => {
    const report = await validate(source, plan, { ...clocks, runner: runner({ 10: () => ({ failed }) }) });
    expect(report).toMatchObject({ status, complete: false, findingCounts: { [code]: 1 } });
    expect(report.findings[0]).toMatchObject({ code, block: 10, details: { from: 10, to: 20 } });
    expect(report.shards[1].status).toBe('failed');
    expect(report.checked.headers).toBe(20);
  });

  it.each([
    ['cancelled', 'CANCELLED'],
    ['time-limit', 'TIME_LIMIT'],
  ] as const)('reports what was covered when told to stop: %s', async (reason, code) => {
    const controller = new AbortController();
    const stopping = runner({
      10: (honest) => {
        controller.abort(reason);
        return honest;
      },
    });
    const oneLane = { ...stopping, concurrency: 1 };
    const report = await validate(source, plan, { ...clocks, runner: oneLane, signal: controller.signal });
    expect(report).toMatchObject({ status: 'Incomplete', complete: false, findingCounts: { [code]: 1 } });
    expect(report.findings[0]).toMatchObject({
      code,
      block: null,
      details: { coveredBlocks: 20, plannedBlocks: 30 },
    });
    expect(report.checked.headers).toBe(20);
  });

  it('has a shard checked again from the true frontier when tree records claimed another', async () => {
    const frontiers: number[] = [];
    const lying: ShardRunner = {
      concurrency: 1,
      async run(task) {
        if (task.frontier) frontiers.push(task.range.from);
        const result = await checkShard(source, plan, task, control);
        if (task.frontier || task.range.from !== 20) return { result };
        return { result: { ...result, claimedFrontier: result.claimedFrontier?.slice(1) } };
      },
    };
    const report = await validate(source, plan, { ...clocks, runner: lying });
    expect(frontiers).toEqual([20]);
    expect(report).toMatchObject({ status: 'Healthy', complete: true });
  });

  it('reports SHARD_FAILED for a result that is of other blocks, or ends early without a stop', async () => {
    for (const wrong of [{ range: { from: 0, to: 10 } }, { coveredTo: 15 }]) {
      const lying = runner({
        10: (honest) => ('result' in honest ? { result: { ...honest.result, ...wrong } } : honest),
      });
      const report = await validate(source, plan, { ...clocks, runner: lying });
      expect(report).toMatchObject({
        status: 'Incomplete',
        complete: false,
        findingCounts: { SHARD_FAILED: 1 },
      });
      expect(report.findings[0]).toMatchObject({ block: 10 });
    }
  });

  it.each([
    ['SHARD_FAILED', { failed: { code: 'INTERNAL', message: 'the worker died' } }],
    ['STORE_UNAVAILABLE', { failed: { code: 'STORE_UNAVAILABLE', message: 'too many open files' } }],
    ['TIME_LIMIT', { stopped: 'time-limit' }],
  ] as const)(
    'reports %s when a history could not be checked again from its true frontier',
    async (code, end) => {
      const lying: ShardRunner = {
        concurrency: 1,
        async run(task) {
          if (task.frontier && 'failed' in end) return end;
          const result = await checkShard(source, plan, task, control);
          if (task.frontier) return { result: { ...result, ...end } };
          return { result: { ...result, claimedFrontier: [] } };
        },
      };
      const report = await validate(source, plan, { ...clocks, runner: lying });
      expect(report).toMatchObject({ status: 'Incomplete', complete: false, findingCounts: { [code]: 1 } });
    },
  );

  it('is the same for a part of the chain whatever the shards, and says that it is a part', async () => {
    const digests = new Set<string>();
    const { pin, evidence } = plan;
    for (const batchSize of [1, 4, 100]) {
      const part = planValidation(evidence, pin, pin.height - 1, {
        jobId: 'j',
        node: 'n',
        level: 'Full',
        batchSize,
        from: 7,
        to: 23,
      });
      const report = await validate(source, part, clocks);
      expect(report).toMatchObject({
        status: 'Healthy',
        complete: true,
        scope: { from: 7, to: 23, partial: true },
      });
      expect(report.checked.headers).toBe(16);
      digests.add(report.reportDigest);
    }
    expect(digests.size).toBe(1);
  });
});

describe('checkShard, told to stop while it holds the sample against other engines', () => {
  it('has not covered its range, so that the report is not complete', async () => {
    let asked = 0;
    const stopping = { ...control, stopped: () => (++asked > 5 ? ('cancelled' as const) : undefined) };
    const task = { range: { from: 0, to: 30 }, samples: true };
    const result = await checkShard(source, plan, task, stopping);
    expect(result.stopped).toBe('cancelled');
    expect(result.coveredTo).toBeLessThan(30);
  });
});
