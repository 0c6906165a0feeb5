import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';
import { startNode, type TestNode } from '../support/node.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';

const SECRET = 'kX2f9QmZ7-LrT4vBn8-WdY6sHj3-PcE5uGa1';
const PASSWORDS = { vera: 'blue kettle 5 under rain', otto: 'nine 9 small wooden boats' };
const ROLES = { vera: 'viewer', otto: 'operator' } as const;
type Name = keyof typeof PASSWORDS;

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);

describe.skipIf(!redisInstalled())('the queues of a fleet', () => {
  let redis: RedisServer;
  let node: TestNode;
  const cookies: Partial<Record<Name, string>> = {};
  const tokens: Partial<Record<Name, string>> = {};

  beforeAll(async () => {
    await smallChain(at('chain'), 1000, 24);
    for (const name of Object.keys(PASSWORDS) as Name[]) {
      const args = ['user', 'add', name, '--role', ROLES[name], '--users-file', at('users.json')];
      expect((await provchain(args, { input: `${PASSWORDS[name]}\n` })).status).toBe(0);
    }
    redis = await startRedis();
    node = await startNode({
      dir: at('chain'),
      env: { JWT_SECRET_KEY: SECRET },
      toml: `
redis.url = "${redis.url}"
security.authentication.enabled = true
security.authentication.users_file = "${at('users.json')}"
security.audit.audit_log_file = "${at('audit.log')}"
security.rate_limit.enabled = false
blockchain.validation.validate_on_startup = false
integrity.performance.batch_size = 50
integrity.performance.enable_incremental_validation = false
integrity.resource_limits.max_cpu_percent = 10
jobs.worker_threads = 1
`,
    });
    for (const name of Object.keys(PASSWORDS) as Name[]) {
      const answer = await node.fetch('/api/auth/login', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ username: name, password: PASSWORDS[name] }),
      });
      tokens[name] = ((await answer.json()) as { accessToken: string }).accessToken;
      cookies[name] = answer.headers.getSetCookie()[0]?.split(';')[0];
    }
  });
  afterAll(async () => {
    await node?.stop();
    await redis?.stop();
    folder.remove();
  });

  const look = (path: string, method = 'GET') =>
    node.fetch(path, { method, headers: { Cookie: cookies.otto!, 'Sec-Fetch-Site': 'same-origin' } });
  const submit = async () => {
    const answer = await node.fetch('/api/jobs', {
      method: 'POST',
      headers: { Authorization: `Bearer ${tokens.otto}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ level: 'Full', fresh: true }),
    });
    return ((await answer.json()) as { jobId: string }).jobId;
  };

  it('are told of by the session', async () => {
    const answer = await node.fetch('/api/auth/session', {
      headers: { Authorization: `Bearer ${tokens.otto}` },
    });
    expect(await answer.json()).toMatchObject({
      user: 'otto',
      role: 'operator',
      mode: 'fleet',
      queues: true,
    });
  });

  it('are a page of this node alone: it names no other server, and all its files are here', async () => {
    const page = await look('/queues');
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).not.toMatch(/https?:|style=|<style/);
    const files = [...html.matchAll(/(?:src|href)="(static[^"]*)"/g)].map(([, name]) => name!);
    expect(files.length).toBeGreaterThan(4);
    for (const name of [...files, 'static/locales/en-US/messages.json']) {
      const { status, headers } = await look(`/queues/${name}`);
      expect([name, status, headers.get('x-content-type-options')]).toEqual([name, 200, 'nosniff']);
    }
    expect(await (await look('/queues/queue/x/y')).text()).toBe(html);
  });

  it('show what waits and what is worked on, without what jobs hold', async () => {
    const jobId = await submit();
    const { replicaId } = node.chain;
    const find = async () => {
      const answer = await look(`/queues/api/queues?activeQueue=jobs-${replicaId}&jobsPerPage=1000000`);
      const { queues } = (await answer.json()) as {
        queues: { name: string; readOnlyMode: boolean; jobs: { id: string }[] }[];
      };
      expect(queues.map(({ name }) => name)).toEqual([
        `jobs-${replicaId}`,
        `shards-${replicaId}`,
        `rounds-${replicaId}`,
      ]);
      expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
      return queues[0]!.jobs.find(({ id }) => id === jobId);
    };
    await expect.poll(find, { timeout: 10_000 }).toMatchObject({
      id: jobId,
      data: expect.stringMatching(/^\d+ characters, sealed$/),
    });
    const one = await (await look(`/queues/api/queues/jobs-${replicaId}/${jobId}`)).text();
    expect(one).toContain('characters, sealed');
    expect(one).not.toMatch(/otto|chainId/);
    const stats = await look('/queues/api/redis/stats');
    expect(stats.status).toBe(200);
    expect(await stats.text()).not.toContain(SECRET);
    await node.fetch(`/api/jobs/${jobId}`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${tokens.otto}` },
    });
  });

  it('cannot be changed by it', async () => {
    for (const path of [
      'pause',
      'resume',
      `jobs-${node.chain.replicaId}/empty`,
      `jobs-${node.chain.replicaId}/obliterate`,
    ]) {
      expect((await look(`/queues/api/queues/${path}`, 'PUT')).status, path).toBe(405);
    }
    expect((await look(`/queues/api/queues/jobs-${node.chain.replicaId}/add`, 'POST')).status).toBe(405);
  });

  it.each([
    ['/queues/static/..%2f..%2fpackage.json', 404],
    ['/queues/static/%2e%2e/index.ejs', 404],
    ['/queues/static/js/main.js%00', 404],
    ['/queues/static', 404],
    ['/queues/static/constructor', 404],
    ['/queues/index.ejs', 404],
    ['/queues/api', 404],
    ['/queues/api/queues/none/1', 404],
    ['/queues/api/queues?page=-1', 400],
    ['/queues/api/queues?jobsPerPage=x', 400],
    ['/queues/%e0%a4%a', 400],
  ])('answer %s with %i', async (path, status) => {
    expect((await look(path)).status).toBe(status);
  });

  it('are not for viewers, nor for who has logged out', async () => {
    expect(cookies.vera).toBeUndefined();
    const asViewer = await node.fetch('/queues', { headers: { Cookie: `provchain-queues=${tokens.vera}` } });
    expect(asViewer.status).toBe(403);
    expect((await node.fetch('/queues')).status).toBe(401);
    const out = await node.fetch('/api/auth/logout', {
      method: 'POST',
      headers: { Authorization: `Bearer ${tokens.otto}` },
    });
    expect(out.headers.getSetCookie()[0]).toMatch(/^provchain-queues=; Max-Age=0;/);
    expect((await look('/queues')).status).toBe(401);
  });
});
