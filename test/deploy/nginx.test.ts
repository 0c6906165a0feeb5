import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installed, runTool, TOOL_PATH } from '../support/debian.js';
import { freePort } from '../support/free-port.js';
import { projectRoot } from '../support/project.js';

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ family }) => family === 'IPv6'),
);

const tools = [installed('nginx'), installed('openssl')];

describe.skipIf(tools.includes(false))('deploy/nginx.conf', () => {
  const folder = mkdtempSync(join(tmpdir(), 'provchain-nginx-'));
  const main = join(folder, 'nginx.conf');
  let node: Server;
  let nginx: ChildProcess | undefined;
  let [plainPort, securePort] = [0, 0];

  beforeAll(async () => {
    node = createServer((incoming, response) => {
      incoming.resume();
      const { 'x-forwarded-for': forwarded, host } = incoming.headers;
      if (incoming.url?.endsWith('/events')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: first\n\n');
      } else {
        response.end(JSON.stringify({ forwarded, host, url: incoming.url }));
      }
    });
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    [plainPort, securePort] = [await freePort(), await freePort()];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
    expect(runTool('openssl', ['req', '-x509', ...key, ...files, '-subj', '/CN=localhost']).status).toBe(0);
    const site = readFileSync(join(projectRoot(), 'deploy/nginx.conf'), 'utf8')
      .replaceAll('/etc/ssl/certs/provchain.crt', join(folder, 'cert.pem'))
      .replaceAll('/etc/ssl/private/provchain.key', join(folder, 'key.pem'))
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${portOf(node)}`)
      .replaceAll(/listen \[::\]:(?:80|443)(?:.*)\n/g, (line) => (hasIpv6 ? line : ''))
      .replaceAll(/(listen (?:\[::\]:)?)80;/g, `$1${plainPort};`)
      .replaceAll(/(listen (?:\[::\]:)?)443 /g, `$1${securePort} `);
    writeFileSync(join(folder, 'site.conf'), site);
    // Started by root, nginx works as another user, who has to reach its temporary files.
    chmodSync(folder, 0o711);
    mkdirSync(join(folder, 'temp'));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${folder}/temp/${kind};`)
      .join(' ');
    writeFileSync(
      main,
      `daemon off; pid ${folder}/pid; error_log stderr; worker_processes 1; events {}
       http { access_log off; ${temporary} include ${folder}/site.conf; }`,
    );
    nginx = spawn('nginx', ['-p', folder, '-c', main], {
      env: { ...process.env, PATH: TOOL_PATH },
      stdio: 'ignore',
    });
    const deadline = Date.now() + 10_000;
    while ((await get('/').catch(() => undefined))?.status !== 200) {
      if (Date.now() > deadline || nginx.exitCode !== null) throw new Error('nginx did not start');
      await sleep(50);
    }
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => nginx?.once('exit', resolve));
    // The master ends its worker too; SIGKILL would leave it.
    nginx?.kill('SIGTERM');
    await Promise.race([ended, sleep(5000)]);
    node.closeAllConnections();
    node.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Over TLS to nginx; resolves with the status and what came until `until` was seen or the answer ended. */
  function get(path: string, options: { body?: Buffer; until?: string; maxVersion?: 'TLSv1.1' } = {}) {
    return new Promise<{ status: number; text: string; headers: Record<string, unknown> }>(
      (resolve, reject) => {
        const sent = request(
          {
            ...{ host: '127.0.0.1', port: securePort, path, rejectUnauthorized: false, agent: false },
            method: options.body ? 'POST' : 'GET',
            headers: { 'x-forwarded-for': '203.0.113.7' },
            ...(options.maxVersion ? { maxVersion: options.maxVersion, minVersion: 'TLSv1' as const } : {}),
          },
          (answer) => {
            let text = '';
            const end = () => {
              resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers });
              sent.destroy();
            };
            answer.on('data', (chunk) => {
              text += chunk;
              if (options.until !== undefined && text.includes(options.until)) end();
            });
            answer.on('end', end);
          },
        );
        sent.on('error', reject);
        sent.end(options.body);
      },
    );
  }

  it('is valid', () => {
    const { status, output } = runTool('nginx', ['-t', '-p', folder, '-c', main]);
    expect(output).toContain('test is successful');
    expect(output).not.toContain('[warn]');
    expect(status).toBe(0);
  });

  it('passes a request on with the address of the client, not the one it claims', async () => {
    const { text, headers } = await get('/api/chain?x=1');
    expect(JSON.parse(text)).toEqual({ forwarded: '127.0.0.1', host: '127.0.0.1', url: '/api/chain?x=1' });
    expect(headers['strict-transport-security']).toMatch(/^max-age=\d+/);
  });

  it('sends plain HTTP to TLS', async () => {
    const answer = await fetch(`http://127.0.0.1:${plainPort}/api/chain`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([308, 'https://127.0.0.1/api/chain']);
  });

  it('refuses TLS 1.1', async () => {
    await expect(get('/', { maxVersion: 'TLSv1.1' })).rejects.toThrow(/protocol|alert|version/i);
  });

  it('passes on an event before the stream ends', async () => {
    const { text, headers } = await get('/api/jobs/x/events', { until: '\n\n' });
    expect(text).toBe('data: first\n\n');
    expect(headers['content-type']).toBe('text/event-stream');
  });

  it('takes a body of 10 MB and refuses a longer one', async () => {
    const body = Buffer.alloc(10 * 1024 * 1024);
    expect((await get('/api/blocks', { body })).status).toBe(200);
    expect((await get('/api/blocks', { body: Buffer.alloc(body.length + 1) })).status).toBe(413);
  });
});
