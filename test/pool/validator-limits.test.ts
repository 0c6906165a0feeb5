import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/logging/index.js';
import {
  createValidator,
  type RunSpec,
  type Validator,
  type ValidatorOptions,
} from '../../src/pool/index.js';
import { heapPerThreadMb, threadsWithin } from '../../src/pool/limits.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { cpuTicksOf, duringJob, pidOf, SLOW } from '../support/validator.js';

const folder = temporaryFolder();
const chain = join(folder.path, 'chain');
const never = new AbortController().signal;

let validator: Validator | undefined;
beforeAll(() => smallChain(chain, 300, 16));
afterEach(() => validator?.close());
afterAll(() => folder.remove());

async function start(options: Partial<ValidatorOptions> = {}): Promise<Validator> {
  validator = createValidator({ workers: 1, log: silentLog, ...options });
  await validator.ready();
  return validator;
}

describe('limits', () => {
  it('of memory end the process, and the requests under way say so', async () => {
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (message: string) => warnings.push(message) };
    const running = await start({ maxMemoryMb: 1, log });
    // One megabyte is raised to what a start needs; what the job needs beside that is too much.
    expect(warnings).toEqual([expect.stringContaining('below what the validator needs')]);
    const jobs = async () => {
      for (;;) await running.run(chain, SLOW, { signal: never });
    };
    await expect(jobs()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/memory limit \(\d+ MB/),
    });
    running.setLimits({ maxMemoryMb: 4000 });
    const { report } = await running.run(chain, { level: 'Standard' }, { signal: never });
    expect(report.status).toBe('Healthy');
  });

  it('of CPU keep each thread to its share of the time, also when changed while a job runs', async () => {
    const running = await start({ workers: 1 });
    const share = async (spec: RunSpec) => {
      const pid = pidOf(running);
      const since = { ticks: cpuTicksOf(pid), at: performance.now() };
      await running.run(chain, spec, { signal: never });
      return ((cpuTicksOf(pid) - since.ticks) * 10) / (performance.now() - since.at);
    };
    const spec: RunSpec = { checks: ['headers', 'payloads', 'canonical', 'signatures'], batchSize: 20 };
    // The first run compiles for itself what the others find compiled.
    await share(spec);
    running.setLimits({ maxCpuPercent: 10 });
    const limited = await share(spec);
    running.setLimits({ maxCpuPercent: 100 });
    const free = await share(spec);
    expect(limited).toBeLessThan(0.4);
    expect(limited).toBeLessThan(free / 2);
  });

  it('of CPU do not keep a job from being stopped', async () => {
    const running = await start({ maxCpuPercent: 20 });
    const stop = new AbortController();
    const job = running.run(chain, SLOW, {
      signal: stop.signal,
      onProgress: ({ blocks }) => blocks > 0 && stop.abort(),
    });
    expect((await job).report.findingCounts).toEqual({ CANCELLED: 1 });
  });

  it('of memory leave out threads that there is no room for', async () => {
    const limits = { workers: 8, maxMemoryMb: 300 };
    const running = await start(limits);
    while (running.stats().threads !== threadsWithin(limits)) await sleep(20);
    const { report } = await running.run(chain, { level: 'Full', batchSize: 20 }, { signal: never });
    expect(report).toMatchObject({ status: 'Healthy', complete: true });
  });

  it('of memory are shared among the threads, and never leave none', () => {
    expect(threadsWithin({ workers: 8 })).toBe(8);
    for (const maxMemoryMb of [1, 256, 512, 1024, 4096]) {
      const limits = { workers: 8, maxMemoryMb };
      const threads = threadsWithin(limits);
      expect(threads).toBeGreaterThanOrEqual(1);
      if (threads > 1) expect(threads * heapPerThreadMb(limits)).toBeLessThan(maxMemoryMb);
    }
  });

  it('of threads change while a job runs', async () => {
    const running = await start({ workers: 1 });
    const job = duringJob(running, chain, () => running.setLimits({ workers: 3 }));
    expect((await job).report).toMatchObject({ status: 'Healthy', complete: true });
    while (running.stats().threads !== 3) await sleep(20);
    const shrinking = duringJob(running, chain, () => running.setLimits({ workers: 1 }));
    expect((await shrinking).report).toMatchObject({ status: 'Healthy', complete: true });
    while (running.stats().threads !== 1) await sleep(20);
    expect(running.stats().restarts).toBe(0);
  });
});
