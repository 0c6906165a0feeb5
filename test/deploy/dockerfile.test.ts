import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectUsable } from '../support/command-line.js';
import { projectRoot } from '../support/project.js';

const root = projectRoot();
const text = readFileSync(join(root, 'Dockerfile'), 'utf8');

/** Instructions with their arguments, lines joined and comments gone. */
const instructions = text
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [, name, rest] = /^([A-Z]+) (.*)$/.exec(line)!;
    return { name: name!, rest: rest! };
  });
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const inLastStage = (name: string) => lastStage.filter((one) => one.name === name).map(({ rest }) => rest);
const COPIED = instructions
  .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'))
  .flatMap(({ rest }) => rest.split(' ').slice(0, -1));

describe('the Dockerfile', () => {
  it('builds in stages on Node 24, with a version of Debian that is named', () => {
    const bases = instructions.filter(({ name }) => name === 'FROM').map(({ rest }) => rest.split(' ')[0]);
    expect(bases.length).toBeGreaterThan(1);
    expect(new Set(bases)).toEqual(new Set(['node:24-bookworm-slim']));
  });

  it('installs what the lock file says, and no development packages into the image', () => {
    const runs = instructions.filter(({ name }) => name === 'RUN').map(({ rest }) => rest);
    expect(runs.some((run) => /\bnpm (?:install|i)\b/.test(run))).toBe(false);
    expect(runs).toContain('npm ci --omit=dev --ignore-scripts');
    expect(lastStage.some(({ rest }) => rest === '--from=dependencies /app/node_modules node_modules')).toBe(
      true,
    );
    expect(lastStage.some(({ rest }) => rest.includes('--from=build /app/node_modules'))).toBe(false);
  });

  it('has libatomic1 and an init, and leaves no package lists', () => {
    const [install] = inLastStage('RUN').filter((run) => run.includes('apt-get install'));
    expect(install).toMatch(/--no-install-recommends .*\blibatomic1\b.*\btini\b/);
    expect(install).toContain('rm -rf /var/lib/apt/lists/*');
  });

  it('ends as a user without rights', () => {
    expect(inLastStage('USER')).toEqual(['provchain']);
    const after = lastStage.slice(lastStage.findIndex(({ name }) => name === 'USER') + 1);
    expect(after.filter(({ name }) => name === 'COPY')).toEqual([]);
  });

  it('starts the program under the init, with a command that it takes', () => {
    expect(JSON.parse(inLastStage('ENTRYPOINT')[0]!)).toEqual(['tini', '--', 'provchain']);
    expectUsable(JSON.parse(inLastStage('CMD')[0]!));
  });

  it('names the ports of REST and metrics', () => {
    expect(inLastStage('EXPOSE')).toEqual(['8080 9090']);
  });

  it('copies what exists, and .dockerignore lets exactly that through', () => {
    for (const source of COPIED) expect(existsSync(join(root, source)), source).toBe(true);
    const allowed = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect([...new Set(COPIED)].sort()).toEqual(allowed.sort());
  });

  it('has a health check that needs nothing but Node', () => {
    const [check] = inLastStage('HEALTHCHECK');
    expect(check).toMatch(/--timeout=5s .* CMD \["node", "\/app\/healthcheck\.mjs"\]$/);
    expect(readFileSync(join(root, 'deploy/healthcheck.mjs'), 'utf8')).not.toMatch(/from '(?!node:)/);
  });
});

describe('the health check', () => {
  async function runCheck(answer: RequestListener): Promise<{ status: number | null; stderr: string }> {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health/live`;
    const outcome = await check(url);
    server.closeAllConnections();
    server.close();
    return outcome;
  }

  function check(url: string): Promise<{ status: number | null; stderr: string }> {
    const child = spawn(process.execPath, [join(root, 'deploy/healthcheck.mjs')], {
      env: { ...process.env, PROVCHAIN_HEALTH_URL: url },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    return new Promise((resolve) => child.once('close', (status) => resolve({ status, stderr })));
  }

  it('succeeds for 200', async () => {
    expect(await runCheck((_, response) => response.end('{}'))).toEqual({ status: 0, stderr: '' });
  });

  it('fails for another status', async () => {
    const outcome = await runCheck((_, response) => response.writeHead(503).end());
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining('status 503') });
  });

  it('fails when nothing answers, before Docker gives up', async () => {
    expect(await runCheck(() => {})).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no answer in time'),
    });
    expect(await check('http://127.0.0.1:1/health/live')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
