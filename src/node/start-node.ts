import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { createApi } from '../api/index.js';
import { StorageFingerprints } from '../cache/index.js';
import {
  createLocalRegistry,
  createNodeRegistry,
  createSealer,
  type NodeEntry,
  type NodeRegistry,
} from '../fleet/index.js';
import type { JobService } from '../jobs/index.js';
import { DEFAULT_LEDGER_SETTINGS } from '../ledger/index.js';
import { createMetrics, createMetricsServer, type Metrics } from '../metrics/index.js';
import { createValidator, Intake, type Validator } from '../pool/index.js';
import { runtimeOf, type Settings } from '../settings/index.js';
import { packageVersion } from '../version.js';
import { apiDependencies } from './api-dependencies.js';
import { type Base, openBase } from './base.js';
import { ChainService } from './chain-service.js';
import { Figures } from './figures.js';
import { Freeze } from './freeze.js';
import { Health } from './health.js';
import { type HttpServer, listen } from './http-server.js';
import { openJobs } from './jobs.js';
import { LastResults } from './last-results.js';
import { LocalReplica } from './local-replica.js';
import { metricSources } from './metric-sources.js';
import { probesOf } from './probes.js';
import { RuntimeConfig } from './runtime-config.js';
import { openAuditTrail, openAuth, openRateLimit } from './security.js';
import { openStores } from './stores.js';
import { validatorLimits } from './validator-limits.js';
import { openForWriting, type Writing } from './writer.js';

/** `api`: serves REST. `worker`: runs jobs and shards. */
export type NodeRole = 'api' | 'worker';

export interface NodeOptions {
  /** The chain directory. */
  readonly dir: string;
  readonly roles: readonly NodeRole[];
}

/** A node that is ready. */
export interface RunningNode {
  readonly version: string;
  readonly nodeId: string;
  readonly roles: readonly NodeRole[];
  readonly mode: 'embedded' | 'fleet';
  /** Absent without the role `api`. */
  readonly url?: string;
  readonly metricsUrl?: string;
  readonly chain: {
    readonly chainId: string;
    readonly replicaId: string;
    readonly dir: string;
    /** Null when it could not be read. */
    readonly height: number | null;
    readonly writer: boolean;
    readonly readerReason?: string;
  };
  readonly validator: { readonly pid?: number; readonly workers: number };
  /** Takes nothing new, lets what is under way end, and closes everything. Idempotent. */
  close(): Promise<void>;
}

/** What a stopping node gives to jobs and requests under way. */
const DRAIN_MS = 20_000;
const REQUEST_GRACE_MS = 5_000;
/** Between the announcement that the node stops and its last look at requests: load balancers notice meanwhile. */
const HEIGHT_EVERY_MS = 1_000;

/** Things to close, the last opened first; one that fails keeps no other open. */
class Closer {
  readonly #steps: { readonly name: string; readonly close: () => Promise<unknown> | unknown }[] = [];
  #closed: Promise<void> | undefined;

  add(name: string, close: () => Promise<unknown> | unknown): void {
    this.#steps.push({ name, close });
  }

  close(complain: (name: string, error: unknown) => void): Promise<void> {
    this.#closed ??= this.#closeAll(complain);
    return this.#closed;
  }

  async #closeAll(complain: (name: string, error: unknown) => void): Promise<void> {
    for (const { name, close } of this.#steps.reverse()) {
      try {
        await close();
      } catch (error) {
        complain(name, error);
      }
    }
  }
}

/**
 * Starts a node: everything is opened in order, and when one step fails, what was opened before is closed.
 *
 * Errors: CONFIG_INVALID, NOT_A_CHAIN, LOCKED, NO_PRODUCER_KEY, QUEUE_UNAVAILABLE, FILE_UNREADABLE, STORE_UNAVAILABLE.
 */
export async function startNode(settings: Settings, options: NodeOptions): Promise<RunningNode> {
  const closer = new Closer();
  const base = await openBase(settings, options.dir);
  closer.add('base', () => base.close());
  const complain = (part: string, error: unknown) =>
    base.log.error('a part of the node did not close', { part, reason: String(error) });
  try {
    return await openNode(base, options.roles, closer, () => closer.close(complain));
  } catch (error) {
    await closer.close(complain);
    throw error;
  }
}

async function openNode(
  base: Base,
  roles: readonly NodeRole[],
  closer: Closer,
  close: () => Promise<void>,
): Promise<RunningNode> {
  const { settings, nodeId, log, files, fleet, documents } = base;
  const { dir } = files;
  const version = packageVersion();
  const mode = fleet ? 'fleet' : 'embedded';
  const startedAt = base.now();
  const works = roles.includes('worker');
  const stopping = new AbortController();
  closer.add('stopping', () => {});
  const metrics = openMetrics(base, version, mode, roles);

  const runtime = new RuntimeConfig({
    documents,
    initial: runtimeOf(settings),
    onChange: (value) => {
      validator.setLimits(validatorLimits(value, settings));
      jobs?.applyConfig();
      log.info('the settings were changed', { revision: runtime.get().revision });
    },
  });
  let jobs: JobService | undefined;
  const validator = createValidator({ ...validatorLimits(runtime.current(), settings), log });
  closer.add('validator', () => validator.close());
  await validator.ready();

  const writing = await openWriting(base, validator);
  if ('ledger' in writing) closer.add('ledger', () => writing.ledger.close());
  const fingerprints = new StorageFingerprints();
  const replica = new LocalReplica({
    dir,
    fingerprint: (path) => fingerprints.of(path),
    readHead: (path) => validator.head(path),
    writerHead: 'ledger' in writing ? () => pinOf(writing.ledger.head) : undefined,
  });
  const registry = openRegistry(base, {
    roles,
    startedAt,
    version,
    url: () => publicUrl(),
    writing,
    replica,
    jobs: () => jobs,
  });
  closer.add('registry', () => registry.close());

  const stores = openStores(base);
  closer.add('cache', () => stores.cache.close());
  const lastResults = new LastResults({ documents, replica: files.replicaId, nodeId, log });
  closer.add('last results', () => lastResults.close());
  const figures = new Figures({
    now: () => base.now().getTime(),
    queue: () => jobs?.stats() ?? { queued: 0, active: 0 },
    validator: () => validator.stats(),
  });
  closer.add('figures', () => figures.close());

  jobs = await openJobs({
    base,
    runtime,
    replica,
    validator,
    stores,
    registry,
    metrics,
    figures,
    lastResults,
    works,
  });
  const service = jobs;
  closer.add('jobs', () => service.drain(DRAIN_MS));

  const freeze = new Freeze({ documents, maintenance: settings.deployment.maintenance, now: base.now });
  const intake = new Intake({
    threads: 1,
    maxDocuments: 64,
    timeoutMs: settings.network.api.request_timeout_seconds * 1000,
  });
  closer.add('intake', () => intake.close());
  const chain = new ChainService({
    dir,
    validator,
    replica,
    freeze,
    intake,
    ledger: 'ledger' in writing ? writing.ledger : undefined,
    payloadLimitBytes: DEFAULT_LEDGER_SETTINGS.payloadLimitBytes,
    writerUrl: () => registry.list().find(({ writer }) => writer)?.url,
    onAppended: (_block, seconds) => {
      metrics.appendStored(seconds * 1000);
      if (settings.blockchain.validation.validate_on_block_add) submitQuietly(base, service, 'append');
    },
  });
  const health = new Health({
    ...{ nodeId, version, mode, startedAt },
    now: () => base.now().getTime(),
    probes: probesOf({ base, replica, validator, writing, stopping: stopping.signal }),
    maxAgeMs: 1000,
  });
  metrics.addSources(
    metricSources({ base, service, validator, runtime, stores, replica, writing, freeze, registry }),
  );

  let server: HttpServer | undefined;
  const publicUrl = () =>
    roles.includes('api') ? (settings.network.api.public_url ?? server?.url) : undefined;
  if (roles.includes('api')) {
    const audit = await openAuditTrail(base, metrics);
    closer.add('audit', () => audit.close());
    const app = createApi(
      apiDependencies({
        ...{
          base,
          service,
          chain,
          stores,
          runtime,
          freeze,
          health,
          figures,
          lastResults,
          registry,
          metrics,
          audit,
        },
        auth: await openAuth(base, metrics),
        rateLimit: openRateLimit(base),
        stopping: stopping.signal,
      }),
    );
    server = await listen(app, serverOptions(base));
    const opened = server;
    closer.add('server', () => opened.close(REQUEST_GRACE_MS));
    await registry.announce();
  }
  const metricsServer = await openMetricsServer(base, metrics);
  if (metricsServer) closer.add('metrics', () => metricsServer.close());
  closer.add('stopping', () => stopping.abort());
  if (settings.blockchain.validation.validate_on_startup && works) submitQuietly(base, service, 'startup');

  const head = await replica.state().catch(() => undefined);
  const { chainId } = files.trust;
  return {
    ...{ version, nodeId, roles, mode, url: server?.url, metricsUrl: metricsServer?.url, close },
    chain: {
      ...{ chainId, replicaId: files.replicaId, dir, height: head?.pin.height ?? null },
      writer: 'ledger' in writing,
      readerReason: 'reason' in writing ? writing.reason : undefined,
    },
    validator: { pid: validator.stats().pid, workers: validatorLimits(runtime.current(), settings).workers },
  };
}

const pinOf = ({ index, hash }: { index: number; hash: string }) => ({ height: index + 1, headHash: hash });

function openWriting({ settings, files, log }: Base, validator: Validator): Promise<Writing> {
  return openForWriting({
    dir: files.dir,
    role: settings.blockchain.role,
    syncMode: settings.blockchain.performance.sync_mode,
    probe: () => validator.head(files.dir),
    log,
  });
}

function openMetrics(
  base: Base,
  version: string,
  mode: RunningNode['mode'],
  roles: readonly NodeRole[],
): Metrics {
  const { nodeId, files, settings } = base;
  const metrics = createMetrics({ detailed: settings.monitoring.metrics.include_detailed_metrics, version });
  metrics.identify({ nodeId, chainId: files.trust.chainId, replica: files.replicaId, mode, roles });
  return metrics;
}

async function openMetricsServer({ settings, log }: Base, metrics: Metrics) {
  const { enabled, host, export_port } = settings.monitoring.metrics;
  return enabled ? createMetricsServer({ metrics, host, port: export_port, log }) : undefined;
}

function serverOptions({ settings, log, now }: Base) {
  const { api, tls } = settings.network;
  const { cert_file, key_file, min_tls_version } = tls;
  const secured = tls.enabled && cert_file !== undefined && key_file !== undefined;
  return {
    host: api.host,
    port: api.port,
    tls: secured ? { cert_file, key_file, min_tls_version } : undefined,
    headersTimeoutMs: api.headers_timeout_seconds * 1000,
    requestTimeoutMs: api.request_timeout_seconds * 1000,
    keepAliveTimeoutMs: api.keep_alive_timeout_seconds * 1000,
    log,
    now,
  };
}

interface RegistryParts {
  readonly roles: readonly NodeRole[];
  readonly startedAt: Date;
  readonly version: string;
  readonly url: () => string | undefined;
  readonly writing: Writing;
  readonly replica: LocalReplica;
  readonly jobs: () => JobService | undefined;
}

/** Who is there. Height and head are read every second, so that a heartbeat never waits for the store. */
function openRegistry(base: Base, parts: RegistryParts): NodeRegistry {
  const { nodeId, files, fleet, log } = base;
  let dirId = '';
  let pin: { height: number; headHash: string } | undefined;
  const look = async () => {
    pin = (await parts.replica.state().catch(() => undefined))?.pin;
    if (dirId === '') dirId = await identityOf(files.dir).catch(() => '');
  };
  void look();
  const timer = setInterval(() => void look(), HEIGHT_EVERY_MS).unref();
  const describe = (): NodeEntry => {
    const { queued = 0, active = 0 } = parts.jobs()?.stats() ?? {};
    return {
      ...{ nodeId, url: parts.url(), roles: parts.roles, version: parts.version, dirId },
      chainId: files.trust.chainId,
      replica: files.replicaId,
      height: pin?.height ?? null,
      headHash: pin?.headHash ?? null,
      writer: 'ledger' in parts.writing,
      startedAt: parts.startedAt.toISOString(),
      load: { active, queued },
    };
  };
  const registry = fleet
    ? createNodeRegistry({
        ...{ describe, log, prefix: fleet.prefix },
        redis: fleet.redis.control(),
        sealer: createSealer(fleet.secret, 'node'),
      })
    : createLocalRegistry(describe);
  const close = () => {
    clearInterval(timer);
    return registry.close();
  };
  return { ...bound(registry), close };
}

const bound = (registry: NodeRegistry): Omit<NodeRegistry, 'close'> => ({
  self: () => registry.self(),
  list: () => registry.list(),
  announce: () => registry.announce(),
});

/** Equal for nodes on one machine that see one directory. */
async function identityOf(dir: string): Promise<string> {
  const { dev, ino } = await stat(dir);
  return `${hostname()}:${dev}:${ino}`;
}

/** A validation that nobody waits for: what keeps it from being accepted is for the log. */
function submitQuietly({ log }: Base, jobs: JobService, trigger: 'startup' | 'append'): void {
  jobs.submit({}, { trigger }).catch((error: unknown) => {
    log.warn('a validation was not accepted', { trigger, reason: String(error) });
  });
}
