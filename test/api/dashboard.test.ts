import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDashboard } from '../../src/api/index.js';
import { temporaryFolder } from '../support/chains.js';
import { TestNode, TOKENS, testAuth } from './node.js';

const folder = temporaryFolder();
const HTML = `<!doctype html><title>Dashboard</title><script src="/assets/main-1a2b3c4d.js"></script>${' '.repeat(500)}`;
const SCRIPT = 'console.log("a script that compresses well");\n'.repeat(200);
const ICON = '<svg xmlns="http://www.w3.org/2000/svg"/>';
const FONT = Buffer.from('wOF2 a font is compressed already');

let node: TestNode;
beforeAll(async () => {
  mkdirSync(join(folder.path, 'assets'));
  writeFileSync(join(folder.path, 'index.html'), HTML);
  writeFileSync(join(folder.path, 'favicon.svg'), ICON);
  writeFileSync(join(folder.path, 'notes.map'), '{}');
  writeFileSync(join(folder.path, 'assets', 'main-1a2b3c4d.js'), SCRIPT);
  writeFileSync(join(folder.path, 'assets', 'text-9f8e7d6c.woff2'), FONT);
  symlinkSync('/etc/hostname', join(folder.path, 'assets', 'link.js'));
  node = await TestNode.start({ auth: testAuth, dashboard: await loadDashboard(folder.path) });
});
afterAll(async () => {
  await node.close();
  folder.remove();
});

describe('GET /', () => {
  it('gives the page to everybody, to be asked for again each time, under a strict policy', async () => {
    const { status, text, headers } = await node.call('GET', '/');
    expect([status, text]).toEqual([200, HTML]);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['cache-control']).toBe('no-cache');
    expect(headers.vary).toBe('Accept-Encoding');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });

  it('says 304 to who has the page, and 200 to who has it in another encoding', async () => {
    const { headers } = await node.call('GET', '/');
    const tag = headers.etag as string;
    const known = await node.call('GET', '/', { headers: { 'If-None-Match': tag } });
    expect([known.status, known.text, known.headers.etag]).toEqual([304, '', tag]);
    const other = await node.call('GET', '/', {
      headers: { 'If-None-Match': tag, 'Accept-Encoding': 'br' },
    });
    expect([other.status, other.headers['content-encoding']]).toEqual([200, 'br']);
    expect(other.headers.etag).not.toBe(tag);
  });

  it('answers HEAD as GET, without a body', async () => {
    const { status, text, headers } = await node.call('HEAD', '/');
    expect([status, text, headers['content-length']]).toEqual([200, '', String(HTML.length)]);
  });

  it('takes no token, not even a wrong one, into account', async () => {
    for (const token of [TOKENS.viewer!, 'made-up']) {
      expect((await node.call('GET', '/', { token })).status).toBe(200);
    }
  });
});

describe('GET /assets/:file', () => {
  const PATH = '/assets/main-1a2b3c4d.js';

  it('gives a file for ever', async () => {
    const { status, text, headers } = await node.call('GET', PATH);
    expect([status, text]).toEqual([200, SCRIPT]);
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(headers['content-encoding']).toBeUndefined();
  });

  it.each([
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['GZIP;q=0.5', 'gzip'],
    ['*', 'br'],
    ['*;q=0.1, br;q=0', 'gzip'],
    ['br;q=0, gzip;q=0.0', undefined],
    ['br;q=x', undefined],
    ['identity', undefined],
    ['zstd', undefined],
    ['', undefined],
    [`${','.repeat(5000)}q=;;=`, undefined],
  ])('sends to who takes "%s" the encoding %s', async (field, encoding) => {
    const { status, bytes, headers } = await node.call('GET', PATH, {
      headers: { 'Accept-Encoding': field },
    });
    expect([status, headers['content-encoding'], headers.vary]).toEqual([200, encoding, 'Accept-Encoding']);
    const open = { br: brotliDecompressSync, gzip: gunzipSync }[encoding ?? ''] ?? ((body: Buffer) => body);
    expect(open(bytes).toString()).toBe(SCRIPT);
    expect(headers['content-length']).toBe(String(bytes.length));
  });

  it('sends what is compressed already as it is', async () => {
    const { bytes, headers } = await node.call('GET', '/assets/text-9f8e7d6c.woff2', {
      headers: { 'Accept-Encoding': 'br, gzip' },
    });
    expect([headers['content-encoding'], headers['content-type']]).toEqual([undefined, 'font/woff2']);
    expect(bytes.equals(FONT)).toBe(true);
  });

  it.each([
    '/assets/other.js',
    '/assets/link.js',
    '/assets/..%2findex.html',
    '/assets/%2e%2e%2findex.html',
    '/assets/%2e%2e',
    '/assets/..%5cindex.html',
    '/assets/main-1a2b3c4d.js%00',
    '/assets/%00',
    '/assets/constructor',
    '/assets/__proto__',
    '/assets/MAIN-1A2B3C4D.JS',
    '/assets/index.html',
    '/assets/a/b.js',
    '/assets/../notes.map',
    '/assets/..;/index.html',
    '//assets/main-1a2b3c4d.js',
    '/notes.map',
    '/index.html',
    `/assets/${'a'.repeat(8000)}`,
  ])('has no %s', async (path) => {
    const { status, json } = await node.call('GET', path);
    expect([status, json.code]).toEqual([404, 'NOT_FOUND']);
  });

  it('refuses a path that is no percent-encoding', async () => {
    const { status, json } = await node.call('GET', '/assets/%e0%a4%a');
    expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
  });
});

it('GET /favicon.svg gives the icon', async () => {
  const { status, text, headers } = await node.call('GET', '/favicon.svg');
  expect([status, text, headers['content-type']]).toEqual([200, ICON, 'image/svg+xml; charset=utf-8']);
  expect(headers['cache-control']).toBe('no-cache');
});

describe('a node whose dashboard was not built', () => {
  it('says so under /, and where its interface is described', async () => {
    expect(await loadDashboard(join(folder.path, 'nothing'))).toBeUndefined();
    const bare = await TestNode.start();
    const { status, text, headers } = await bare.call('GET', '/');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).toContain('not built');
    expect(text).toContain('href="/docs"');
    for (const path of ['/assets/main-1a2b3c4d.js', '/favicon.svg']) {
      expect((await bare.call('GET', path)).json.code).toBe('NOT_FOUND');
    }
    await bare.close();
  });
});

describe('GET /api/auth/session', () => {
  const ask = (options = {}) => node.call('GET', '/api/auth/session', options);
  const about = { mode: 'embedded', queues: false, nodeId: 'node-1', version: '0.1.0' };

  it.each(['viewer', 'operator', 'admin'])('names a %s by the token', async (role) => {
    const { status, json } = await ask({ token: TOKENS[role] });
    expect(status).toBe(200);
    expect(json).toEqual({ authentication: true, user: `${role}@example.org`, role, ...about });
  });

  it.each([{}, { token: 'made-up' }, { headers: { Authorization: 'Basic eDp5' } }])(
    'names nobody to %j',
    async (options) => {
      expect((await ask(options)).json).toEqual({ authentication: true, user: null, role: null, ...about });
    },
  );

  it('says that everybody may do everything where nobody is asked', async () => {
    const open = await TestNode.start();
    const { json } = await open.call('GET', '/api/auth/session', { token: 'made-up' });
    expect(json).toEqual({ authentication: false, user: null, role: 'admin', ...about });
    await open.close();
  });
});
