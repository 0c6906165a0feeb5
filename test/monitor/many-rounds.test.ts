import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { AlertService, AlertStore, type Channel } from '../../src/alerts/index.js';
import type { CachedResult } from '../../src/cache/index.js';
import { resultKey, StorageFingerprints } from '../../src/cache/index.js';
import { openLocalDocuments, type SharedDocuments } from '../../src/fleet/index.js';
import { createJobService, createMemoryBackend, type JobConfig } from '../../src/jobs/index.js';
import { chainFiles, openWriter } from '../../src/ledger/index.js';
import { silentLog } from '../../src/logging/index.js';
import { dashboardOf, Monitor, mapView, startTimer } from '../../src/monitor/index.js';
import { resultOf } from '../../src/node/ended-result.js';
import { createValidator } from '../../src/pool/index.js';
import { workloadDocument } from '../../src/rdf/index.js';
import { openState } from '../../src/state/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';

/** Rounds that have to be intact one after the other. */
const ROUNDS = Number(process.env.PROVCHAIN_ROUNDS ?? 1000);
const INTERVAL_MS = 25;
const MINUTES = 10;
const folder = temporaryFolder();
afterAll(() => folder.remove());

const CONFIG: JobConfig = {
  validation_level: 'Standard',
  enable_caching: true,
  cache_ttl_seconds: 60,
  enable_parallel_validation: true,
  enable_incremental_validation: true,
  enable_profiling: false,
  max_validation_time: 60,
  max_validation_time_seconds: 60,
  batch_size: 10,
  max_concurrent_validations: 2,
  levels: {},
};

/** The monitor on real parts: state, queue, validator process, and a chain that grows while others validate it. */
async function openParts(dir: string) {
  await smallChain(dir, 40);
  const files = await chainFiles(dir);
  const state = await openState(join(folder.path, 'state'), { log: silentLog });
  const documents = await openLocalDocuments({ state, now: () => new Date(), log: silentLog });
  const validator = createValidator({ workers: 2, maxMemoryMb: 512, maxCpuPercent: 100, log: silentLog });
  await validator.ready();
  const ledger = await openWriter(dir);
  const fingerprints = new StorageFingerprints();
  const cache = new Map<string, CachedResult>();
  const head = () => ({
    height: ledger.head.index + 1,
    headHash: ledger.head.hash,
    anchorIndex: ledger.head.index,
  });
  const jobs = await createJobService({
    node: 'node',
    chain: {
      ...{ chainId: files.trust.chainId, replica: files.replicaId, dir },
      async state() {
        const fingerprint = await fingerprints.of(dir);
        return { fingerprint, head: head() };
      },
    },
    backend: createMemoryBackend(),
    state,
    cache: { get: async (key) => cache.get(key), put: async (key, entry) => cache.set(key, entry) },
    resultKey: (identity) => resultKey({ ...identity, engineVersion: '0' }),
    validator,
    nodes: { list: () => [] },
    config: () => CONFIG,
    work: { shards: 2 },
    log: silentLog,
  });
  const rounds: string[] = [];
  const monitor = await Monitor.open({
    ...{ replica: files.replicaId, node: 'node', store: state, documents, jobs, log: silentLog },
    rounds: { enabled: true, intervalMs: INTERVAL_MS, level: 'Standard' },
    limits: () => ({ usualMs: 60_000, longestMs: 60_000 }),
    batchSize: CONFIG.batch_size,
    height: async () => head().height,
    sample: async () => ({ queued: jobs.stats().queued }),
    startTicker: startTimer,
    metrics: { roundEnded: (_, status) => rounds.push(status), sliceEnded: () => {} },
    now: () => Date.now(),
  });
  const alerts = openAlerts(documents);
  jobs.followEnded(async (ended) => {
    await monitor.jobEnded(ended);
    const result = resultOf(ended);
    if (result === undefined) return;
    await alerts.service.observe(result);
    await alerts.service.evaluate([], []);
    alerts.observed.add(result.jobId);
  });
  const close = async () => {
    await monitor.close();
    await jobs.drain(5000);
    await alerts.service.close();
    await ledger.close();
    await validator.close();
    await documents.close();
    await state.close();
  };
  return { monitor, jobs, ledger, rounds, alerts, close };
}

/** Alerts that would tell of everything at once, over a channel that counts. */
function openAlerts(documents: SharedDocuments) {
  const sent: string[] = [];
  const opened: string[] = [];
  const observed = new Set<string>();
  const channel: Channel = {
    ...{ name: 'webhook', timeoutMs: 1000 },
    async send({ subject }) {
      sent.push(subject);
    },
  };
  const service = new AlertService({
    store: new AlertStore({ documents, by: 'node' }),
    channels: [channel],
    book: { cooldownMs: 0, groupWaitMs: 0, escalateAfterMs: 0, repeatMs: 0 },
    thresholds: { critical: 1, warning: 1 },
    context: { chain: 'test-chain', node: 'node' },
    ...{ log: silentLog, now: () => Date.now(), chance: () => 0 },
    onOpened: (rule) => opened.push(rule),
  });
  return { service, sent, opened, observed };
}

describe('the monitor under load', () => {
  it(
    `has ${ROUNDS} rounds that all say Healthy and alert nobody, while others validate the chain and it grows`,
    async () => {
      const { monitor, jobs, ledger, rounds, alerts, close } = await openParts(join(folder.path, 'chain'));
      let over = false;
      const others = (async () => {
        for (let n = 0; !over; n++) {
          await ledger.append(Buffer.from(workloadDocument('trace', 1000 + n, { quads: 8 })));
          const submitted = await jobs.submit({ level: 'Full', fresh: true }, { trigger: 'api' });
          if (submitted.kind === 'accepted') await jobs.wait(submitted.record.spec.jobId, 10_000);
        }
      })();
      try {
        await vi.waitFor(() => expect(rounds.length).toBeGreaterThanOrEqual(ROUNDS), {
          timeout: MINUTES * 60_000,
          interval: 50,
        });
      } finally {
        over = true;
        await others;
      }
      expect(rounds.filter((status) => status !== 'Healthy')).toEqual([]);
      const view = dashboardOf(monitor);
      expect(view.healthTrend.value).toBe('Excellent');
      expect(view.monitor).toMatchObject({ silent: false, lastRound: { status: 'Healthy' } });
      expect(view.recentResults.map(({ status }) => status)).toEqual(Array(20).fill('Healthy'));
      const shown = mapView(monitor.coverage, 1024);
      expect(shown.whole.findings).toEqual([]);
      expect(shown.cells.flatMap(({ findings }) => findings)).toEqual([]);
      await close();
      // Rounds that come while one is under way share its job.
      const ended = [...monitor.history.newest()].map(({ jobId }) => jobId);
      expect(ended.length).toBeGreaterThanOrEqual(20);
      expect(ended.filter((jobId) => !alerts.observed.has(jobId))).toEqual([]);
      expect([alerts.opened, alerts.sent]).toEqual([[], []]);
      expect(alerts.service.list({ state: 'all', limit: 10 }).alerts).toEqual([]);
    },
    MINUTES * 60_000,
  );
});
