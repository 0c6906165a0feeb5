import { availableParallelism } from 'node:os';
import type { ApiJobs } from '../api/index.js';
import { type ResultCache, resultKey } from '../cache/index.js';
import { ProvChainError } from '../errors.js';
import { createSealer, type NodeRegistry } from '../fleet/index.js';
import {
  createJobService,
  createMemoryBackend,
  createRedisBackend,
  DEFAULT_LOCKS,
  type EndedResult,
  type JobBackend,
  type JobConfig,
  type JobRecord,
  type JobService,
} from '../jobs/index.js';
import type { Log } from '../logging/index.js';
import type { Metrics } from '../metrics/index.js';
import type { Validator } from '../pool/index.js';
import type { EvidenceStore, Report, Status } from '../validation/index.js';
import { packageVersion } from '../version.js';
import type { Base } from './base.js';
import type { Figures } from './figures.js';
import type { LastResults } from './last-results.js';
import type { LocalReplica } from './local-replica.js';
import type { RuntimeConfig } from './runtime-config.js';

interface Parts {
  readonly base: Base;
  readonly runtime: RuntimeConfig;
  readonly replica: LocalReplica;
  readonly validator: Validator;
  readonly stores: { readonly cache: ResultCache; readonly evidence: EvidenceStore };
  readonly registry: NodeRegistry;
  readonly metrics: Metrics;
  readonly figures: Figures;
  readonly lastResults: LastResults;
  /** Whether this node runs jobs itself. */
  readonly works: boolean;
}

const HOUR_MS = 3_600_000;

const TONES: Readonly<Record<Status, keyof Log>> = {
  Healthy: 'info',
  Warning: 'warn',
  Incomplete: 'warn',
  Critical: 'error',
  Corrupted: 'error',
};

/** The job service of a node, with what it counts and remembers of every job that ends. */
export async function openJobs(parts: Parts): Promise<JobService> {
  const { base, runtime, replica, validator, stores, registry, metrics, works } = parts;
  const { settings, files, nodeId, state, log, now } = base;
  const { max_queue_depth, max_queue_depth_per_client, max_records, retention_hours } = settings.jobs;
  const threads = settings.jobs.worker_threads ?? availableParallelism();
  return createJobService({
    node: nodeId,
    chain: {
      chainId: files.trust.chainId,
      replica: files.replicaId,
      dir: files.dir,
      async state() {
        const { fingerprint, pin, anchorIndex } = await replica.state();
        return { fingerprint, head: { height: pin.height, headHash: pin.headHash, anchorIndex } };
      },
    },
    backend: openBackend(base, registry, threads),
    state,
    cache: stores.cache,
    resultKey: (identity) => resultKey({ ...identity, engineVersion: packageVersion() }),
    validator,
    evidence: stores.evidence,
    nodes: registry,
    config: jobConfig(runtime, settings.integrity.levels),
    work: works && { shards: threads },
    log,
    now,
    maxQueueDepth: max_queue_depth,
    maxQueueDepthPerClient: max_queue_depth_per_client,
    maxRecords: max_records,
    retentionMs: retention_hours * HOUR_MS,
    onAccepted: ({ spec }) => metrics.jobAccepted(spec.level, spec.origin.trigger),
    onEnded: (record, result) => {
      logEnd(log, record);
      try {
        noteEnd(record, result, parts);
      } catch (error) {
        log.warn('a report was not counted', { jobId: record.spec.jobId, reason: String(error) });
      }
    },
  });
}

/** One object for as long as nobody changes a setting: it is asked for with every request. */
function jobConfig(runtime: RuntimeConfig, levels: JobConfig['levels']): () => JobConfig {
  let inForce = runtime.current();
  let config: JobConfig = { ...inForce, levels };
  return () => {
    const current = runtime.current();
    if (current !== inForce) {
      inForce = current;
      config = { ...current, levels };
    }
    return config;
  };
}

function openBackend(base: Base, registry: NodeRegistry, threads: number): JobBackend {
  const { settings, fleet, files, nodeId, log } = base;
  if (!fleet) return createMemoryBackend();
  const lockMs = settings.jobs.lock_seconds * 1000;
  return createRedisBackend({
    ...{ node: nodeId, nodes: registry, threads, log },
    chainId: files.trust.chainId,
    replica: files.replicaId,
    connections: fleet.redis,
    prefix: settings.redis.prefix,
    sealers: (purpose) => createSealer(fleet.secret, purpose),
    retentionMs: settings.jobs.retention_hours * HOUR_MS,
    locks: { ...DEFAULT_LOCKS, lockMs, stalledCheckMs: lockMs },
  });
}

/** What a validation has found is for the log too: who reads it later may have nothing else. */
function logEnd(
  log: Log,
  { spec, state, status, complete, error, node, startedAt, finishedAt }: JobRecord,
): void {
  const { jobId, level, origin } = spec;
  const tone = status === undefined ? (state === 'failed' ? 'warn' : 'info') : TONES[status];
  log[tone]('a job has ended', {
    ...{
      jobId,
      requestId: origin.requestId,
      trigger: origin.trigger,
      validationLevel: level,
      state,
      status,
      complete,
      error,
    },
    worker: node,
    seconds: startedAt && finishedAt && (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000,
  });
}

/** At once, so that who has waited for the end finds it in the status of the node. */
function noteEnd(
  record: JobRecord,
  result: EndedResult | undefined,
  { metrics, figures, lastResults }: Parts,
): void {
  const { spec, state, startedAt } = record;
  metrics.jobFinished(spec.level, state);
  for (let lost = 1; lost < record.attempts; lost++) metrics.jobRetried(spec.level);
  if (startedAt !== undefined) {
    metrics.jobStarted(spec.level, Date.parse(startedAt) - Date.parse(spec.createdAt));
  }
  figures.note(record);
  if (spec.kind !== 'replica' || result === undefined) return;
  const report = JSON.parse(result.report) as Report;
  metrics.validationFinished(report, result.stages, lastResults.note(record, report));
}

/** The jobs as the API is given them: what is accepted, joined and refused is counted. */
export function meteredJobs(service: JobService, metrics: Metrics): ApiJobs {
  return {
    async submit(request, origin) {
      try {
        const submitted = await service.submit(request, origin);
        if (submitted.kind === 'accepted' && submitted.existing)
          metrics.jobJoined(submitted.record.spec.level);
        return submitted;
      } catch (thrown) {
        metrics.jobRefused(ProvChainError.from(thrown).code);
        throw thrown;
      }
    },
    get: (jobId) => service.get(jobId),
    report: (jobId) => service.report(jobId),
    profile: (jobId) => service.profile(jobId),
    list: (query) => service.list(query),
    cancel: (jobId, by) => service.cancel(jobId, by),
    watch: (jobId, since, listener) => service.watch(jobId, since, listener),
    wait: (jobId, ms, signal) => service.wait(jobId, ms, signal),
  };
}
