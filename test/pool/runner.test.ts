import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { JobSignals, type ShardRequest } from '../../src/pool/messages.js';
import { PooledRunner } from '../../src/pool/runner.js';
import { type Plan, planValidation, type ShardOutcome } from '../../src/validation/index.js';

const trust = { chainId: 'c', format: 'provchain/1', genesisHash: '0'.repeat(64), producers: [] } as const;
const plan: Plan = planValidation(
  { trust, replicaId: 'r', anchor: null },
  { height: 100, headHash: 'a'.repeat(64) },
  null,
  { jobId: 'j', node: 'n', batchSize: 10 },
);
const task = { range: { from: 0, to: 10 } };
const never = new AbortController().signal;

const failed = (code: ErrorCode, message: string): ShardOutcome => ({ failed: { code, message } });
// Only the runner's own behaviour is looked at here: what a result holds passes through it.
const done = { result: { range: task.range, coveredTo: 10 } } as unknown as ShardOutcome;

/** A runner whose attempts end one after the other as `outcomes` says; an Error stands for a thread that died. */
function runnerWith(outcomes: readonly (ShardOutcome | Error)[], concurrency = 1) {
  const attempts: ShardRequest[] = [];
  const runner = new PooledRunner({
    dir: '/chain',
    plan,
    concurrency,
    dispatch: async (request) => {
      const outcome = outcomes[attempts.push(request) - 1]!;
      JobSignals.over(request.signals).add(request.slot, 4, 400);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  });
  return { runner, attempts };
}

describe('PooledRunner', () => {
  it('gives the result of the second attempt when the first failed', async () => {
    const { runner, attempts } = runnerWith([failed('STORE_UNAVAILABLE', 'a file vanished'), done]);
    expect(await runner.run(task, never)).toBe(done);
    expect(attempts).toHaveLength(2);
  });

  it('gives the result of the second attempt when the first thread died', async () => {
    const { runner, attempts } = runnerWith([new Error('worker exited with code: 1'), done]);
    expect(await runner.run(task, never)).toBe(done);
    expect(attempts).toHaveLength(2);
  });

  it('fails as INTERNAL, saying why, when both threads died', async () => {
    const outOfMemory = Object.assign(new Error('…'), { code: 'ERR_WORKER_OUT_OF_MEMORY' });
    const { runner, attempts } = runnerWith([new Error('worker exited with code: 1'), outOfMemory]);
    expect(await runner.run(task, never)).toEqual(
      failed('INTERNAL', 'the worker thread went over its memory limit'),
    );
    expect(attempts).toHaveLength(2);
  });

  it('fails as STORE_CORRUPT only when both attempts met damage', async () => {
    const corrupt = failed('STORE_CORRUPT', 'bad block checksum');
    const unavailable = failed('STORE_UNAVAILABLE', 'too many open files');
    expect(await runnerWith([corrupt, corrupt]).runner.run(task, never)).toEqual(corrupt);
    expect(await runnerWith([corrupt, unavailable]).runner.run(task, never)).toEqual(unavailable);
    expect(await runnerWith([unavailable, corrupt]).runner.run(task, never)).toEqual(unavailable);
  });

  it('makes no second attempt when it has been told to stop', async () => {
    const { runner, attempts } = runnerWith([failed('STORE_UNAVAILABLE', 'a file vanished'), done]);
    expect(await runner.run(task, AbortSignal.abort('cancelled'))).toMatchObject({ failed: {} });
    expect(attempts).toHaveLength(1);
  });

  it('passes the reason to stop on to its shards', async () => {
    const { runner, attempts } = runnerWith([done]);
    await runner.run(task, AbortSignal.abort('time-limit'));
    expect(JobSignals.over(attempts[0]!.signals).stopped()).toBe('time-limit');
  });

  it('counts what a failed attempt had covered only once', async () => {
    const { runner } = runnerWith([failed('STORE_UNAVAILABLE', 'a file vanished'), done, done]);
    await runner.run(task, never);
    expect(runner.covered()).toEqual({ blocks: 4, bytes: 400 });
    await runner.run(task, never);
    expect(runner.covered()).toEqual({ blocks: 8, bytes: 800 });
  });

  it('has no more shards under way than it has slots, each with counters of its own', async () => {
    const slots: number[] = [];
    let running = 0;
    let most = 0;
    const runner = new PooledRunner({
      dir: '/chain',
      plan,
      concurrency: 3,
      dispatch: async ({ slot }) => {
        slots.push(slot);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return done;
      },
    });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => runner.run(task, never)));
    expect(outcomes.every((outcome) => outcome === done)).toBe(true);
    expect(most).toBe(3);
    expect(new Set(slots)).toEqual(new Set([0, 1, 2]));
  });
});
