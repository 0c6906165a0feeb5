import type { JobRequest, JobState } from '../jobs/index.js';
import type { Level, Report } from '../validation/index.js';
import { type AlertsClient, alertsClient } from './alerts.js';
import { parseJob, parseJobList, parseOutcome, parseReport, type RemoteJob } from './answers.js';
import { Http } from './http.js';
import { type WatchOptions, watchJob } from './watch.js';

export interface ClientOptions {
  /** Where the node, or the load balancer before several, is: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly token?: string;
  /** For one answer; 30 s when not given. Watching takes as long as the job. */
  readonly timeoutMs?: number;
}

/** What a submission led to: a job, which may have ended already, or the result of an earlier one that still holds. */
export type Submitted =
  | { readonly kind: 'accepted'; readonly job: RemoteJob }
  | { readonly kind: 'cached'; readonly report: Report; readonly ageMs: number };

export interface ListQuery {
  readonly state?: JobState;
  readonly level?: Level | 'Custom';
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

export interface CallOptions {
  /** When it is aborted, the call rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * The jobs and alerts of a node, over its REST interface. Every method rejects with a `ProvChainError`: the code that the node's
 * problem document names (NOT_FOUND, OVERLOADED, FORBIDDEN …), or SERVER_UNREACHABLE when nothing answers, not in time,
 * or not as a node does.
 */
export interface Client {
  /**
   * Asks for a validation. Several calls with one idempotency key are one job, so that a caller who got no answer can
   * ask again.
   */
  submit(
    request: JobRequest,
    options?: CallOptions & { readonly idempotencyKey?: string },
  ): Promise<Submitted>;
  get(jobId: string, options?: CallOptions): Promise<RemoteJob>;
  list(query?: ListQuery, options?: CallOptions): Promise<{ jobs: readonly RemoteJob[]; next?: string }>;
  /** A job that has ended stays as it is. */
  cancel(jobId: string, options?: CallOptions): Promise<RemoteJob>;
  /** Errors beside those of all: JOB_NOT_FINISHED, JOB_WITHOUT_REPORT. */
  report(jobId: string, options?: CallOptions): Promise<Report>;
  /** The job after each change until it has ended; see {@link watchJob}. */
  watch(jobId: string, options?: Partial<WatchOptions>): AsyncGenerator<RemoteJob>;
  readonly alerts: AlertsClient;
}

const TIMEOUT_MS = 30_000;
/** A node sends a comment every 15 s. */
const IDLE_MS = 45_000;
const PATIENCE_MS = 60_000;

/** Errors: USAGE for a URL that is none. */
export function createClient(options: ClientOptions): Client {
  const http = new Http({ timeoutMs: TIMEOUT_MS, ...options });
  const pathOf = (jobId: string, part = '') => `/api/jobs/${encodeURIComponent(jobId)}${part}`;
  return {
    async submit(request, { idempotencyKey, signal } = {}) {
      const headers = idempotencyKey === undefined ? undefined : { 'idempotency-key': idempotencyKey };
      const { status, json } = await http.request({
        method: 'POST',
        path: '/api/jobs',
        headers,
        body: request,
        signal,
      });
      if (status === 202) return { kind: 'accepted', job: parseJob(json) };
      const outcome = parseOutcome(json);
      return 'job' in outcome ? { kind: 'accepted', job: outcome.job } : { kind: 'cached', ...outcome };
    },
    async get(jobId, { signal } = {}) {
      return parseJob((await http.request({ path: pathOf(jobId), signal })).json);
    },
    async list(query = {}, { signal } = {}) {
      const search = new URLSearchParams();
      for (const [name, value] of Object.entries(query)) {
        if (value !== undefined) search.set(name, String(value));
      }
      return parseJobList((await http.request({ path: `/api/jobs?${search}`, signal })).json);
    },
    async cancel(jobId, { signal } = {}) {
      return parseJob((await http.request({ method: 'DELETE', path: pathOf(jobId), signal })).json);
    },
    async report(jobId, { signal } = {}) {
      return parseReport((await http.request({ path: pathOf(jobId, '/report'), signal })).json);
    },
    alerts: alertsClient(http),
    watch: (jobId, watchOptions) =>
      watchJob(http, jobId, { idleMs: IDLE_MS, patienceMs: PATIENCE_MS, ...watchOptions }),
  };
}
