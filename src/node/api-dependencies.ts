import type { AlertService } from '../alerts/index.js';
import type { ApiAbout, ApiAuth, ApiDependencies } from '../api/index.js';
import type { ResultCache } from '../cache/index.js';
import type { NodeRegistry } from '../fleet/index.js';
import type { JobService } from '../jobs/index.js';
import type { Metrics } from '../metrics/index.js';
import type { Base } from './base.js';
import type { ChainService } from './chain-service.js';
import type { Figures } from './figures.js';
import type { Freeze } from './freeze.js';
import type { Health } from './health.js';
import { meteredJobs } from './jobs.js';
import type { LastResults } from './last-results.js';
import type { NodeMonitor } from './monitor.js';
import type { RuntimeConfig } from './runtime-config.js';
import type { AuditTrail } from './security.js';

interface Parts {
  readonly base: Base;
  readonly about: ApiAbout;
  readonly dashboard: ApiDependencies['dashboard'];
  readonly queues: ApiDependencies['queues'];
  readonly service: JobService;
  readonly chain: ChainService;
  readonly inspector: ApiDependencies['inspector'];
  readonly stores: { readonly cache: ResultCache };
  readonly runtime: RuntimeConfig;
  readonly freeze: Freeze;
  readonly health: Health;
  readonly figures: Figures;
  readonly lastResults: LastResults;
  readonly registry: NodeRegistry;
  readonly monitor: NodeMonitor;
  readonly alerts: { readonly service: AlertService };
  readonly metrics: Metrics;
  readonly audit: AuditTrail;
  readonly auth?: ApiAuth;
  readonly rateLimit?: ApiDependencies['rateLimit'];
  readonly stopping: AbortSignal;
}

const MEGABYTE = 1 << 20;

/** The parts of a node as the API wants them. */
export function apiDependencies(parts: Parts): ApiDependencies {
  const { base, service, stores, metrics, registry } = parts;
  const { settings, log, now } = base;
  const { api, tls } = settings.network;
  const { enabled, endpoint_path, include_detailed_status } = settings.monitoring.health_checks;
  return {
    options: {
      corsOrigins: api.enable_cors ? api.cors_origins : [],
      maxRequestBytes: Math.round(api.max_request_size_mb * MEGABYTE),
      requestTimeoutMs: api.request_timeout_seconds * 1000,
      trustProxyHops: api.trust_proxy_hops,
      publicUrl: api.public_url,
      tls: tls.enabled,
      healthPath: enabled && endpoint_path,
      detailedHealth: include_detailed_status,
      auditAll: settings.security.audit.log_all_queries,
    },
    about: parts.about,
    dashboard: parts.dashboard,
    queues: parts.queues,
    jobs: meteredJobs(service, metrics),
    chain: parts.chain,
    inspector: parts.inspector,
    cache: {
      stats: () => stores.cache.stats(),
      clear: (by) => stores.cache.clear(by),
    },
    monitor: parts.monitor.api,
    alerts: parts.alerts.service,
    runtimeConfig: parts.runtime,
    freeze: freezeOf(parts),
    log,
    now: () => now().getTime(),
    health: () => parts.health.snapshot(),
    lastResults: () => parts.lastResults.list(),
    performance: () => parts.figures.snapshot(),
    nodes: () => registry.list(),
    observe: (route, method, status, seconds) => metrics.httpRequest(route, method, status, seconds),
    streamOpened: () => metrics.eventStream(),
    audit: (event) => parts.audit.record(event),
    auth: parts.auth,
    rateLimit: parts.rateLimit,
    stopping: parts.stopping,
  };
}

/** Who has stopped appends may rely on it that the chain stands: blocks of this node that were on their way are waited for. */
function freezeOf({ freeze, chain }: Parts): ApiDependencies['freeze'] {
  return {
    get: () => freeze.get(),
    async set(reason, by) {
      const state = await freeze.set(reason, by);
      await chain.settled();
      return state;
    },
    clear: (by) => freeze.clear(by),
  };
}
