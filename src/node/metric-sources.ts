import type { AlertService } from '../alerts/index.js';
import type { ResultCache } from '../cache/index.js';
import type { NodeRegistry } from '../fleet/index.js';
import type { JobService } from '../jobs/index.js';
import type { MetricSources } from '../metrics/index.js';
import type { Validator } from '../pool/index.js';
import type { Base } from './base.js';
import type { Freeze } from './freeze.js';
import type { LocalReplica } from './local-replica.js';
import type { RuntimeConfig } from './runtime-config.js';
import type { Writing } from './writer.js';

interface Parts {
  readonly base: Base;
  readonly service: JobService;
  readonly validator: Validator;
  readonly runtime: RuntimeConfig;
  readonly stores: { readonly cache: ResultCache };
  readonly replica: LocalReplica;
  readonly writing: Writing;
  readonly freeze: Freeze;
  readonly registry: NodeRegistry;
  readonly alerts: { readonly service: AlertService };
}

/** Whom a scrape of the metrics asks. */
export function metricSources(parts: Parts): MetricSources {
  const { base, service, validator, runtime, stores, replica, writing, freeze, registry, alerts } = parts;
  const redis = base.fleet?.redis;
  return {
    queues() {
      const { queued, active } = service.stats();
      const since = service.oldestQueuedAt;
      const oldestWaitingSeconds = since && Math.max(0, base.now().getTime() - since) / 1000;
      return [{ queue: 'jobs', waiting: queued, active, oldestWaitingSeconds }];
    },
    validator: () => validator.stats(),
    limits() {
      const { max_memory_mb, max_cpu_percent } = runtime.current();
      return { maxMemoryMb: max_memory_mb, maxCpuPercent: max_cpu_percent };
    },
    cache: () => stores.cache.stats(),
    async chain() {
      const { height, timestamp } = await replica.head();
      return { height, timestamp, writer: 'ledger' in writing, frozen: freeze.get().frozen };
    },
    redis: () => redis && { queue: redis.connected('queue'), cache: redis.connected('cache') },
    alerts: () => alerts.service.figures(),
    fleet: () => (redis ? { nodes: registry.list().length } : undefined),
  };
}
