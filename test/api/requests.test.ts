import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiRoutes } from '../../src/api/index.js';
import { TestNode, TOKENS, testAuth } from './node.js';

let node: TestNode;

beforeEach(async () => {
  node = await TestNode.start();
});
afterEach(() => node.close());

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Everything that a server says to these bytes until it closes the connection. */
async function converse(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  await once(socket, 'close');
  return answer;
}

describe('the id of a request', () => {
  it("is the client's own when it is harmless, and made otherwise", async () => {
    const own = await node.call('GET', '/health', { headers: { 'X-Request-Id': 'lb-7f.3_a-12345' } });
    expect(own.headers['x-request-id']).toBe('lb-7f.3_a-12345');
    for (const given of ['short', 'x'.repeat(65), '<script>alert(1)</script>', 'a b c d e f g h']) {
      const { headers } = await node.call('GET', '/health', { headers: { 'X-Request-Id': given } });
      expect(headers['x-request-id'], given).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  it('differs from request to request', async () => {
    const ids = await Promise.all(Array.from({ length: 300 }, () => node.send('GET', '/health/live')));
    expect(new Set(ids.map(({ headers }) => headers['x-request-id'])).size).toBe(300);
  });
});

describe('paths and methods', () => {
  it('answer 404 with a problem where there is no route', async () => {
    for (const path of [
      '/nothing',
      '/index.html',
      '/assets',
      '/api',
      '/api/jobs/a/b',
      '/API/jobs',
      '/api//jobs',
      '/health/x',
      '/docs/../x',
    ]) {
      const { status, json } = await node.call('GET', path);
      expect([status, json.code], path).toEqual([404, 'NOT_FOUND']);
    }
  });

  it('answer 405 with Allow for every method that a path does not take', async () => {
    for (const { path } of apiRoutes()) {
      const concrete = path.replace(/:\w+/g, '0');
      const methods = apiRoutes()
        .filter((route) => route.path === path)
        .map(({ method }) => method as string);
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
        if (methods.includes(method)) continue;
        const { status, json, headers } = await node.send(method, concrete);
        expect([status, json.code], `${method} ${path}`).toEqual([405, 'METHOD_NOT_ALLOWED']);
        expect(headers.allow!.split(', ')).toEqual(expect.arrayContaining([...methods, 'OPTIONS']));
      }
    }
  });

  it('answer OPTIONS with Allow', async () => {
    const { status, headers } = await node.send('OPTIONS', '/api/integrity/config');
    expect([status, headers.allow]).toEqual([204, 'GET, HEAD, OPTIONS, PUT']);
  });

  it('may end with a slash', async () => {
    expect((await node.call('GET', '/health/')).status).toBe(200);
    expect((await node.call('GET', '/api/blocks/')).status).toBe(200);
  });

  it('are counted as they are declared', async () => {
    await node.call('GET', '/api/jobs/x');
    await node.call('GET', '/nothing');
    await node.call('HEAD', '/health');
    while (node.observed.length < 3) await sleep(2);
    expect(node.observed).toEqual([
      ['/api/jobs/:id', 'GET', 404],
      ['unmatched', 'GET', 404],
      ['/health', 'HEAD', 200],
    ]);
  });
});

describe('bodies', () => {
  const post = (body: string | Buffer, headers: Record<string, string>) =>
    node.call('POST', '/api/jobs', { body, headers });

  it.each([
    ['text/plain', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['application/x-www-form-urlencoded', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['application/json; charset=utf-16', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['application/jsonx', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('of type %s are refused with %s', async (type, status, code) => {
    const answer = await post('{}', { 'Content-Type': type });
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  it('of no type are refused', async () => {
    expect((await post('{}', {})).json.code).toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  it('in UTF-8 are taken, however that is spelled', async () => {
    for (const type of [
      'application/json',
      'Application/JSON;charset="UTF-8"',
      'application/json; charset=utf8',
    ]) {
      expect((await post('{}', { 'Content-Type': type })).status, type).toBe(202);
    }
  });

  it('that are compressed are refused, and never unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(10 << 20));
    const { status, json, headers } = await post(bomb, { ...JSON_TYPE, 'Content-Encoding': 'gzip' });
    expect([status, json.code, headers['accept-encoding']]).toEqual([
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      'identity',
    ]);
  });

  it.each([
    ['{"level":"Full","level":"Minimal"}', 'stands twice'],
    ['{"__proto__":{"fresh":true}}', 'not allowed'],
    [`{"checks":${'['.repeat(40_000)}`, 'nest 32 deep'],
    ['{"level":', 'expected a value'],
    ['', 'is empty'],
    [' ', 'is empty'],
  ])('that are no strict JSON are refused: %.30s', async (body, what) => {
    const { status, json } = await node.call('POST', '/api/jobs', {
      body,
      headers: body === '' ? { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' } : JSON_TYPE,
    });
    expect([status, json.code]).toEqual([400, 'JSON_INVALID']);
    expect(json.detail).toContain(what);
  });

  it('that are not UTF-8 are refused', async () => {
    const { json } = await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), JSON_TYPE);
    expect(json.code).toBe('JSON_INVALID');
  });

  it('of JSON are bounded below the limit of documents', async () => {
    const { status, json } = await post(`{"profile":"${'x'.repeat(300_000)}"}`, JSON_TYPE);
    expect([status, json.code]).toEqual([413, 'REQUEST_TOO_LARGE']);
  });

  it('that come too slowly end with 408 and a closed connection', async () => {
    const hasty = await TestNode.start({ options: { requestTimeoutMs: 100 } });
    const head = 'POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const answer = await converse(hasty.port, `${head}Content-Length: 100\r\n\r\n{"level"`);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toMatch(/\r\nConnection: close\r\n/);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
    expect(hasty.jobs.submitted).toEqual([]);
    await hasty.close();
  });

  it('that go on after a refusal are cut off', async () => {
    const head = 'POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n';
    const answer = await converse(node.port, `${head}Content-Length: 1000000\r\n\r\nx`);
    expect(answer).toMatch(/^HTTP\/1\.1 415 /);
  });
});

describe('time', () => {
  it('runs out with 408 for an answer that does not come', async () => {
    const hasty = await TestNode.start({ options: { requestTimeoutMs: 50 } });
    hasty.chain.gate = new Promise(() => {});
    const { status, json } = await hasty.call('POST', '/api/blocks', {
      body: '<a:s> <a:p> <a:o> .',
      headers: { 'Content-Type': 'application/n-quads' },
    });
    expect([status, json.code]).toEqual([408, 'REQUEST_TIMEOUT']);
    await hasty.close();
  });

  it('that was asked for to wait comes on top', async () => {
    const hasty = await TestNode.start({ options: { requestTimeoutMs: 100 } });
    const { status, json } = await hasty.call('POST', '/api/jobs?wait=1');
    expect([status, json.state]).toEqual([202, 'queued']);
    await hasty.close();
  });
});

describe('a node that stops', () => {
  it('takes nothing new and ends what waits', async () => {
    const waiting = node.call('POST', '/api/jobs?wait=60');
    while (node.jobs.listeners.get('job-001') === undefined) await sleep(2);
    node.stopping.abort();
    expect((await waiting).status).toBe(202);
    const { status, json, headers } = await node.call('GET', '/api/chain');
    expect([status, json.code, headers['retry-after'], headers.connection]).toEqual([
      503,
      'SHUTTING_DOWN',
      '5',
      'close',
    ]);
  });
});

describe('the rate limit', () => {
  it('answers 429 with Retry-After, counts by address, and leaves the health routes alone', async () => {
    const keys: string[] = [];
    const limited = await TestNode.start({
      rateLimit: {
        consume: (key) => {
          keys.push(key);
          return { allowed: keys.length < 2, retryAfterSeconds: 7.2 };
        },
      },
    });
    expect((await limited.call('GET', '/api/chain')).status).toBe(200);
    const refused = await limited.call('GET', '/api/chain');
    expect([refused.status, refused.json.code, refused.headers['retry-after']]).toEqual([
      429,
      'RATE_LIMITED',
      '8',
    ]);
    expect((await limited.call('GET', '/nothing')).status).toBe(429);
    expect((await limited.call('GET', '/health/live')).status).toBe(200);
    expect(keys).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
    await limited.close();
  });

  it.each([
    [0, '127.0.0.1'],
    [1, '9.9.9.9'],
    [2, '2001:db8:0:1::/64'],
  ])('believes %i proxies and counts %s', async (trustProxyHops, expected) => {
    const keys: string[] = [];
    const limited = await TestNode.start({
      options: { trustProxyHops },
      rateLimit: {
        consume: (key) => {
          keys.push(key);
          return { allowed: true };
        },
      },
    });
    await limited.call('GET', '/api/chain', {
      headers: { 'X-Forwarded-For': '1.1.1.1, 2001:db8:0:1::7, 9.9.9.9' },
    });
    expect(keys).toEqual([expected]);
    await limited.close();
  });
});

describe('pages of other origins', () => {
  it('cannot change anything on a node without authentication', async () => {
    const { status, json } = await node.call('POST', '/api/integrity/clear-cache', {
      headers: { Origin: 'https://evil.example' },
    });
    expect([status, json.code]).toEqual([403, 'FORBIDDEN']);
    expect(node.cleared).toEqual([]);
    const sandboxed = await node.call('POST', '/api/integrity/clear-cache', { headers: { Origin: 'null' } });
    expect(sandboxed.status).toBe(403);
    const own = await node.call('POST', '/api/integrity/clear-cache', {
      headers: { Host: 'localhost:8080', Origin: 'http://localhost:8080' },
    });
    expect(own.status).toBe(200);
  });

  it('cannot read it under a name of their own', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:8080']) {
      const { status } = await node.call('GET', '/api/chain', { headers: { Host: host } });
      expect(status, host).toBe(403);
    }
    for (const host of ['localhost', '127.0.0.1:8080', '[::1]:8080']) {
      expect((await node.call('GET', '/api/chain', { headers: { Host: host } })).status, host).toBe(200);
    }
  });

  it('get what CORS allows them, and no other', async () => {
    const shared = await TestNode.start({
      auth: testAuth,
      options: { corsOrigins: ['https://ui.example.org'] },
    });
    const preflight = await shared.send('OPTIONS', '/api/chain', {
      headers: { Origin: 'https://ui.example.org', 'Access-Control-Request-Method': 'PUT' },
    });
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([
      204,
      'https://ui.example.org',
    ]);
    expect(preflight.headers['access-control-allow-credentials']).toBeUndefined();
    const foreign = await shared.call('GET', '/api/chain', {
      token: TOKENS.viewer,
      headers: { Origin: 'https://evil.example' },
    });
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
    const allowed = await shared.call('GET', '/api/chain', {
      token: TOKENS.viewer,
      headers: { Origin: 'https://ui.example.org' },
    });
    expect(allowed.headers['access-control-allow-origin']).toBe('https://ui.example.org');
    await shared.close();
    expect((await node.call('GET', '/health')).headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('security headers', () => {
  it('are there, and HSTS only behind TLS', async () => {
    const { headers } = await node.call('GET', '/api/chain');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['strict-transport-security']).toBeUndefined();
    const secure = await TestNode.start({ options: { tls: true } });
    const answer = await secure.call('GET', '/api/chain');
    expect(answer.headers['strict-transport-security']).toContain('max-age=31536000');
    await secure.close();
  });
});
