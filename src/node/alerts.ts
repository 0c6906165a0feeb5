import { stat, statfs } from 'node:fs/promises';
import {
  AlertService,
  AlertStore,
  Conditions,
  type MonitorFacts,
  type Vitals,
  type VolumeReading,
} from '../alerts/index.js';
import type { ResultCache } from '../cache/index.js';
import { type NodeRegistry, openLocalDocuments, type SharedDocuments } from '../fleet/index.js';
import type { EndedJob } from '../jobs/index.js';
import type { Metrics } from '../metrics/index.js';
import type { Validator } from '../pool/index.js';
import { openChannels } from './alert-channels.js';
import type { Base } from './base.js';
import { resultOf } from './ended-result.js';
import type { RuntimeConfig } from './runtime-config.js';

interface Parts {
  readonly base: Base;
  readonly registry: NodeRegistry;
  readonly stores: { readonly cache: ResultCache };
  readonly validator: Validator;
  readonly runtime: RuntimeConfig;
  readonly metrics: Metrics;
  readonly monitorFacts: () => MonitorFacts;
}

/** The alerts of a node. */
export interface Alerts {
  readonly service: AlertService;
  /**
   * Takes a job that has ended; bears being given one twice. Errors: when it cannot be kept now, and is to be given again.
   */
  observe(ended: EndedJob): Promise<void>;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 5_000;
const REDIS_AWAY_MS = 15_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const PERCENT = 100;
/** In the state, before the names of documents that are not shared. */
const LOCAL_PREFIX = 'local/';

/** Opens the book of alerts and its outbox, and looks every few seconds at what the data stands on. */
export async function openAlerts(parts: Parts): Promise<Alerts> {
  const { base, metrics } = parts;
  const { settings, files, nodeId: node, log } = base;
  const { alerting } = settings.integrity;
  const chain = files.trust.chainId;
  const now = () => base.now().getTime();
  const linkBase = alerting.link_base?.replace(/\/+$/, '');
  const context = { chain, node, linkBase };
  const local = base.fleet && (await openLocalDocuments({ state: localState(base), now: base.now, log }));
  const storeOf = (documents: SharedDocuments) => new AlertStore({ documents, by: node });
  const service = new AlertService({
    store: storeOf(base.documents),
    localStore: local && storeOf(local),
    channels: await openChannels(settings, { ...context, now }),
    book: {
      cooldownMs: alerting.cooldown_seconds * 1000,
      groupWaitMs: alerting.group_wait_seconds * 1000,
      escalateAfterMs: alerting.escalate_after_minutes * MINUTE_MS,
      repeatMs: alerting.repeat_hours * HOUR_MS,
    },
    thresholds: { critical: alerting.critical_threshold, warning: alerting.warning_threshold },
    ...{ context, log, now, chance: Math.random },
    onOpened: (rule, severity) => metrics.alertOpened(rule, severity),
    onDelivery: (channel, outcome) => metrics.alertDelivery(channel, outcome),
  });
  const looks = lookRepeatedly(parts, service);
  return {
    service,
    async observe(ended) {
      const result = resultOf(ended);
      if (result) await service.observe(result);
    },
    async close() {
      await looks.close();
      await service.close();
      await local?.close();
    },
  };
}

/** The state with other names, so that a document here is none of those that the fleet shares. */
function localState({ state }: Base) {
  return {
    put: (entries: readonly (readonly [key: string, value: unknown])[]) =>
      state.put(entries.map(([key, value]) => [LOCAL_PREFIX + key, value])),
    async scan<T>(prefix: string, { after, limit }: { after?: string; limit?: number } = {}) {
      const from = after === undefined ? undefined : LOCAL_PREFIX + after;
      const found = await state.scan<T>(LOCAL_PREFIX + prefix, { after: from, limit });
      return found.map(({ key, value }) => ({ key: key.slice(LOCAL_PREFIX.length), value }));
    },
  };
}

function lookRepeatedly(parts: Parts, service: AlertService): { close(): Promise<void> } {
  const { base } = parts;
  const { custom } = base.settings.integrity.alerting;
  const conditions = new Conditions({
    settings: {
      cacheHitRate: custom.cache_hit_rate_threshold,
      validationMs: custom.validation_time_threshold_ms,
      memoryPercent: custom.memory_usage_threshold_percent,
      diskFreePercent: custom.disk_free_percent_threshold,
      replicaBehindMs: custom.replica_behind_seconds * 1000,
      redisAwayMs: REDIS_AWAY_MS,
    },
    chain: base.files.trust.chainId,
    replica: base.files.replicaId,
    node: base.nodeId,
    open: (rule, subject) => service.active(rule, subject),
  });
  let looking: Promise<void> | undefined;
  const look = async () => {
    try {
      const vitals = await vitalsOf(parts);
      const { raised, cleared } = conditions.judge(vitals, base.now().getTime());
      await service.evaluate(raised, cleared);
    } catch (error) {
      // With Redis away the shared book cannot be changed; that is told by the local one.
      base.log.debug('the alerts were not looked after', { reason: String(error) });
    }
  };
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, LOOK_EVERY_MS).unref();
  return {
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
}

async function vitalsOf({ base, registry, monitorFacts }: Parts): Promise<Vitals> {
  const monitor = monitorFacts();
  return {
    volumes: await volumesOf(base),
    heights: heightsOf(registry),
    redis: base.fleet?.redis.connected('control'),
    figures: monitor.recentFigures,
    monitor,
  };
}

/** Of each replica that tells its height, the highest of its nodes: they look at different moments. */
function heightsOf(registry: NodeRegistry): ReadonlyMap<string, number> {
  const heights = new Map<string, number>();
  const { chainId } = registry.self();
  for (const { replica, height, chainId: theirs } of registry.list()) {
    if (height === null || theirs !== chainId) continue;
    heights.set(replica, Math.max(height, heights.get(replica) ?? 0));
  }
  return heights;
}

/** A volume that holds both directories counts once. One that cannot be read says nothing here; health does. */
async function volumesOf({ files, settings }: Base): Promise<readonly VolumeReading[]> {
  const folders = [
    { name: 'chain', path: files.dir },
    { name: 'state', path: settings.state.directory },
  ] as const;
  const volumes: VolumeReading[] = [];
  const devices = new Set<number>();
  for (const { name, path } of folders) {
    try {
      const { dev } = await stat(path);
      if (devices.has(dev)) continue;
      devices.add(dev);
      const { bavail, blocks, bsize } = await statfs(path);
      if (blocks > 0) {
        volumes.push({ name, path, freePercent: (bavail / blocks) * PERCENT, freeBytes: bavail * bsize });
      }
    } catch {
      // Not read, so not told.
    }
  }
  return volumes;
}
