import { createApi, loadDashboard } from '../api/index.js';
import { StorageFingerprints } from '../cache/index.js';
import type { JobService } from '../jobs/index.js';
import { DEFAULT_LEDGER_SETTINGS } from '../ledger/index.js';
import { createMetrics, createMetricsServer, type Metrics } from '../metrics/index.js';
import { createValidator, Intake, type Validator } from '../pool/index.js';
import { runtimeOf, type Settings } from '../settings/index.js';
import { packageVersion } from '../version.js';
import { apiDependencies } from './api-dependencies.js';
import { AppendValidations } from './append-validations.js';
import { type Base, openBase } from './base.js';
import { ChainInspector } from './chain-inspector.js';
import { ChainService } from './chain-service.js';
import { Closer } from './closer.js';
import { Figures } from './figures.js';
import { Freeze } from './freeze.js';
import { Health } from './health.js';
import { listen } from './http-server.js';
import { openJobs } from './jobs.js';
import { LastResults } from './last-results.js';
import { LocalReplica } from './local-replica.js';
import { metricSources } from './metric-sources.js';
import { probesOf } from './probes.js';
import type { openQueueBoard } from './queue-board.js';
import { openRegistry } from './registry.js';
import { RuntimeConfig } from './runtime-config.js';
import { openAuditTrail, openAuth, openRateLimit } from './security.js';
import { openStores } from './stores.js';
import { validatorLimits } from './validator-limits.js';
import { openWatch } from './watch.js';
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
/** Documents that are prepared or wait for it; more are refused. */
const WAITING_DOCUMENTS = 64;
/** How old the answer of a health check may be. */
const LOOK_AGE_MS = 1_000;

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

/** What is known only after the parts that ask for it were opened. */
interface Later {
  service?: JobService;
  url?: string;
}

/** The chain and who may touch it. */
async function openCore(base: Base, roles: readonly NodeRole[], closer: Closer) {
  const { settings, nodeId, log, files, fleet, documents } = base;
  const { dir } = files;
  const about = { nodeId, version: packageVersion(), mode: fleet ? 'fleet' : 'embedded' } as const;
  const later: Later = {};
  const metrics = openMetrics(base, about.version, about.mode, roles);
  const runtime = new RuntimeConfig({
    documents,
    initial: runtimeOf(settings),
    onChange: (value) => {
      validator.setLimits(validatorLimits(value, settings));
      later.service?.applyConfig();
      log.info('the settings were changed', { revision: runtime.get().revision });
    },
  });
  const overridden = runtime.overridden();
  if (overridden.length > 0) {
    const { revision, by, at } = runtime.get();
    log.warn('settings changed at run time are in force instead of the file', {
      overridden,
      revision,
      by,
      at,
    });
  }
  const validator = createValidator({ ...validatorLimits(runtime.current(), settings), log });
  closer.add('validator', () => validator.close());
  await validator.ready();
  const writing = await openWriting(base, validator);
  const ledger = 'ledger' in writing ? writing.ledger : undefined;
  if (ledger) closer.add('ledger', () => ledger.close());
  const fingerprints = new StorageFingerprints({ watch: true });
  closer.add('fingerprints', () => fingerprints.close());
  const replica = new LocalReplica({
    dir,
    fingerprint: (path) => fingerprints.of(path),
    readHead: (path) => validator.head(path),
    writerHead: ledger && (() => pinOf(ledger.head)),
  });
  return {
    base,
    about,
    roles,
    fingerprints,
    startedAt: base.now(),
    later,
    metrics,
    runtime,
    validator,
    writing,
    ledger,
    replica,
  };
}

type Core = Awaited<ReturnType<typeof openCore>>;

/** Jobs, with what they need and what they leave. */
async function openServices(core: Core, closer: Closer) {
  const { base, about, roles, startedAt, later, metrics, runtime, validator, ledger, replica } = core;
  const { nodeId, documents, files, log } = base;
  const load = () => later.service?.stats() ?? { queued: 0, active: 0 };
  const registry = openRegistry(base, {
    ...{ roles, startedAt, replica, load, version: about.version, writer: ledger !== undefined },
    url: () => later.url,
  });
  closer.add('registry', () => registry.close());
  const stores = openStores(base);
  closer.add('cache', () => stores.cache.close());
  const lastResults = new LastResults({ documents, replica: files.replicaId, nodeId, log });
  closer.add('last results', () => lastResults.close());
  const now = () => base.now().getTime();
  const figures = new Figures({ now, queue: load, validator: () => validator.stats() });
  closer.add('figures', () => figures.close());
  const service = await openJobs({
    ...{ base, runtime, replica, validator, stores, registry, metrics, figures, lastResults },
    works: roles.includes('worker'),
  });
  later.service = service;
  closer.add('jobs', () => service.drain(DRAIN_MS));
  const watch = await openWatch({ ...core, registry, stores, service }, closer);
  return { ...core, ...watch, registry, stores, lastResults, figures, service };
}

type Services = Awaited<ReturnType<typeof openServices>>;

function openChain(
  { base, fingerprints, validator, replica, ledger, registry, metrics, service }: Services,
  closer: Closer,
) {
  const { settings, files, documents, now } = base;
  const freeze = new Freeze({ documents, maintenance: settings.deployment.maintenance, now });
  const timeoutMs = settings.network.api.request_timeout_seconds * 1000;
  const intake = new Intake({ threads: 1, maxDocuments: WAITING_DOCUMENTS, timeoutMs });
  closer.add('intake', () => intake.close());
  const validations = new AppendValidations({ jobs: service, log: base.log });
  closer.add('append validations', () => validations.close());
  const chain = new ChainService({
    ...{ dir: files.dir, validator, replica, freeze, intake, ledger },
    payloadLimitBytes: DEFAULT_LEDGER_SETTINGS.payloadLimitBytes,
    writerUrl: () => registry.list().find(({ writer }) => writer)?.url,
    onRefused: ({ code, message }) => {
      metrics.appendRefused(code);
      // The first of a latched chain; those after it say nothing new.
      if (code === 'STORE_UNAVAILABLE') base.log.error('a block was not stored', { code, reason: message });
    },
    onAppended: (_block, seconds) => {
      fingerprints.forget(files.dir);
      metrics.appendStored(seconds * 1000);
      if (settings.blockchain.validation.validate_on_block_add) validations.appended();
    },
  });
  return { freeze, chain, inspector: new ChainInspector({ dir: files.dir, validator, replica }) };
}

async function openNode(
  base: Base,
  roles: readonly NodeRole[],
  closer: Closer,
  close: () => Promise<void>,
): Promise<RunningNode> {
  const services = await openServices(await openCore(base, roles, closer), closer);
  const { about, startedAt, later, metrics, validator, runtime, writing, replica, registry, service } =
    services;
  const { settings, log, files } = base;
  const { freeze, chain, inspector } = openChain(services, closer);
  const stopping = new AbortController();
  const health = new Health({
    ...{ ...about, startedAt, maxAgeMs: LOOK_AGE_MS },
    now: () => base.now().getTime(),
    probes: probesOf({ base, replica, validator, writing, stopping: stopping.signal }),
  });
  metrics.addSources({ ...metricSources({ ...services, freeze }), ...services.monitor.sources });
  if (roles.includes('api')) {
    const audit = await openAuditTrail(base, metrics);
    closer.add('audit', () => audit.close());
    const auth = await openAuth(base, metrics);
    const dashboard = await loadDashboard();
    if (!dashboard) log.info('there is no dashboard: it was not built');
    const queues = base.fleet && (await openBoard(base, () => registry.list()));
    if (queues) closer.add('queue board', () => queues.close());
    const parts = {
      ...services,
      queues,
      chain,
      inspector,
      freeze,
      health,
      audit,
      auth,
      dashboard,
      stopping: stopping.signal,
    };
    const app = createApi(apiDependencies({ ...parts, rateLimit: openRateLimit(base) }));
    const server = await listen(app, serverOptions(base));
    closer.add('server', () => server.close(REQUEST_GRACE_MS));
    later.url = settings.network.api.public_url ?? server.url;
    await registry.announce();
  }
  const metricsServer = await openMetricsServer(base, metrics);
  if (metricsServer) closer.add('metrics', () => metricsServer.close());
  closer.add('stopping', () => stopping.abort());
  if (settings.blockchain.validation.validate_on_startup && roles.includes('worker')) {
    validateAtStart(base, service);
  }
  const { url } = later;
  const fields = { node: about.nodeId, mode: about.mode, roles: roles.join(',') };
  log.info('the node is ready', { ...fields, version: about.version, url });
  closer.add('log', () => log.info('the node stops', fields));
  const head = await replica.state().catch(() => undefined);
  const { workers } = validatorLimits(runtime.current(), settings);
  return {
    ...{ ...about, roles, url, metricsUrl: metricsServer?.url, close },
    chain: {
      ...{ chainId: files.trust.chainId, replicaId: files.replicaId, dir: files.dir },
      height: head?.pin.height ?? null,
      writer: 'ledger' in writing,
      readerReason: 'reason' in writing ? writing.reason : undefined,
    },
    validator: { pid: validator.stats().pid, workers },
  };
}

/** Loaded only for a fleet, with what it needs of BullMQ. */
const openBoard: typeof openQueueBoard = async (base, nodes) =>
  (await import('./queue-board.js')).openQueueBoard(base, nodes);

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

/** Nobody waits for it: what keeps it from being accepted is for the log. */
function validateAtStart({ log }: Base, jobs: JobService): void {
  jobs.submit({}, { trigger: 'startup' }).catch((error: unknown) => {
    log.warn('a validation was not accepted', { trigger: 'startup', reason: String(error) });
  });
}
