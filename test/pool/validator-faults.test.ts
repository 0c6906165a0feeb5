import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, realpathSync, writeFileSync } from 'node:fs';
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
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { duringJob, filesOf, isRunning, pidOf, SLOW } from '../support/validator.js';

const BLOCKS = 300;
const folder = temporaryFolder();
const chain = join(folder.path, 'chain');
const never = new AbortController().signal;

let validator: Validator | undefined;
beforeAll(() => smallChain(chain, BLOCKS, 16));
afterEach(() => validator?.close());
afterAll(() => folder.remove());

async function start(options: Partial<ValidatorOptions> = {}): Promise<Validator> {
  validator = createValidator({ workers: 1, log: silentLog, ...options });
  await validator.ready();
  return validator;
}

describe('a validator process that ends', () => {
  it.each(['SIGKILL', 'SIGABRT', 'SIGSEGV'] as const)(
    'by %s rejects what is under way as retryable, and the next requests work',
    async (signal) => {
      const running = await start();
      const first = pidOf(running);
      const head = running.head(chain);
      await expect(duringJob(running, chain, () => process.kill(first, signal))).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining(signal),
      });
      expect((await head).height).toBe(BLOCKS + 1);
      const { report } = await running.run(chain, { level: 'Standard' }, { signal: never });
      expect(report).toMatchObject({ status: 'Healthy', complete: true });
      expect(pidOf(running)).not.toBe(first);
      expect(running.stats().restarts).toBe(1);
    },
  );

  it('is ended when it gives no sign of life', async () => {
    const running = await start({ silenceLimitSeconds: 2 });
    const frozen = pidOf(running);
    await expect(duringJob(running, chain, () => process.kill(frozen, 'SIGSTOP'))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('no sign of life'),
    });
    expect((await running.head(chain)).height).toBe(BLOCKS + 1);
    expect(isRunning(frozen)).toBe(false);
  });

  it('leaves the shard of another coordinator as an error that may be tried again', async () => {
    const running = await start();
    const coordinator = createValidator({ workers: 1, log: silentLog });
    try {
      const { report } = await coordinator.run(
        chain,
        { level: 'Full', batchSize: 1000 },
        {
          signal: never,
          shards: (plan) => ({
            concurrency: 1,
            run: async (task, signal) => {
              const outcome = running.runShard(chain, plan, task, signal);
              if (!task.samples) setTimeout(() => process.kill(pidOf(running), 'SIGKILL'), 5);
              return outcome;
            },
          }),
        },
      );
      expect(report).toMatchObject({ status: 'Incomplete', findingCounts: { STORE_UNAVAILABLE: 1 } });
    } finally {
      await coordinator.close();
    }
  });
});

describe('close', () => {
  it('rejects what is under way and ends the process', async () => {
    const running = await start();
    const pid = pidOf(running);
    const job = duringJob(running, chain, () => void running.close());
    await expect(job).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    await running.close();
    expect(isRunning(pid)).toBe(false);
    await expect(running.head(chain)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it('works while the process is starting, and while it waits to be started anew', async () => {
    const starting = createValidator({ workers: 1, log: silentLog });
    const ready = starting.ready().catch((error) => error.code);
    await starting.close();
    expect(await ready).toBe('SHUTTING_DOWN');
    const pausing = await start();
    const pid = pidOf(pausing);
    process.kill(pid, 'SIGKILL');
    while (pausing.stats().pid !== undefined) await sleep(5);
    const waiting = pausing.head(chain).catch((error) => error.code);
    await pausing.close();
    expect(await waiting).toBe('SHUTTING_DOWN');
  });
});

describe('the process', () => {
  it('ends with its parent', async () => {
    const script = `
      import { createValidator } from ${JSON.stringify(new URL('../../src/pool/index.js', import.meta.url).href)};
      import { silentLog } from ${JSON.stringify(new URL('../../src/logging/index.js', import.meta.url).href)};
      const validator = createValidator({ workers: 1, log: silentLog });
      await validator.run(${JSON.stringify(chain)}, ${JSON.stringify(SLOW)}, {
        signal: new AbortController().signal,
        onProgress: ({ blocks }) => { if (blocks > 0) process.stdout.write(validator.stats().pid + '\\n'); },
      });`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout, 'data');
    const pid = Number.parseInt(String(line), 10);
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    while (isRunning(pid)) await sleep(20);
  });

  it('has nothing left open of 200 jobs', async () => {
    const running = await start({ workers: 2 });
    const dir = realpathSync(chain);
    const ownFiles = () => filesOf(pidOf(running)).filter((file) => file.startsWith(dir)).length;
    await running.run(chain, { level: 'Full', batchSize: 100 }, { signal: never });
    for (let batch = 0; batch < 20; batch++) {
      const jobs = Array.from({ length: 10 }, (_, i) => {
        const spec: RunSpec = {
          level: i % 2 ? 'Minimal' : 'Standard',
          batchSize: 100,
          from: 0,
          to: 30 + batch,
        };
        return running.run(chain, spec, { signal: i % 5 ? never : AbortSignal.timeout(5) });
      });
      await Promise.all([...jobs, running.head(chain), running.readPayload(chain, batch)]);
    }
    while (ownFiles() > 0) await sleep(50);
    const settled = filesOf(pidOf(running)).length;
    await running.run(chain, { level: 'Full', batchSize: 100 }, { signal: never });
    while (ownFiles() > 0) await sleep(50);
    expect(filesOf(pidOf(running)).length).toBeLessThanOrEqual(settled);
    expect(running.stats().restarts).toBe(0);
  });

  it('reports a store that cannot be opened and goes on', async () => {
    const running = await start();
    const broken = copyChain(chain, join(folder.path, 'broken'));
    for (const name of readdirSync(join(broken, 'db')).filter((file) => file.startsWith('MANIFEST'))) {
      writeFileSync(join(broken, 'db', name), 'no manifest');
    }
    const { report } = await running.run(broken, {}, { signal: never });
    expect(report).toMatchObject({ status: 'Corrupted', findingCounts: { STORE_UNREADABLE: 1 } });
    await expect(running.head(broken)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(running.stats().restarts).toBe(0);
  });
});
