import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installed, runTool } from '../support/debian.js';
import { type LoadBalancer, startLoadBalancer } from '../support/haproxy.js';
import { projectRoot } from '../support/project.js';

interface StandIn {
  readonly server: Server;
  readonly url: string;
  ready: boolean;
}

/** A server that answers as a node would where the load balancer looks. */
async function startStandIn(name: string): Promise<StandIn> {
  const standIn = { ready: true } as { -readonly [Key in keyof StandIn]: StandIn[Key] };
  standIn.server = createServer((request: IncomingMessage, response) => {
    request.resume();
    if (request.url === '/health/ready') {
      response.writeHead(standIn.ready ? 200 : 503).end();
    } else if (request.url?.endsWith('/events')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
    } else {
      response.end(JSON.stringify({ name, forwarded: request.headers['x-forwarded-for'] }));
    }
  });
  await new Promise<void>((resolve) => standIn.server.listen(0, '127.0.0.1', resolve));
  standIn.url = `http://127.0.0.1:${(standIn.server.address() as AddressInfo).port}`;
  return standIn;
}

describe.skipIf(!installed('haproxy'))('deploy/haproxy.cfg', () => {
  const nodes: StandIn[] = [];
  let balancer: LoadBalancer;
  beforeAll(async () => {
    for (const name of ['node1', 'node2', 'node3']) nodes.push(await startStandIn(name));
    balancer = await startLoadBalancer(nodes.map(({ url }) => url));
  });
  afterAll(async () => {
    await balancer.stop();
    for (const { server } of nodes) {
      server.closeAllConnections();
      server.close();
    }
  });

  const ask = async (path: string, init?: RequestInit) =>
    (await fetch(balancer.url + path, init)).json() as Promise<{ name: string; forwarded: string }>;
  const askOften = async (path: string, init?: RequestInit) => {
    const names = new Set<string>();
    for (let i = 0; i < 12; i++) names.add((await ask(path, init)).name);
    return [...names].sort();
  };

  it('is valid', () => {
    const { status, output } = runTool('haproxy', ['-c', '-f', join(projectRoot(), 'deploy/haproxy.cfg')]);
    expect(output).toContain('Configuration file is valid');
    expect(output).not.toContain('[ALERT]');
    expect(status).toBe(0);
  });

  it('gives requests to all nodes, and appends to the writer', async () => {
    // One that just came up gets its share once its first check is through.
    await expect.poll(() => askOften('/api/chain'), { timeout: 10_000 }).toEqual(['node1', 'node2', 'node3']);
    const append = () => askOften('/api/blocks', { method: 'POST', body: 'x' });
    await expect.poll(append, { timeout: 10_000 }).toEqual(['node1']);
    await expect
      .poll(() => askOften('/api/blocks'), { timeout: 10_000 })
      .toEqual(['node1', 'node2', 'node3']);
  });

  it('adds the address of the client behind what the client claims', async () => {
    const { forwarded } = await ask('/api/chain', { headers: { 'x-forwarded-for': '203.0.113.7' } });
    expect(forwarded.split(/, ?/)).toEqual(['203.0.113.7', '127.0.0.1']);
  });

  it('passes on an event before the stream ends', async () => {
    const stop = new AbortController();
    const answer = await fetch(`${balancer.url}/api/jobs/x/events`, { signal: stop.signal });
    const { value } = await answer.body!.getReader().read();
    expect(new TextDecoder().decode(value)).toBe('data: first\n\n');
    stop.abort();
  });

  it('leaves out a node that is not ready, the writer too, and takes it back', async () => {
    nodes[0]!.ready = false;
    await expect.poll(() => askOften('/api/chain'), { timeout: 10_000 }).toEqual(['node2', 'node3']);
    await expect
      .poll(async () => (await ask('/api/blocks', { method: 'POST' })).name, { timeout: 10_000 })
      .toMatch(/node[23]/);
    nodes[0]!.ready = true;
    await expect
      .poll(async () => (await ask('/api/blocks', { method: 'POST' })).name, { timeout: 10_000 })
      .toBe('node1');
  });
});
