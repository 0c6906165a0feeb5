import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { dashboardOf, jobsOf, mapOf, untilDashboard } from '../support/monitor.js';
import { startNode, type TestNode } from '../support/node.js';
import { tamper } from '../support/raw-store.js';

/** The monitor of a node that is alone, with a real chain and short intervals. */
const BLOCKS = 45;
const folder = temporaryFolder();
const original = join(folder.path, 'chain');
let count = 0;

const toml = (more = '') => `
blockchain.validation.validate_on_startup = false
integrity.performance.batch_size = 10
integrity.background_monitoring.interval_seconds = 1
${more}
`;

describe('the monitor of a node alone', () => {
  let node: TestNode;
  beforeAll(() => smallChain(original, BLOCKS - 1));
  afterEach(() => node?.stop('SIGKILL'));
  afterAll(() => folder.remove());

  const freshChain = () => copyChain(original, join(folder.path, `chain-${count++}`));
  const open = async (dir: string, more = '', stateDir = `${dir}-state`) => {
    node = await startNode({ dir, stateDir, toml: toml(more) });
    return node;
  };

  it('validates at every interval, says how fresh the answer is, and shows every block on the map', async () => {
    await open(freshChain());
    const view = await untilDashboard(node, ({ recentResults }) => recentResults.length >= 3);
    expect(view.answer).toMatchObject({ status: 'Healthy', level: 'Standard', since: expect.any(String) });
    expect(view.answer.text).toMatch(/^The chain is intact: all 45 blocks were checked at level Standard /);
    expect(view.answer.evidenceAgeSeconds).toBeLessThan(10);
    expect(view.monitor).toMatchObject({
      enabled: true,
      intervalSeconds: 1,
      silent: false,
      lastRound: { status: 'Healthy', complete: true },
    });
    for (const result of view.recentResults) {
      expect(result).toMatchObject({
        trigger: 'monitor',
        level: 'Standard',
        status: 'Healthy',
        blocks: BLOCKS,
      });
    }
    const map = await mapOf(node);
    expect(map).toMatchObject({ height: BLOCKS, cellBlocks: 10, whole: { findings: [] } });
    expect(map.cells.map(({ from, to, status }) => [from, to, status])).toEqual([
      [0, 10, 'Healthy'],
      [10, 20, 'Healthy'],
      [20, 30, 'Healthy'],
      [30, 40, 'Healthy'],
      [40, 45, 'Healthy'],
    ]);
    for (const { verified } of map.cells) {
      expect(verified).toMatchObject({ headers: expect.any(String), payloads: expect.any(String) });
      expect(verified).toMatchObject({ signatures: null, history: null, canonical: null });
    }
    const metrics = await (await fetch(node.metricsUrl!)).text();
    expect(metrics).toMatch(/^provchain_monitor_rounds_total\{level="Standard",status="Healthy"\} [1-9]/m);
    expect(metrics).toMatch(/^provchain_monitor_silent 0$/m);
    expect(metrics).toMatch(/^provchain_monitor_interval_seconds 1$/m);
    expect(metrics).toMatch(/^provchain_scrub_oldest_unverified_seconds\{check="canonical"\} /m);
    expect(metrics).not.toMatch(/^provchain_scrub_promise_seconds/m);
  });

  it('still knows its results, its map and its last round after kill -9, and goes on', async () => {
    const dir = freshChain();
    await open(dir);
    const before = await untilDashboard(node, ({ recentResults }) => recentResults.length >= 3);
    await node.stop('SIGKILL');
    await open(dir);
    const after = await dashboardOf(node);
    const known = after.recentResults.map(({ jobId }) => jobId);
    expect(known).toEqual(expect.arrayContaining(before.recentResults.map(({ jobId }) => jobId)));
    expect(new Set(known).size).toBe(known.length);
    const map = await mapOf(node);
    expect(map.cells.map(({ status }) => status)).toEqual(Array(5).fill('Healthy'));
    await untilDashboard(node, ({ recentResults }) => recentResults.length > known.length);
  });

  it('counts validations that a user asked for, and takes a young one for a round', async () => {
    const dir = freshChain();
    node = await startNode({
      dir,
      toml: 'integrity.performance.batch_size = 10\nintegrity.background_monitoring.interval_seconds = 3\n',
    });
    const body = JSON.stringify({ level: 'Standard', fresh: true });
    const headers = { 'content-type': 'application/json' };
    const asked = new Set<string>();
    await untilDashboard(node, ({ monitor, recentResults }) => {
      void node.fetch('/api/jobs', { method: 'POST', headers, body }).catch(() => {});
      for (const { trigger, jobId } of recentResults) if (trigger === 'api') asked.add(jobId);
      return asked.has(monitor.lastRound?.jobId ?? '');
    });
    const { monitor } = await dashboardOf(node);
    expect(monitor.lastRound).toMatchObject({ status: 'Healthy', complete: true });
  });

  it('shows a damaged block in its cell and in the answer, and both are gone after the repair by hand', async () => {
    const dir = freshChain();
    await open(dir);
    await untilDashboard(node, ({ answer }) => answer.status === 'Healthy');
    await node.stop();
    let payload: Uint8Array = Buffer.of();
    await tamper(dir, async (store) => {
      payload = await store.get('payload', blockKey(23));
      await store.put('payload', blockKey(23), Buffer.from('<urn:a> <urn:b> <urn:c> .\n'));
    });
    await open(dir);
    const view = await untilDashboard(node, ({ answer }) => answer.status === 'Critical');
    expect(view.answer.text).toMatch(
      /^The chain is not intact: a validation at level Standard found damage /,
    );
    expect(view.healthTrend.value).toBe('Critical');
    const damaged = await mapOf(node);
    expect(damaged.cells.map(({ status }) => status)).toEqual([
      'Healthy',
      'Healthy',
      'Critical',
      'Healthy',
      'Healthy',
    ]);
    expect(damaged.cells[2]!.findings).toContainEqual({
      code: 'PAYLOAD_DIGEST_MISMATCH',
      severity: 'Critical',
      block: 23,
    });
    expect(view.monitor.silent).toBe(false);
    await node.stop();
    await tamper(dir, (store) => store.put('payload', blockKey(23), payload));
    await open(dir);
    const repaired = await untilDashboard(node, ({ answer }) => answer.status === 'Healthy');
    expect(repaired.healthTrend.value).not.toBe('Critical');
    const { cells } = await mapOf(node);
    expect(cells[2]).toMatchObject({ status: 'Healthy', findings: [], moreFindings: 0 });
  });

  it('is silent, and says so, when the validator cannot work', async () => {
    await open(freshChain(), 'integrity.performance.max_validation_time = 1');
    await untilDashboard(node, ({ answer }) => answer.status === 'Healthy');
    process.kill(node.validator.pid, 'SIGSTOP');
    try {
      const view = await untilDashboard(node, ({ monitor }) => monitor.silent, 40);
      expect(view.monitor.silentSeconds).toBeGreaterThanOrEqual(3);
      const metrics = await (await fetch(node.metricsUrl!)).text();
      expect(metrics).toMatch(/^provchain_monitor_silent 1$/m);
    } finally {
      process.kill(node.validator.pid, 'SIGCONT');
    }
    await untilDashboard(node, ({ monitor }) => !monitor.silent, 40);
  });

  it('scrubs the whole chain across three kills, slice after slice, and then keeps its promise', async () => {
    const dir = freshChain();
    const scrub = `
integrity.performance.batch_size = 10
integrity.background_monitoring.enabled = false
integrity.background_monitoring.scrub.enabled = true
integrity.background_monitoring.scrub.full_cycle_hours = 0.005
`;
    const openScrub = async () => {
      node = await startNode({ dir, stateDir: `${dir}-state`, toml: scrub });
    };
    for (let kill = 0; kill < 3; kill++) {
      await openScrub();
      const slices = (await jobsOf(node, 'scrub')).length;
      while ((await jobsOf(node, 'scrub')).length <= slices) await sleep(50);
      await node.stop('SIGKILL');
    }
    await openScrub();
    const view = await untilDashboard(node, ({ scrub }) => scrub.verifiedShare === 1, 40);
    expect(view.scrub).toMatchObject({ enabled: true, fullCycleHours: 0.005, refused: null });
    const slices = await jobsOf(node, 'scrub');
    expect(slices.length).toBeGreaterThanOrEqual(5);
    const map = await mapOf(node);
    for (const { status, verified } of map.cells) {
      expect(status).toBe('Healthy');
      expect(Object.values(verified)).not.toContain(null);
    }
    const metrics = async () => (await fetch(node.metricsUrl!)).text();
    expect(await metrics()).toMatch(/^provchain_scrub_promise_seconds 18$/m);
    // The count is this process's own. The ones before may have validated everything, so its first slice may be yet to come.
    await expect
      .poll(metrics, { timeout: 40_000 })
      .toMatch(/^provchain_scrub_slices_total\{status="Healthy"\} [1-9]/m);
    // A kill between the claim and the acceptance of a slice leaves it lost, each time for the 15 s after which the next may begin.
  }, 180_000);
});
