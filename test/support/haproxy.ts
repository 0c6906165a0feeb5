import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { projectRoot } from './project.js';

export interface LoadBalancer {
  readonly url: string;
  stop(): Promise<void>;
}

const START_MS = 15_000;

/**
 * HAProxy with the project's own deploy/haproxy.cfg; only the addresses are those of this test. The first URL is that
 * of the writer.
 */
export async function startLoadBalancer(urls: readonly string[]): Promise<LoadBalancer> {
  const folder = mkdtempSync(join(tmpdir(), 'provchain-haproxy-'));
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, configFor(readFileSync(join(projectRoot(), 'deploy/haproxy.cfg'), 'utf8'), port, urls));
  const path = `${process.env.PATH ?? ''}:/usr/sbin`;
  const child = spawn('haproxy', ['-f', file], { env: { ...process.env, PATH: path }, stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_MS;
  for (;;) {
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.status === 200) break;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('haproxy did not start');
    await sleep(50);
  }
  return {
    url,
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Every block of `server` lines is replaced by one line for each node; those that were spare stay spare. */
function configFor(text: string, port: number, urls: readonly string[]): string {
  const servers = (spare: boolean) =>
    urls
      .map((url, i) => `    server node${i + 1} ${new URL(url).host}${spare && i > 0 ? ' backup' : ''}\n`)
      .join('');
  return text
    .replace(/bind :8080.*/, `bind 127.0.0.1:${port}`)
    .replaceAll(/(?:^ +server .*\n)+/gm, (block) => servers(block.includes(' backup')))
    .replaceAll(/ resolvers names init-addr \S+/g, '')
    .replaceAll('inter 2s', 'inter 200ms');
}
