import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { dashboardOf, jobsOf, mapOf, untilDashboard } from '../support/monitor.js';
import { startNode, type TestNode } from '../support/node.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';

/** Three nodes of a real fleet that share one chain directory, with rounds every two seconds. */
const INTERVAL_MS = 2000;
const folder = temporaryFolder();
const dir = join(folder.path, 'chain');

describe.skipIf(!redisInstalled())('the monitor of a fleet', () => {
  let redis: RedisServer;
  const nodes: TestNode[] = [];

  const open = (name: string) =>
    startNode({
      dir,
      name,
      stateDir: join(folder.path, `state-${name}`),
      toml: `
redis.url = "${redis.url}"
jobs.lock_seconds = 2
blockchain.validation.validate_on_startup = false
integrity.performance.batch_size = 10
integrity.background_monitoring.interval_seconds = ${INTERVAL_MS / 1000}
integrity.background_monitoring.scrub.enabled = true
integrity.background_monitoring.scrub.full_cycle_hours = 0.01
`,
    });

  beforeAll(async () => {
    await smallChain(dir, 29);
    redis = await startRedis({ appendOnly: true });
    nodes.push(await open('n1'));
    nodes.push(...(await Promise.all([open('n2'), open('n3')])));
  });

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
    await redis?.stop();
    folder.remove();
  });

  /** Rounds that began after a time, by when their jobs were accepted, the oldest first. */
  async function roundsSince(ms: number): Promise<number[]> {
    const jobs = await jobsOf(nodes[0]!, 'monitor');
    return jobs
      .map(({ createdAt }) => Date.parse(createdAt))
      .filter((at) => at >= ms)
      .sort((a, b) => a - b);
  }

  async function untilRounds(count: number, sinceMs: number): Promise<number[]> {
    const deadline = performance.now() + (count + 15) * INTERVAL_MS;
    for (;;) {
      const rounds = await roundsSince(sinceMs);
      if (rounds.length >= count) return rounds;
      if (performance.now() > deadline) throw new Error(`${rounds.length} of ${count} rounds`);
      await sleep(200);
    }
  }

  const intervalsOf = (rounds: readonly number[]) => Math.ceil((rounds.at(-1)! - rounds[0]!) / INTERVAL_MS);

  it('begins exactly one round per interval, however many nodes there are', async () => {
    const rounds = await untilRounds(8, Date.now());
    // A tick may be late on a busy machine, and is then not made up for; there are never two.
    expect(rounds.length).toBeLessThanOrEqual(intervalsOf(rounds) + 1);
  });

  it('is the same on every node: results, rounds, and the map', async () => {
    const known = (await dashboardOf(nodes[0]!)).recentResults.at(0)!.jobId;
    for (const node of nodes) {
      const view = await untilDashboard(node, ({ recentResults }) =>
        recentResults.some(({ jobId }) => jobId === known),
      );
      expect(view.answer.status).toBe('Healthy');
      expect(view.monitor).toMatchObject({ silent: false, lastRound: { status: 'Healthy' } });
      const map = await mapOf(node);
      expect(map.cells.map(({ from, to, status }) => [from, to, status])).toEqual([
        [0, 10, 'Healthy'],
        [10, 20, 'Healthy'],
        [20, 30, 'Healthy'],
      ]);
    }
    const lines = await Promise.all(nodes.map(async (node) => (await fetch(node.metricsUrl!)).text()));
    const counted = lines.map((text) =>
      Number(/^provchain_monitor_rounds_total\{.*\} (\d+)$/m.exec(text)?.[1] ?? 0),
    );
    const rounds = await roundsSince(0);
    const total = counted.reduce((sum, count) => sum + count, 0);
    // Each is counted by one node. One job may answer two rounds on a busy machine, and the last may not have ended.
    expect(total).toBeLessThanOrEqual(Math.ceil((Date.now() - rounds[0]!) / INTERVAL_MS) + 1);
    expect(total).toBeGreaterThanOrEqual(rounds.length - 3);
  });

  it('scrubs with one slice at a time, whichever node begins it, and all nodes see the blocks verified', async () => {
    for (const node of nodes) {
      const view = await untilDashboard(node, ({ scrub }) => scrub.verifiedShare === 1, 60);
      expect(view.scrub.oldestUnverifiedSeconds.canonical).toBeLessThan(36);
    }
    const slices = await jobsOf(nodes[0]!, 'scrub');
    const open = slices.filter(({ state }) => state === 'queued' || state === 'running');
    expect(open.length).toBeLessThanOrEqual(1);
  });

  it('goes on after FLUSHALL, and every node hears of the rounds', async () => {
    await redis.command('FLUSHALL');
    const flushedMs = Date.now();
    await untilRounds(3, flushedMs);
    for (const node of nodes) {
      const later = (at: string) => Date.parse(at) > flushedMs;
      await untilDashboard(node, ({ recentResults }) =>
        recentResults.some(({ trigger, finishedAt }) => trigger === 'monitor' && later(finishedAt)),
      );
    }
    const rounds = await roundsSince(flushedMs);
    // Around the loss itself two nodes may each believe to have the round.
    expect(rounds.length).toBeLessThanOrEqual(intervalsOf(rounds) + 2);
  });

  it('goes on when a node dies, which knows what it has missed when it is back', async () => {
    const lost = nodes.pop()!;
    await lost.stop('SIGKILL');
    const diedMs = Date.now();
    await untilRounds(3, diedMs);
    const missed = (await dashboardOf(nodes[0]!)).recentResults.filter(
      ({ finishedAt, trigger }) => trigger === 'monitor' && Date.parse(finishedAt) > diedMs,
    );
    expect(missed.length).toBeGreaterThanOrEqual(1);
    nodes.push(await open('n3'));
    await untilDashboard(nodes.at(-1)!, ({ recentResults }) =>
      missed.slice(-1).every(({ jobId }) => recentResults.some((result) => result.jobId === jobId)),
    );
  });
});
