import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { smallChain, temporaryFolder, validateChain } from '../support/chains.js';
import { startNode, type TestNode, type TestNodeOptions } from '../support/node.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

let count = 0;
let node: TestNode | undefined;
afterEach(async () => {
  await node?.stop();
  node = undefined;
});

async function newChain(blocks = 20): Promise<string> {
  const dir = join(folder.path, `chain-${count++}`);
  await smallChain(dir, blocks);
  return dir;
}

const QUIET = 'blockchain.validation.validate_on_startup = false\nsecurity.rate_limit.enabled = false\n';

async function open(options: Partial<TestNodeOptions> = {}): Promise<TestNode> {
  const dir = options.dir ?? (await newChain());
  node = await startNode({ ...options, dir, toml: `${QUIET}${options.toml ?? ''}` });
  return node;
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the answers are looked at by the tests, field by field.
  readonly body: any;
  readonly headers: Headers;
}

async function call(path: string, init?: RequestInit): Promise<Answer> {
  const answer = await node!.fetch(path, init);
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers };
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

const append = (value: unknown, headers: Record<string, string> = {}) =>
  call('/api/blocks', {
    method: 'POST',
    headers: { 'content-type': 'text/turtle', ...headers },
    body: `<http://e.org/s> <http://e.org/p> "${value}" .`,
  });

const times = <T>(n: number, work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: n }, (_, i) => work(i)));

const ended = ({ state }: { state: string }) => state !== 'queued' && state !== 'running';

async function endOf(jobId: string) {
  await expect
    .poll(async () => ended((await call(`/api/jobs/${jobId}`)).body), { timeout: 30_000 })
    .toBe(true);
  return (await call(`/api/jobs/${jobId}`)).body;
}

function send(text: string): Promise<Socket> {
  const { hostname, port } = new URL(node!.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(text, () => resolve(socket));
    });
    socket.on('error', () => {});
  });
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;

describe('blocks that come faster than the chain can be validated', () => {
  it('leave the queue to others, and the last of them is validated too', async () => {
    const toml =
      'blockchain.validation.validate_on_block_add = true\njobs.max_queue_depth = 4\nintegrity.resource_limits.max_cpu_percent = 10';
    await open({ dir: await newChain(300), toml });
    const blocks = await times(40, append);
    expect(new Set(blocks.map(({ status }) => status))).toEqual(new Set([201]));
    const others = await times(3, (i) => post('/api/jobs', { level: 'Minimal', from: i, fresh: true }));
    expect(others.map(({ status }) => status)).toEqual([202, 202, 202]);
    await call('/api/integrity/config', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"max_cpu_percent":100}',
    });
    const heights = async () =>
      (await call('/api/jobs?state=completed&limit=200')).body.jobs
        .filter(
          ({ trigger, status }: Record<string, unknown>) => trigger === 'append' && status === 'Healthy',
        )
        .map(({ pin }: { pin: { height: number } }) => pin.height);
    await expect.poll(heights, { timeout: 30_000 }).toContain(341);
    expect((await heights()).length).toBeLessThan(20);
  });
});

describe('clients that race', () => {
  it('append on one head exactly once', async () => {
    await open();
    const winners = new Map<string, number>();
    const codes = new Set<string>();
    await times(20, async (i) => {
      for (let turn = 0; turn < 8; turn++) {
        const { headHash } = (await call('/api/chain')).body;
        const { status, body } = await append(`${i}-${turn}`, { 'if-match': `"${headHash}"` });
        if (status === 201) winners.set(headHash, (winners.get(headHash) ?? 0) + 1);
        else codes.add(`${status} ${body.code}`);
      }
    });
    expect(winners.size).toBeGreaterThan(0);
    expect(new Set(winners.values())).toEqual(new Set([1]));
    expect([...codes]).toEqual(['409 HEAD_MOVED']);
    expect((await call('/api/chain')).body.height).toBe(21 + winners.size);
  });

  it('append nothing more once the answer to a freeze is out', async () => {
    await open();
    let done = false;
    const writers = times(20, async (i) => {
      while (!done) await append(i);
    });
    await expect.poll(async () => (await call('/api/chain')).body.height).toBeGreaterThan(40);
    expect((await post('/api/admin/freeze', { reason: 'a drill' })).status).toBe(200);
    const { height } = (await call('/api/chain')).body;
    expect(new Set((await times(20, append)).map(({ status }) => status))).toEqual(new Set([423]));
    expect((await call('/api/chain')).body.height).toBe(height);
    done = true;
    await writers;
  });

  it('see no finding in a chain that grows, at any level, with the settings changing and the cache being cleared', async () => {
    const dir = await newChain(100);
    await open({ dir, toml: 'integrity.performance.batch_size = 20' });
    let done = false;
    const writers = times(3, async (i) => {
      while (!done) await append(i);
    });
    const meddler = (async () => {
      for (let i = 0; !done; i++) {
        const patch = {
          batch_size: 10 + (i % 30),
          max_cpu_percent: 60 + (i % 40),
          enable_caching: i % 3 > 0,
        };
        await call('/api/integrity/config', {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(patch),
        });
        await post('/api/integrity/clear-cache', {});
      }
    })();
    const statuses = new Set<string>();
    for (const level of ['Full', 'Standard', 'Comprehensive', 'Minimal']) {
      await times(3, async (i) => {
        const fresh = i === 0 ? '&fresh=true' : '';
        const { body } = await call(`/api/integrity/validate?level=${level}&wait=30${fresh}`);
        statuses.add(body.report.status);
      });
    }
    done = true;
    await Promise.all([writers, meddler]);
    expect([...statuses]).toEqual(['Healthy']);
    await node!.stop();
    node = undefined;
    expect((await validateChain(dir, { level: 'Full' })).status).toBe('Healthy');
  });
});

describe('more jobs than the queue takes', () => {
  it('are refused with a time to wait, and every accepted one ends', async () => {
    await open({
      dir: await newChain(100),
      toml: 'jobs.max_queue_depth = 30\njobs.max_queue_depth_per_client = 25',
    });
    const answers = await times(200, (i) =>
      post('/api/jobs', { level: 'Minimal', fresh: true, from: i % 90, timeLimitMs: 30_000 + i }),
    );
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, headers } of refused) {
      expect([429, 503]).toContain(status);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const accepted = answers.flatMap(({ status, body }) => (status === 202 ? [body.jobId as string] : []));
    for (const jobId of accepted) {
      expect(await endOf(jobId)).toMatchObject({ state: 'completed', status: 'Healthy' });
    }
  });
});

describe('clients that leave at once', () => {
  it('leave nothing open behind, and keep the node from nothing, ending among it', async () => {
    await open({ dir: await newChain(200), toml: 'integrity.resource_limits.max_cpu_percent = 10' });
    const { body } = await post('/api/jobs', { level: 'Full', fresh: true });
    const openFiles = () => readdirSync(`/proc/${node!.pid}/fd`).length;
    const before = openFiles();
    for (let round = 0; round < 4; round++) {
      await times(100, async () =>
        (await send(get('/api/integrity/validate?level=Full&fresh=1&wait=300'))).destroy(),
      );
      await times(50, async () => (await send(get(`/api/jobs/${body.jobId}/events`))).resetAndDestroy());
    }
    expect((await call('/health/live')).status).toBe(200);
    await expect.poll(openFiles, { timeout: 10_000 }).toBeLessThanOrEqual(before + 3);
    await call(`/api/jobs/${body.jobId}`, { method: 'DELETE' });
    // A timer that one of them left behind would keep the process for 300 seconds.
    expect(await node!.stop()).toBe(0);
    node = undefined;
  });

  it('or never send the end of their head are answered 408 in about the time that is set', async () => {
    await open({ toml: 'network.api.headers_timeout_seconds = 1' });
    const socket = await send('GET /api/chain HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).toContain(' 408 ');
  });
});
