import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { validateDirectory, validateInProcess } from '../../src/pool/index.js';
import type { Progress } from '../../src/validation/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';

const BLOCKS = 400;
const folder = temporaryFolder();
const chain = join(folder.path, 'chain');
/** So many shards and checks that there is time to do something to the process meanwhile. */
const SLOW = { level: 'Full', workers: 1, batchSize: 1 } as const;

beforeAll(async () => {
  await smallChain(chain, BLOCKS, 16);
});
afterAll(() => folder.remove());

/** Process ids of the validator processes that `parent` has started. */
function validatorsOf(parent: number): number[] {
  const pids: number[] = [];
  for (const thread of readdirSync(`/proc/${parent}/task`)) {
    const children = readFileSync(`/proc/${parent}/task/${thread}/children`, 'utf8');
    pids.push(...children.split(' ').filter(Boolean).map(Number));
  }
  return pids.filter((pid) => commandOf(pid).includes('validator-process'));
}

/** Empty when there is no such process any more, or only what its parent has not asked about yet. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

describe('validateInProcess', () => {
  it('gives the report of validateDirectory, with progress', async () => {
    const here = await validateDirectory(chain, { workers: 1, jobId: 'same' });
    const seen: Progress[] = [];
    const there = await validateInProcess(chain, {
      workers: 1,
      jobId: 'same',
      onProgress: (covered) => seen.push(covered),
    });
    expect(there.reportDigest).toBe(here.reportDigest);
    expect(there).toMatchObject({ status: 'Healthy', jobId: 'same', schema: 'provchain-report/1' });
    expect(seen.at(-1)).toMatchObject({ blocks: BLOCKS + 1, totalBlocks: BLOCKS + 1 });
    expect(validatorsOf(process.pid)).toEqual([]);
  });

  it('passes errors on with their code and place', async () => {
    const missing = join(folder.path, 'missing');
    const refusal = { name: 'ProvChainError', code: 'NOT_A_CHAIN', place: { source: missing } };
    await expect(validateInProcess(missing)).rejects.toMatchObject(refusal);
  });

  it('ends as CANCELLED with what was covered so far', async () => {
    const stop = new AbortController();
    const report = await validateInProcess(chain, {
      ...SLOW,
      signal: stop.signal,
      onProgress: ({ blocks }) => {
        if (blocks > 0) stop.abort();
      },
    });
    expect(report.status).toBe('Incomplete');
    expect(report.findingCounts).toEqual({ CANCELLED: 1 });
    expect(report.checked.headers).toBeGreaterThan(0);
  });

  it('ends as CANCELLED when it was cancelled before it began', async () => {
    const report = await validateInProcess(chain, { ...SLOW, signal: AbortSignal.abort() });
    expect(report.findingCounts).toEqual({ CANCELLED: 1 });
    expect(report.checked.headers).toBe(0);
  });

  it('throws STORE_UNAVAILABLE naming the signal when the process is killed', async () => {
    const killed = validateInProcess(chain, {
      ...SLOW,
      onProgress: () => {
        for (const pid of validatorsOf(process.pid)) process.kill(pid, 'SIGKILL');
      },
    });
    await expect(killed).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('SIGKILL'),
    });
  });

  it('finishes although the terminal interrupts the whole process group', async () => {
    let interrupted = 0;
    const report = await validateInProcess(chain, {
      ...SLOW,
      onProgress: () => {
        for (const pid of validatorsOf(process.pid)) {
          for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(pid, signal);
          interrupted++;
        }
      },
    });
    expect(interrupted).toBeGreaterThan(0);
    expect(report).toMatchObject({ status: 'Healthy', complete: true });
  });

  it('ends with its parent', async () => {
    const script = `
      import { validateInProcess } from ${JSON.stringify(new URL('../../src/pool/index.js', import.meta.url).href)};
      const onProgress = ({ blocks }) => { if (blocks > 0) process.stdout.write('running'); };
      await validateInProcess(${JSON.stringify(chain)}, { ...${JSON.stringify(SLOW)}, onProgress });`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(parent.stdout, 'data');
    const [validator] = validatorsOf(parent.pid!);
    expect(validator).toBeDefined();
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    while (commandOf(validator!) !== '') await sleep(20);
  });
});
