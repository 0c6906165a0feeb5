import { METHODS } from 'node:http';
import type { ErrorCode } from '../errors.js';
import { type Report, STATUSES } from '../validation/index.js';
import { Instruments } from './instruments.js';
import { type MetricSources, takeSamples } from './samples.js';

/** What a report tells the metrics. */
export type MeasuredReport = Pick<
  Report,
  | 'level'
  | 'status'
  | 'complete'
  | 'scope'
  | 'durationMs'
  | 'finishedAt'
  | 'asOf'
  | 'checked'
  | 'findingCounts'
  | 'checks'
>;

export interface MetricsOptions {
  /** `monitoring.metrics.include_detailed_metrics`: time per stage. */
  readonly detailed: boolean;
  /** Version of the program. */
  readonly version: string;
  readonly node?: NodeIdentity;
  /** How long a scrape waits for one part of the node. Default 2 s. */
  readonly patienceMs?: number;
}

export interface NodeIdentity {
  readonly nodeId: string;
  readonly chainId: string;
  readonly replica: string;
  readonly mode: 'embedded' | 'fleet';
  /** `api`, `worker` or both. */
  readonly roles: readonly string[];
}

/**
 * What the parts of the node report, and the text that Prometheus scrapes. None of the methods throws for a value that
 * comes from outside; labels are of small closed sets, so that no client can make new time series.
 */
export interface Metrics {
  /** Who this node is, once that is known. */
  identify(node: NodeIdentity): void;
  /** Whom to ask at a scrape, beside those named before. */
  addSources(sources: MetricSources): void;

  /** @param route the declared path, never the one that was asked for */
  httpRequest(route: string, method: string, status: number, seconds: number): void;
  /** Returns what to call when the stream ends. */
  eventStream(): () => void;

  jobAccepted(level: string, trigger: string): void;
  jobJoined(level: string): void;
  jobRefused(code: ErrorCode): void;
  jobStarted(level: string, waitMs: number): void;
  jobRetried(level: string): void;
  jobFinished(level: string, state: string): void;
  /**
   * @param stages milliseconds per stage, of a job with profiling
   * @param ofLevel whether the report says something about the chain at its level
   */
  validationFinished(
    report: MeasuredReport,
    stages?: Readonly<Record<string, number>>,
    ofLevel?: boolean,
  ): void;

  alertOpened(rule: string, severity: string): void;
  alertDelivery(channel: string, outcome: 'sent' | 'retried' | 'given_up'): void;

  appendStored(durationMs: number): void;
  appendRefused(code: ErrorCode): void;

  /** @param status of the report; `failed` or `refused` when there is none */
  roundEnded(level: string, status: string): void;
  /** @param blocks that were verified */
  sliceEnded(status: string, blocks: number): void;

  loginSucceeded(): void;
  authFailed(code: ErrorCode): void;
  auditWritten(): void;
  auditFailed(): void;

  readonly contentType: string;
  /** Everything in Prometheus's text format. Scrapes at the same time share one collection. */
  text(): Promise<string>;
  /** Names with type and help, those of the runtime among them. */
  describe(): Promise<readonly { readonly name: string; readonly type: string; readonly help: string }[]>;
}

const PATIENCE_MS = 2_000;
const KNOWN_METHODS = new Set(METHODS);

export function createMetrics(options: MetricsOptions): Metrics {
  const instruments = new Instruments(options.detailed);
  const { registry } = instruments;
  let identity = options.node;
  let sources: MetricSources = {};
  let scraping: Promise<string> | undefined;

  const scrape = async (): Promise<string> => {
    await takeSamples(sources, instruments, options.patienceMs ?? PATIENCE_MS);
    const build = { version: options.version, node_version: process.version };
    instruments.set('provchain_build_info', build, 1);
    if (identity) instruments.set('provchain_node_info', labelsOf(identity), 1);
    return registry.metrics();
  };

  return {
    identify(node) {
      identity = node;
    },
    addSources(more) {
      sources = { ...sources, ...more };
    },
    ...httpMetrics(instruments),
    ...jobMetrics(instruments),
    validationFinished: (report, stages, ofLevel) => recordReport(instruments, report, stages, ofLevel),
    appendStored(durationMs) {
      instruments.count('provchain_appends_total', { outcome: 'stored' });
      instruments.observe('provchain_append_duration_seconds', {}, durationMs / 1000);
    },
    appendRefused: (code) => instruments.count('provchain_appends_total', { outcome: code }),
    roundEnded: (level, status) => instruments.count('provchain_monitor_rounds_total', { level, status }),
    sliceEnded(status, blocks) {
      instruments.count('provchain_scrub_slices_total', { status });
      instruments.count('provchain_scrub_blocks_total', {}, blocks);
    },
    alertOpened: (rule, severity) => instruments.count('provchain_alerts_opened_total', { rule, severity }),
    alertDelivery: (channel, outcome) =>
      instruments.count('provchain_alert_deliveries_total', { channel, outcome }),
    loginSucceeded: () => instruments.count('provchain_logins_total', {}),
    authFailed: (code) => instruments.count('provchain_auth_failures_total', { code }),
    auditWritten: () => instruments.count('provchain_audit_records_total', {}),
    auditFailed: () => instruments.count('provchain_audit_failures_total', {}),
    contentType: registry.contentType,
    text() {
      scraping ??= scrape().finally(() => {
        scraping = undefined;
      });
      return scraping;
    },
    async describe() {
      const metrics = await registry.getMetricsAsJSON();
      return metrics.map(({ name, type, help }) => ({ name, type: String(type), help }));
    },
  };
}

const labelsOf = ({ nodeId, chainId, replica, mode, roles }: NodeIdentity) => ({
  node_id: nodeId,
  chain_id: chainId,
  replica,
  mode,
  roles: roles.join(','),
});

function httpMetrics(instruments: Instruments): Pick<Metrics, 'httpRequest' | 'eventStream'> {
  let streams = 0;
  const changeStreams = (by: number) => {
    streams += by;
    instruments.set('provchain_http_event_streams', {}, streams);
  };
  return {
    httpRequest(route, sentMethod, status, seconds) {
      const method = KNOWN_METHODS.has(sentMethod) ? sentMethod : 'other';
      instruments.count('provchain_http_requests_total', { method, route, status: String(status) });
      instruments.observe('provchain_http_request_duration_seconds', { method, route }, seconds);
    },
    eventStream() {
      let open = true;
      changeStreams(1);
      return () => {
        if (open) changeStreams(-1);
        open = false;
      };
    },
  };
}

function jobMetrics(
  instruments: Instruments,
): Pick<Metrics, 'jobAccepted' | 'jobJoined' | 'jobRefused' | 'jobStarted' | 'jobRetried' | 'jobFinished'> {
  return {
    jobAccepted: (level, trigger) => instruments.count('provchain_jobs_accepted_total', { level, trigger }),
    jobJoined: (level) => instruments.count('provchain_jobs_joined_total', { level }),
    jobRefused: (code) => instruments.count('provchain_jobs_refused_total', { code }),
    // The clocks of two nodes may differ, so a job may seem to have started before it was accepted.
    jobStarted: (level, waitMs) =>
      instruments.observe('provchain_job_wait_seconds', { level }, Math.max(0, waitMs) / 1000),
    jobRetried: (level) => instruments.count('provchain_jobs_retried_total', { level }),
    jobFinished: (level, state) => instruments.count('provchain_jobs_finished_total', { level, state }),
  };
}

function recordReport(
  instruments: Instruments,
  report: MeasuredReport,
  stages: Readonly<Record<string, number>> = {},
  ofLevel = true,
): void {
  const { level, status, scope, checked } = report;
  instruments.count('provchain_validations_total', { level, status });
  instruments.observe('provchain_validation_duration_seconds', { level, status }, report.durationMs / 1000);
  instruments.count('provchain_validated_blocks_total', { level }, checked.headers);
  instruments.count('provchain_validated_bytes_total', { level }, checked.payloadBytes);
  for (const [code, number] of Object.entries(report.findingCounts)) {
    instruments.count('provchain_findings_total', { code }, number);
  }
  for (const [stage, { ran, durationMs }] of Object.entries(report.checks)) {
    if (!ran) continue;
    instruments.observe('provchain_validation_stage_seconds', { level, stage }, durationMs / 1000);
  }
  for (const [stage, durationMs] of Object.entries(stages)) {
    instruments.observe('provchain_validation_stage_seconds', { level, stage }, durationMs / 1000);
  }
  if (ofLevel && !scope.partial) recordLast(instruments, report);
}

/** What was last said of the whole chain. An Incomplete report says something, but it does not make the chain checked. */
function recordLast(instruments: Instruments, report: MeasuredReport): void {
  const { level } = report;
  for (const status of STATUSES) {
    const value = status === report.status ? 1 : 0;
    instruments.set('provchain_last_validation_status', { level, status }, value);
  }
  if (!report.complete) return;
  const seconds = (time: string) => Date.parse(time) / 1000;
  instruments.set('provchain_last_validation_timestamp_seconds', { level }, seconds(report.finishedAt));
  instruments.set('provchain_last_validation_evidence_timestamp_seconds', { level }, seconds(report.asOf));
}
