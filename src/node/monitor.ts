import type { ApiMonitor, DashboardView } from '../api/index.js';
import type { ResultCache } from '../cache/index.js';
import { createSealer } from '../fleet/index.js';
import type { EndedJobTaker, JobService } from '../jobs/index.js';
import type { MetricSources, Metrics, MonitorSample } from '../metrics/index.js';
import {
  dashboardOf,
  Monitor,
  type MonitorFacts,
  type MonitorOptions,
  mapView,
  monitorFacts,
  oldestUnverifiedSeconds,
  ResultStream,
  type Sample,
  type ScrubSettings,
  startBullTicker,
  startTimer,
  statusSince,
} from '../monitor/index.js';
import type { Validator } from '../pool/index.js';
import type { Settings } from '../settings/index.js';
import type { Base } from './base.js';
import type { LocalReplica } from './local-replica.js';
import type { RuntimeConfig } from './runtime-config.js';

/** What the monitor of a node stands on. */
export interface MonitorParts {
  readonly base: Base;
  readonly service: JobService;
  readonly replica: LocalReplica;
  readonly validator: Validator;
  readonly runtime: RuntimeConfig;
  readonly stores: { readonly cache: ResultCache };
  readonly metrics: Metrics;
  /** What the dashboard says of alerts; asked for each time, since alerts are opened after what they watch. */
  readonly alertCounts: () => DashboardView['alerts'];
  /** A round could not be asked for. */
  readonly onRoundRefused: (reason: string) => void;
}

/** The monitor of a node, as the other parts see it. */
export interface NodeMonitor {
  readonly api: ApiMonitor;
  readonly sources: MetricSources;
  /** For the rules of alerts. */
  facts(): MonitorFacts;
  /** For `JobService.followEnded`. */
  readonly jobEnded: EndedJobTaker;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const MEGABYTE = 1 << 20;

/** Rounds, scrub, history and map. Begins at once; nothing waits for it. */
export async function openMonitor(parts: MonitorParts): Promise<NodeMonitor> {
  const { base, service, replica, validator, runtime, stores, metrics, alertCounts, onRoundRefused } = parts;
  const { settings, files, nodeId, state, documents, log } = base;
  const { enabled, interval_seconds, validation_level } = settings.integrity.background_monitoring;
  const now = () => base.now().getTime();
  const monitor = await Monitor.open({
    ...{ replica: files.replicaId, node: nodeId, store: state, documents, jobs: service, log, now },
    rounds: { enabled, intervalMs: interval_seconds * 1000, level: validation_level },
    scrub: scrubSettings(settings),
    limits: () => {
      const { max_validation_time, max_validation_time_seconds } = runtime.current();
      return { usualMs: max_validation_time * 1000, longestMs: max_validation_time_seconds * 1000 };
    },
    batchSize: runtime.current().batch_size,
    height: async () => (await replica.state()).pin.height,
    sample: sampler({ service, validator, cache: stores.cache }),
    ...fleetParts(base),
    metrics: {
      roundEnded: (level, status) => metrics.roundEnded(level, status),
      sliceEnded: (status, blocks) => metrics.sliceEnded(status, blocks),
    },
    onRoundRefused,
  });
  return {
    api: apiOf(monitor, files.replicaId, alertCounts),
    sources: { monitor: () => sampleOf(monitor) },
    facts: () => monitorFacts(monitor, memoryPercent(validator, runtime)),
    jobEnded: (ended) => monitor.jobEnded(ended),
    close: () => monitor.close(),
  };
}

function scrubSettings({ integrity }: Settings): ScrubSettings | undefined {
  const { enabled, full_cycle_hours, quiet_start_hour, quiet_end_hour, slice_blocks } =
    integrity.background_monitoring.scrub;
  if (!enabled) return undefined;
  const quiet =
    quiet_start_hour === undefined || quiet_end_hour === undefined
      ? undefined
      : { startHour: quiet_start_hour, endHour: quiet_end_hour };
  return {
    cycleMs: full_cycle_hours * HOUR_MS,
    ...(quiet && { quiet }),
    ...(slice_blocks !== undefined && { sliceBlocks: slice_blocks }),
  };
}

/** How rounds are shared among nodes, and how they hear of each other's results. */
function fleetParts({
  fleet,
  files,
  nodeId,
  state,
  log,
}: Base): Pick<MonitorOptions, 'startTicker' | 'openStream'> {
  if (!fleet) return { startTicker: startTimer };
  const { redis, prefix, secret } = fleet;
  return {
    startTicker: (options) =>
      startBullTicker({
        ...{ ...options, prefix, log },
        name: `rounds-${files.replicaId}`,
        producer: redis.queue(),
        consumer: redis.worker(),
      }),
    openStream: (shared) =>
      ResultStream.open({
        ...{ ...shared, prefix, log, node: nodeId, store: state },
        redis: redis.control(),
        sealer: createSealer(secret, 'job-outcome'),
      }),
  };
}

interface Sampled {
  readonly service: JobService;
  readonly validator: Validator;
  readonly cache: ResultCache;
}

/** Figures of the moment; of processor time and cache, those since the call before. */
function sampler({ service, validator, cache }: Sampled): () => Promise<Sample> {
  let before = { at: performance.now(), usage: process.cpuUsage(), hits: 0, misses: 0 };
  return async () => {
    const { hits, misses } = await cache.stats();
    const at = performance.now();
    const usage = process.cpuUsage();
    const spentMs = (usage.user + usage.system - before.usage.user - before.usage.system) / 1000;
    const elapsedMs = at - before.at;
    const sample = { hits: Math.max(0, hits - before.hits), misses: Math.max(0, misses - before.misses) };
    before = { at, usage, hits, misses };
    const { queued, active } = service.stats();
    const { rssBytes, cpuPercent } = validator.stats();
    const own = elapsedMs > 0 ? (spentMs / elapsedMs) * 100 : undefined;
    return {
      ...{ ...sample, queued, active },
      // A sum of which one part is not known is not known.
      ...(own !== undefined && cpuPercent !== undefined && { cpuPercent: own + cpuPercent }),
      ...(rssBytes !== undefined && { memoryBytes: process.memoryUsage.rss() + rssBytes }),
    };
  };
}

function memoryPercent(validator: Validator, runtime: RuntimeConfig): number | null {
  const { rssBytes } = validator.stats();
  return rssBytes === undefined ? null : (rssBytes / (runtime.current().max_memory_mb * MEGABYTE)) * 100;
}

function apiOf(monitor: Monitor, replica: string, alertCounts: MonitorParts['alertCounts']): ApiMonitor {
  return {
    dashboard: () => ({ ...dashboardOf(monitor), alerts: alertCounts() }),
    statusSince: (status) => statusSince(monitor, status),
    history(fromMs, points) {
      const nowMs = monitor.options.now();
      const answer = monitor.series.points(fromMs, nowMs, points);
      return { to: new Date(nowMs).toISOString(), stepSeconds: answer.stepMs / 1000, points: answer.points };
    },
    map: (cells) => ({ replica, ...mapView(monitor.coverage, cells) }),
  };
}

function sampleOf(monitor: Monitor): MonitorSample {
  const { options, rounds, scrub, coverage } = monitor;
  const nowMs = options.now();
  const plan = scrub?.plan();
  const { enabled, intervalMs } = options.rounds;
  return {
    intervalSeconds: enabled ? intervalMs / 1000 : undefined,
    lastRoundMs: rounds.results().last?.atMs,
    silent: enabled ? monitor.silence().silent : undefined,
    oldestUnverifiedSeconds: oldestUnverifiedSeconds(coverage, nowMs),
    promiseSeconds: options.scrub ? options.scrub.cycleMs / 1000 : undefined,
    overdue: plan?.overdue,
  };
}
