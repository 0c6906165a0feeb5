import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiRoutes, type Route } from '../../src/api/index.js';
import { ROLES, roleAllows } from '../../src/auth/index.js';
import { TestNode, TOKENS, testAuth } from './node.js';

let node: TestNode;

beforeEach(async () => {
  node = await TestNode.start({ auth: testAuth });
});
afterEach(() => node.close());

/** A path that the route answers, whatever it says then. */
const pathOf = ({ path }: Route): string =>
  path
    .replace(':index', '0')
    .replace(':file', 'start.js')
    .replace(/search$/, 'search?q=1')
    .replace(':id', 'x')
    .replace(/validate$/, 'validate?wait=0');

const routes = apiRoutes();
const guarded = routes.filter(({ role }) => role !== 'public');

describe('every route', () => {
  it('is public only if it is meant to be', () => {
    const open = routes
      .filter(({ role }) => role === 'public')
      .map(({ method, path }) => `${method} ${path}`);
    expect(open.sort()).toEqual([
      'GET /',
      'GET /api/auth/session',
      'GET /assets/:file',
      'GET /docs',
      'GET /docs/:file',
      'GET /favicon.svg',
      'GET /health',
      'GET /health/live',
      'GET /health/ready',
      'GET /openapi.json',
      'POST /api/auth/login',
      'POST /api/auth/refresh',
    ]);
  });

  it('that changes something needs more than a viewer, beside logging out', () => {
    const changing = guarded.filter(({ method }) => method !== 'GET');
    expect(changing.filter(({ role }) => role === 'viewer').map(({ id }) => id)).toEqual(['logout']);
  });

  it('that changes something is audited, beside those whose jobs leave a record of their own', () => {
    const silent = guarded.filter(({ method, audit }) => method !== 'GET' && audit === undefined);
    expect(silent.map(({ id }) => id)).toEqual(['validateWith', 'submitJob']);
  });

  it.each(guarded.map((route) => [route.method, route.path, route] as const))(
    '%s %s lets nobody in without a token of its role',
    async (method, _path, route) => {
      const anonymous = await node.call(method, pathOf(route));
      expect([anonymous.status, anonymous.json.code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(anonymous.headers['www-authenticate']).toBe('Bearer');
      const stranger = await node.call(method, pathOf(route), { token: 'made-up' });
      expect([stranger.status, stranger.json.code]).toEqual([401, 'UNAUTHENTICATED']);
      for (const role of ROLES) {
        const { status, json } = await node.call(method, pathOf(route), { token: TOKENS[role] });
        const allowed = roleAllows(role, route.role as never);
        if (allowed) expect([401, 403], `${role} may`).not.toContain(status);
        else expect([status, json.code], `${role} may not`).toEqual([403, 'FORBIDDEN']);
      }
    },
  );

  it('refuses before it reads a body', async () => {
    const body = '{'.repeat(1000);
    const headers = { 'Content-Type': 'application/json' };
    const { status } = await node.call('PUT', '/api/integrity/config', {
      body,
      headers,
      token: TOKENS.operator,
    });
    expect(status).toBe(403);
  });
});

describe('/api/auth', () => {
  const login = (password: string) =>
    node.call('POST', '/api/auth/login', { body: { username: 'ann', password } });

  it('gives tokens for the right password', async () => {
    const { status, json, headers } = await login('right');
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(json).toEqual({
      accessToken: 'a',
      tokenType: 'Bearer',
      expiresIn: 60,
      refreshToken: 'r',
      user: { name: 'ann', role: 'viewer' },
    });
  });

  it('says the same for any wrong one, and how long a locked account stays so', async () => {
    const wrong = await login('wrong');
    expect([wrong.status, wrong.json.code]).toEqual([401, 'LOGIN_FAILED']);
    const locked = await login('locked');
    expect([locked.status, locked.json.code, locked.headers['retry-after']]).toEqual([
      429,
      'LOCKED_OUT',
      '90',
    ]);
  });

  it('exchanges a refresh token and forgets it at logout', async () => {
    const refreshed = await node.call('POST', '/api/auth/refresh', { body: { refreshToken: 'r' } });
    expect(refreshed.json).toMatchObject({ accessToken: 'b', refreshToken: null });
    const wrong = await node.call('POST', '/api/auth/refresh', { body: { refreshToken: 'x' } });
    expect(wrong.json.code).toBe('UNAUTHENTICATED');
    const out = await node.call('POST', '/api/auth/logout', { token: TOKENS.viewer });
    expect([out.status, out.text]).toEqual([204, '']);
  });

  it.each([
    {},
    { username: 'ann' },
    { username: '', password: 'x' },
    { username: 'ann', password: 'x'.repeat(1025) },
  ])('refuses %j', async (body) => {
    const { json } = await node.call('POST', '/api/auth/login', { body });
    expect(json.code).toBe('REQUEST_INVALID');
  });

  it('does not exist where authentication is off', async () => {
    const open = await TestNode.start();
    const answer = await open.call('POST', '/api/auth/login', { body: { username: 'ann', password: 'x' } });
    expect([answer.status, answer.json.code]).toEqual([404, 'NOT_FOUND']);
    await open.close();
  });
});

describe('the audit log', () => {
  it('has who did what from where, and what was refused', async () => {
    await node.call('POST', '/api/integrity/clear-cache', { token: TOKENS.operator });
    await node.call('POST', '/api/admin/freeze', { token: TOKENS.viewer, body: { reason: 'x' } });
    await node.call('GET', '/api/chain', { token: TOKENS.viewer });
    await node.call('GET', '/api/chain');
    await node.call('POST', '/api/auth/login', { body: { username: 'ann', password: 'wrong' } });
    expect(
      node.audited.map(({ action, outcome, user, status, code }) => [action, outcome, user, status, code]),
    ).toEqual([
      ['cache.clear', 'success', 'operator@example.org', 200, undefined],
      ['freeze', 'denied', 'viewer@example.org', 403, 'FORBIDDEN'],
      ['getChain', 'denied', undefined, 401, 'UNAUTHENTICATED'],
      ['auth.login', 'denied', undefined, 401, 'LOGIN_FAILED'],
    ]);
    expect(node.audited[0]).toMatchObject({
      ip: '127.0.0.1',
      method: 'POST',
      path: '/api/integrity/clear-cache',
    });
    expect(node.audited[3]!.details).toEqual({ username: 'ann' });
    expect(JSON.stringify(node.audited)).not.toContain('wrong');
  });

  it('has every request when it is asked to', async () => {
    const all = await TestNode.start({ auth: testAuth, options: { auditAll: true } });
    await all.call('GET', '/api/chain', { token: TOKENS.viewer });
    expect(all.audited).toMatchObject([
      { action: 'getChain', outcome: 'success', user: 'viewer@example.org' },
    ]);
    await all.close();
  });

  it('does not make what was done look undone when it cannot be written', async () => {
    const errors: string[] = [];
    const quiet = () => {};
    const broken = await TestNode.start({
      audit: () => {
        throw new Error('disk full');
      },
      log: { debug: quiet, info: quiet, warn: quiet, error: (message) => errors.push(message) },
    });
    expect((await broken.call('POST', '/api/integrity/clear-cache')).status).toBe(200);
    expect(errors).toEqual(['the audit log could not be written']);
    await broken.close();
  });
});
