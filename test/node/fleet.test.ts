import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import type { Report } from '../../src/validation/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { installed } from '../support/debian.js';
import { type LoadBalancer, startLoadBalancer } from '../support/haproxy.js';
import { startNode, type TestNode } from '../support/node.js';
import { tamper } from '../support/raw-store.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';

/**
 * A fleet of real processes: Redis, three nodes that share one chain directory (the first is its writer), a fourth with
 * a replica of its own, and HAProxy in front. Jobs are slowed down by the limit of CPU, so that there is time to do
 * harm while they run.
 */
const BLOCKS = 1500;
const LOCK_SECONDS = 2;
const folder = temporaryFolder();
const shared = join(folder.path, 'shared');
const copied = join(folder.path, 'copied');

interface JobAnswer {
  readonly jobId: string;
  readonly state: string;
  readonly status: string | null;
  readonly complete: boolean | null;
  readonly attempts: number;
  readonly owner: string;
  readonly node: string | null;
  readonly replicas: readonly { replica: string; status: string; state: string }[] | null;
  readonly agree: boolean | null;
  readonly notes: readonly string[];
  readonly reportDigest: string | null;
  readonly progress: { readonly blocks: number; readonly totalBlocks: number } | null;
}

const ENDED = ['completed', 'failed', 'cancelled'];

describe.skipIf(!redisInstalled() || !installed('haproxy'))('a fleet', () => {
  let redis: RedisServer;
  let balancer: LoadBalancer;
  const nodes: TestNode[] = [];

  const toml = (cpuPercent: number) => `
redis.url = "${redis.url}"
jobs.lock_seconds = ${LOCK_SECONDS}
jobs.worker_threads = 1
blockchain.validation.validate_on_startup = false
integrity.performance.batch_size = 50
integrity.performance.enable_incremental_validation = false
integrity.resource_limits.max_cpu_percent = ${cpuPercent}
`;
  const open = (name: string, dir: string, cpuPercent = 10) =>
    startNode({ dir, name, toml: toml(cpuPercent), stateDir: join(folder.path, `state-${name}`) });

  beforeAll(async () => {
    await smallChain(shared, BLOCKS, 24);
    cpSync(shared, copied, { recursive: true });
    writeFileSync(join(copied, 'replica.json'), JSON.stringify({ replicaId: 'second-replica' }));
    redis = await startRedis({ appendOnly: true });
    nodes.push(await open('n1', shared));
    nodes.push(...(await Promise.all([open('n2', shared), open('n3', shared), open('n4', copied)])));
    balancer = await startLoadBalancer(nodes.map(({ url }) => url));
    // Until every node knows of all.
    await untilAllKnown();
  });

  afterAll(async () => {
    await balancer?.stop();
    await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
    await redis?.stop();
    folder.remove();
  });

  async function untilAllKnown(): Promise<void> {
    while ((await Promise.all(nodes.map(countNodes))).some((count) => count < nodes.length)) await sleep(100);
  }

  async function countNodes(node: TestNode): Promise<number> {
    const answer = await node.fetch('/api/nodes');
    return ((await answer.json()) as { nodes: unknown[] }).nodes.length;
  }

  async function submit(url: string, body: object): Promise<JobAnswer> {
    const answer = await fetch(`${url}/api/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([200, 202]).toContain(answer.status);
    return (await answer.json()) as JobAnswer;
  }

  async function look(url: string, jobId: string): Promise<JobAnswer | undefined> {
    const answer = await fetch(`${url}/api/jobs/${jobId}`).catch(() => undefined);
    return answer?.status === 200 ? ((await answer.json()) as JobAnswer) : undefined;
  }

  async function untilEnded(url: string, jobId: string, seconds = 40): Promise<JobAnswer> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const job = await look(url, jobId);
      if (job && ENDED.includes(job.state)) return job;
      if (Date.now() > deadline) throw new Error(`job ${jobId} did not end: ${JSON.stringify(job)}`);
      await sleep(100);
    }
  }

  async function untilUnderWay(url: string, jobId: string): Promise<JobAnswer> {
    for (;;) {
      const job = await look(url, jobId);
      if (job?.state === 'running' && (job.progress?.blocks ?? 0) > 0) return job;
      if (job && ENDED.includes(job.state)) throw new Error(`job ${jobId} ended too soon`);
      await sleep(50);
    }
  }

  async function reportOf(url: string, jobId: string): Promise<Report> {
    const answer = await fetch(`${url}/api/jobs/${jobId}/report`);
    expect(answer.status).toBe(200);
    return (await answer.json()) as Report;
  }

  /** What every accepted job must come to, seen from every node. */
  async function expectHealthy(jobId: string): Promise<JobAnswer> {
    const job = await untilEnded(nodes[0]!.url, jobId);
    expect(job, JSON.stringify(job)).toMatchObject({ state: 'completed', status: 'Healthy', complete: true });
    for (const { url } of nodes) {
      await expect
        .poll(() => look(url, jobId), { timeout: 5000 })
        .toMatchObject({
          state: 'completed',
          status: 'Healthy',
          reportDigest: job.reportDigest,
        });
    }
    return job;
  }

  const newJob = (url: string) => submit(url, { level: 'Full', fresh: true });

  it('has one writer, and the others name it', async () => {
    const chains = await Promise.all(nodes.map(async (node) => (await node.fetch('/api/chain')).json()));
    expect(chains.map((chain) => (chain as { writer: boolean }).writer)).toEqual([
      true,
      false,
      false,
      expect.any(Boolean),
    ]);
    const refused = await nodes[1]!.fetch('/api/blocks', {
      method: 'POST',
      headers: { 'content-type': 'application/n-quads' },
      body: '<http://e.org/s> <http://e.org/p> "o" .\n',
    });
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { code: 'NOT_WRITER', detail: expect.stringContaining(nodes[0]!.url) },
    ]);
  });

  it("runs a Full job's shards on all three nodes that see its directory, and on no other", async () => {
    const onAll = ['n1', 'n2', 'n3'];
    let workers: string[] = [];
    // Shards go to whoever is free: a node that the machine keeps waiting may miss all of one job.
    for (let tries = 0; tries < 4 && workers.length < onAll.length; tries++) {
      const { jobId } = await newJob(nodes[tries % 3]!.url);
      const job = await expectHealthy(jobId);
      expect(job.attempts).toBe(1);
      const { shards } = await reportOf(balancer.url, jobId);
      workers = [...new Set(shards.map(({ node }) => node))].sort();
      expect(onAll).toEqual(expect.arrayContaining(workers));
    }
    expect(workers).toEqual(onAll);
  });

  it('makes one job of a thousand same requests at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        submit(nodes[i % 3]!.url, { level: 'Comprehensive', from: 0, to: 700, fresh: true }),
      ),
    );
    const ids = new Set(answers.map(({ jobId }) => jobId));
    expect(ids.size).toBe(1);
    const job = await untilEnded(nodes[2]!.url, [...ids][0]!);
    expect(job).toMatchObject({ state: 'completed', status: 'Healthy', attempts: 1 });
  });

  it('applies a change of the configuration on every node within a second', async () => {
    const change = await nodes[1]!.fetch('/api/integrity/config', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cache_ttl_seconds: 77 }),
    });
    expect(change.status).toBe(200);
    const read = async (node: TestNode) =>
      JSON.stringify(await (await node.fetch('/api/integrity/config')).json());
    await expect
      .poll(
        async () =>
          (await Promise.all(nodes.map(read))).every((text) => text.includes('"cache_ttl_seconds":77')),
        { timeout: 1000, interval: 50 },
      )
      .toBe(true);
  });

  it('reports both replicas in a fleet job, and names the one that was damaged on purpose', async () => {
    const sound = await submit(balancer.url, { level: 'Standard', fleet: true, fresh: true });
    const before = await untilEnded(balancer.url, sound.jobId);
    expect(before.replicas?.map(({ status }) => status)).toEqual(['Healthy', 'Healthy']);
    expect(before.agree).toBe(true);

    await nodes[3]!.stop();
    await tamper(copied, async (store) => {
      const payload = await store.get('payload', blockKey(700));
      await store.put('payload', blockKey(700), Buffer.from(payload.toString().replace('http', 'hxxp')));
    });
    nodes[3] = await open('n4', copied);
    await untilAllKnown();

    const damaged = await submit(nodes[1]!.url, { level: 'Standard', fleet: true, fresh: true });
    const after = await untilEnded(nodes[2]!.url, damaged.jobId);
    const status = Object.fromEntries((after.replicas ?? []).map(({ replica, status }) => [replica, status]));
    expect(status).toEqual({ [nodes[0]!.chain.replicaId]: 'Healthy', 'second-replica': 'Critical' });
  });

  it('ends a job whose worker process is killed', async () => {
    const { jobId } = await newJob(nodes[0]!.url);
    await untilUnderWay(nodes[0]!.url, jobId);
    process.kill(nodes[1]!.validator.pid, 'SIGKILL');
    await expectHealthy(jobId);
  });

  it('ends a job whose coordinating node is killed', async () => {
    const { jobId, owner } = await newJob(nodes[0]!.url);
    expect(owner).toBe('n1');
    const { node } = await untilUnderWay(nodes[0]!.url, jobId);
    // The node that keeps the record stays; if it coordinates as well, a worker beside it is taken.
    const victim = nodes.findIndex(({ nodeId }) => nodeId === (node === 'n1' ? 'n2' : node));
    await nodes[victim]!.stop('SIGKILL');
    const job = await untilEnded(nodes[0]!.url, jobId);
    expect(job).toMatchObject({ state: 'completed', status: 'Healthy', complete: true });
    nodes[victim] = await open(`n${victim + 1}`, shared);
    await expectHealthy(jobId);
  });

  it('lets a node that was frozen past its lock lose, when it wakes up', async () => {
    const { jobId } = await newJob(nodes[0]!.url);
    await untilUnderWay(nodes[0]!.url, jobId);
    nodes[2]!.signal('SIGSTOP');
    await sleep(LOCK_SECONDS * 2500);
    nodes[2]!.signal('SIGCONT');
    const job = await expectHealthy(jobId);
    // What it had to say came too late: nothing changes any more.
    await sleep(2000);
    expect(await look(nodes[2]!.url, jobId)).toMatchObject({
      state: 'completed',
      reportDigest: job.reportDigest,
    });
  });

  it.each(['restart', 'FLUSHALL', 'CLIENT KILL'])('ends every accepted job after %s', async (harm) => {
    const accepted = await Promise.all([
      newJob(nodes[0]!.url),
      submit(nodes[1]!.url, { level: 'Full', from: 0, to: 800, fresh: true }),
    ]);
    await untilUnderWay(nodes[0]!.url, accepted[0].jobId);
    if (harm === 'restart') {
      await redis.shutDown('SIGKILL');
      await sleep(500);
      await redis.start();
    } else if (harm === 'FLUSHALL') {
      await redis.command('FLUSHALL');
    } else {
      await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
      await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
    for (const { jobId } of accepted) await expectHealthy(jobId);
  });
});
