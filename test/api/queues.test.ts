import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiQueueBoard } from '../../src/api/index.js';
import { TestNode, TOKENS, testAuth } from './node.js';

const asked: (readonly [readonly string[], object])[] = [];
const queues: ApiQueueBoard = {
  async get(path, query) {
    asked.push([path, query]);
    return {
      status: 200,
      type: 'text/html; charset=utf-8',
      raw: '<p>board</p>',
      immutable: path[0] === 'x.js',
    };
  },
};
const cookie = (token: string) => ({ Cookie: `other=1; provchain-queues=${token}; more=2` });

let node: TestNode;
beforeAll(async () => {
  const auth: typeof testAuth = {
    ...testAuth,
    login: async (name) => ({
      accessToken: `token-of-${name}`,
      refreshToken: 'r',
      expiresIn: 59.9,
      user: { name, role: name === 'vera' ? 'viewer' : 'operator' },
    }),
    refresh: async () => ({ accessToken: 'next', expiresIn: 60, user: { name: 'otto', role: 'operator' } }),
  };
  node = await TestNode.start({ auth, queues });
});
afterAll(() => node.close());

const login = (username: string, at = node) =>
  at.call('POST', '/api/auth/login', { body: { username, password: 'right' } });

describe('the cookie of the queues', () => {
  it('comes with a login and a refresh of who may see them, for no longer than the token', async () => {
    expect((await login('otto')).headers['set-cookie']).toEqual([
      'provchain-queues=token-of-otto; Max-Age=59; Path=/queues; HttpOnly; SameSite=Strict',
    ]);
    expect((await login('vera')).headers['set-cookie']).toBeUndefined();
    const refreshed = await node.call('POST', '/api/auth/refresh', { body: { refreshToken: 'r' } });
    expect(refreshed.headers['set-cookie']![0]).toMatch(/^provchain-queues=next; Max-Age=60; /);
  });

  it('is taken away by logging out', async () => {
    const { status, headers } = await node.call('POST', '/api/auth/logout', { token: TOKENS.operator });
    expect([status, headers['set-cookie']]).toEqual([
      204,
      ['provchain-queues=; Max-Age=0; Path=/queues; HttpOnly; SameSite=Strict'],
    ]);
  });

  it('is for encrypted connections only where there are any, and not given where there are no queues', async () => {
    for (const options of [{ tls: true }, { publicUrl: 'https://prov.example.org' }]) {
      const secure = await TestNode.start({ auth: node.dependencies.auth, queues, options });
      expect((await login('otto', secure)).headers['set-cookie']![0]).toMatch(/; Secure$/);
      await secure.close();
    }
    const alone = await TestNode.start({ auth: node.dependencies.auth });
    expect((await login('otto', alone)).headers['set-cookie']).toBeUndefined();
    await alone.close();
  });

  it('opens the page of the queues to operators', async () => {
    for (const [role, status] of [
      ['viewer', 403],
      ['operator', 200],
      ['admin', 200],
    ] as const) {
      for (const path of ['/queues', '/queues/', '/queues/queue/jobs-1']) {
        const answer = await node.call('GET', path, { headers: cookie(TOKENS[role]!) });
        expect(answer.status, `${role} ${path}`).toBe(status);
      }
    }
    expect((await node.call('HEAD', '/queues', { headers: cookie(TOKENS.operator!) })).status).toBe(200);
    expect((await node.call('GET', '/queues', { headers: cookie('made-up') })).status).toBe(401);
    expect((await node.call('GET', '/queues', { headers: cookie('') })).status).toBe(401);
    expect((await node.call('GET', '/queues')).status).toBe(401);
  });

  it('opens nothing else, changes nothing, and does not count beside an Authorization field', async () => {
    for (const [method, path] of [
      ['GET', '/api/chain'],
      ['GET', '/api/auth/session'],
      ['POST', '/api/integrity/clear-cache'],
    ] as const) {
      const { status, json } = await node.call(method, path, { headers: cookie(TOKENS.admin!) });
      expect([status, json.code ?? json.user], path).toEqual(
        path === '/api/auth/session' ? [200, null] : [401, 'UNAUTHENTICATED'],
      );
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const { status } = await node.send(method, '/queues/api/queues/pause', {
        headers: cookie(TOKENS.admin!),
      });
      expect(status, method).toBe(405);
    }
    const { status } = await node.call('GET', '/queues', {
      headers: cookie(TOKENS.admin!),
      token: 'made-up',
    });
    expect(status).toBe(401);
  });
});

describe('GET /queues', () => {
  it('is a page under a strict policy, which nothing keeps', async () => {
    const { text, headers } = await node.call('GET', '/queues', { token: TOKENS.operator });
    expect(text).toBe('<p>board</p>');
    expect(headers['cache-control']).toBe('no-store');
    const policy = headers['content-security-policy'] as string;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    const file = await node.call('GET', '/queues/x.js', { token: TOKENS.operator });
    expect(file.headers['cache-control']).toBe('private, max-age=31536000, immutable');
  });

  it('passes on the decoded path and the query, and refuses a parameter that comes twice or is long', async () => {
    asked.length = 0;
    await node.call('GET', '/queues/a/b%20c/d?page=2&x=y', { token: TOKENS.operator });
    expect(asked).toEqual([[['a', 'b c', 'd'], { page: '2', x: 'y' }]]);
    for (const query of ['a=1&a=2', `a=${'x'.repeat(513)}`]) {
      expect((await node.call('GET', `/queues?${query}`, { token: TOKENS.operator })).status).toBe(400);
    }
  });

  it('says on a node that is alone that there are no queues', async () => {
    const alone = await TestNode.start({ auth: testAuth });
    const { status, json } = await alone.call('GET', '/queues', { token: TOKENS.operator });
    expect([status, json.code]).toEqual([404, 'NOT_FOUND']);
    expect(json.detail).toContain('redis.url');
    await alone.close();
  });

  it('is open where nobody is asked, but not from a page of another site', async () => {
    const open = await TestNode.start({ queues });
    expect((await open.call('GET', '/queues')).status).toBe(200);
    const site = { 'Sec-Fetch-Site': 'cross-site' };
    expect((await open.call('GET', '/queues', { headers: site })).status).toBe(403);
    await open.close();
  });
});
