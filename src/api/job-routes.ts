import { z } from 'zod';
import { ProvChainError } from '../errors.js';
import { isTerminal, type JobRecord } from '../jobs/index.js';
import type { ApiDependencies } from './dependencies.js';
import { jobEvents } from './job-events.js';
import {
  flagText,
  jobListQuerySchema,
  jobListSchema,
  jobParamsSchema,
  jobRequestSchema,
  jobSchema,
  LONGEST_WAIT_SECONDS,
  outcomeSchema,
  waitText,
} from './job-schemas.js';
import { jobPath, jobView } from './job-view.js';
import { SUBMIT_ERRORS, submitJob } from './outcome.js';
import { reportSchema } from './report-schemas.js';
import { type Route, route } from './route.js';

const tag = 'Jobs';
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;
const FOREVER = 'private, max-age=31536000, immutable';

const downloadQuery = z.strictObject({
  download: flagText.optional().meta({ description: 'Sent as a file.' }),
});

/** The key of an Idempotency-Key field, with or without the quotes of the draft standard. */
function idempotencyKey(field: string | undefined): string | undefined {
  if (field === undefined) return undefined;
  const key = field.replace(/^"(.*)"$/, '$1');
  if (IDEMPOTENCY_KEY.test(key)) return key;
  throw new ProvChainError(
    'REQUEST_INVALID',
    'the Idempotency-Key must be 1 to 255 visible ASCII characters',
  );
}

/** Seconds of `Prefer: wait=N` (RFC 7240 §4.3). */
function preferredWait(field: string | undefined): number | undefined {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(field ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), LONGEST_WAIT_SECONDS);
}

async function findJob(node: ApiDependencies, jobId: string): Promise<JobRecord> {
  const record = await node.jobs.get(jobId);
  if (record === undefined) throw new ProvChainError('NOT_FOUND', `there is no job ${jobId}`);
  return record;
}

const revisionTag = ({ revision }: JobRecord): string => `"${revision}"`;

const fileHeaders = (download: boolean | undefined, name: string): Record<string, string> =>
  download ? { 'Content-Disposition': `attachment; filename="${name}"` } : {};

const submit = route({
  id: 'submitJob',
  method: 'POST',
  path: '/api/jobs',
  role: 'operator',
  tag,
  summary: 'Ask for a validation',
  description:
    'Answers from the cache when a result of the same question over the same bytes is there. Otherwise the job is durable before the 202 goes out, and ends in one visible state whatever happens to the queue. Requests for the same in flight are one job.',
  query: z.strictObject({ wait: waitText }),
  requestHeaders: {
    'Idempotency-Key': 'Requests of one user with one key are one job, however often they are sent.',
    Prefer: '`wait=N`, the same as the parameter.',
  },
  body: { kind: 'json', schema: jobRequestSchema, optional: true },
  responses: {
    200: { description: 'The result, cached or of a job that ended in time.', schema: outcomeSchema },
    202: {
      description: 'The job, not ended yet.',
      schema: jobSchema,
      headers: { Location: 'Path of the job.', 'Retry-After': 'Seconds until it is worth looking again.' },
    },
  },
  errors: ['IDEMPOTENCY_MISMATCH', ...SUBMIT_ERRORS],
  async handle(request, node) {
    const key = idempotencyKey(request.header('Idempotency-Key'));
    const wait = request.query.wait ?? preferredWait(request.header('Prefer')) ?? 0;
    return submitJob(request, node, request.body, wait, key);
  },
});

const list = route({
  id: 'listJobs',
  method: 'GET',
  path: '/api/jobs',
  role: 'viewer',
  tag,
  summary: 'List jobs, newest first',
  query: jobListQuerySchema,
  responses: {
    200: { description: 'A page.', schema: jobListSchema, headers: { Link: 'rel="next": the next page.' } },
  },
  errors: [],
  async handle({ query }, node) {
    const { jobs, next } = await node.jobs.list(query);
    const filters = Object.entries({
      state: query.state,
      level: query.level,
      limit: query.limit,
      after: next,
    });
    const given = filters
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]);
    const headers: Record<string, string> =
      next === undefined
        ? {}
        : { Link: `</api/jobs?${new URLSearchParams(Object.fromEntries(given))}>; rel="next"` };
    return { status: 200, headers, json: { jobs: jobs.map(jobView), next: next ?? null } };
  },
});

const get = route({
  id: 'getJob',
  method: 'GET',
  path: '/api/jobs/:id',
  role: 'viewer',
  tag,
  summary: 'One job',
  params: jobParamsSchema,
  responses: {
    200: { description: 'The job.', schema: jobSchema, headers: { ETag: 'The revision of the job.' } },
    304: { description: 'Nothing has changed since.' },
  },
  errors: ['NOT_FOUND'],
  async handle({ params }, node) {
    const record = await findJob(node, params.id);
    return {
      status: 200,
      headers: { ETag: revisionTag(record), 'Cache-Control': 'private, no-cache' },
      json: jobView(record),
    };
  },
});

const cancel = route({
  id: 'cancelJob',
  method: 'DELETE',
  path: '/api/jobs/:id',
  role: 'operator',
  tag,
  summary: 'Cancel a job',
  description:
    'A job that has ended stays as it is. What a running one has covered until then is its report.',
  params: jobParamsSchema,
  responses: {
    200: { description: 'The job has ended.', schema: jobSchema },
    202: {
      description: 'The job is being stopped.',
      schema: jobSchema,
      headers: { Location: 'Path of the job.' },
    },
  },
  errors: ['NOT_FOUND', 'QUEUE_UNAVAILABLE'],
  audit: 'job.cancel',
  async handle({ params, principal, noteForAudit }, node) {
    noteForAudit({ jobId: params.id });
    const record = await node.jobs.cancel(params.id, principal.name);
    const ended = isTerminal(record.state);
    const headers: Record<string, string> = ended ? {} : { Location: jobPath(params.id) };
    return { status: ended ? 200 : 202, headers, json: jobView(record) };
  },
});

const report = route({
  id: 'getReport',
  method: 'GET',
  path: '/api/jobs/:id/report',
  role: 'viewer',
  tag,
  summary: 'The report of a job',
  params: jobParamsSchema,
  query: downloadQuery,
  responses: {
    200: { description: 'The report.', schema: reportSchema, headers: { ETag: 'Its digest.' } },
    304: { description: 'It is the report that the client has.' },
  },
  errors: ['NOT_FOUND', 'JOB_NOT_FINISHED', 'JOB_WITHOUT_REPORT'],
  async handle({ params, query }, node) {
    const found = await node.jobs.report(params.id);
    if (found === undefined) {
      const record = await findJob(node, params.id);
      if (isTerminal(record.state)) {
        throw new ProvChainError(
          'JOB_WITHOUT_REPORT',
          `the job is ${record.state} and has no report of its own`,
        );
      }
      throw new ProvChainError('JOB_NOT_FINISHED', `the job is ${record.state}`);
    }
    return {
      status: 200,
      headers: {
        ETag: `"${found.digest}"`,
        'Cache-Control': FOREVER,
        ...fileHeaders(query.download, `provchain-report-${params.id}.json`),
      },
      type: 'application/json; charset=utf-8',
      raw: found.text,
    };
  },
});

const profile = route({
  id: 'getProfile',
  method: 'GET',
  path: '/api/jobs/:id/profile',
  role: 'operator',
  tag,
  summary: 'Stage times and CPU profile of a job',
  description:
    'There is one when the job ran with profiling. With `download`, the file that Chrome DevTools opens.',
  params: jobParamsSchema,
  query: downloadQuery,
  responses: {
    200: {
      description: 'The profile.',
      schema: z.object({
        jobId: z.string(),
        stages: z.record(z.string(), z.number()).nullable().meta({ description: 'Milliseconds per stage.' }),
        cpuProfile: z.unknown().meta({ description: 'A V8 CPU profile, or null.' }),
      }),
    },
  },
  errors: ['NOT_FOUND'],
  async handle({ params, query }, node) {
    await findJob(node, params.id);
    const found = await node.jobs.profile(params.id);
    if (found === undefined || (query.download && found.cpuProfile === undefined)) {
      throw new ProvChainError('NOT_FOUND', `the job ${params.id} has no profile`);
    }
    const { stages = null, cpuProfile = 'null' } = found;
    const id = JSON.stringify(params.id);
    return {
      status: 200,
      headers: fileHeaders(query.download, `provchain-${params.id}.cpuprofile`),
      type: 'application/json; charset=utf-8',
      raw: query.download
        ? cpuProfile
        : `{"jobId":${id},"stages":${JSON.stringify(stages)},"cpuProfile":${cpuProfile}}`,
    };
  },
});

const events = route({
  id: 'watchJob',
  method: 'GET',
  path: '/api/jobs/:id/events',
  role: 'viewer',
  tag,
  summary: 'Follow a job (server-sent events)',
  description:
    'Events `state` and `progress`, whose data is the job and whose id is its revision. The stream ends after the terminal state; a client that lost it goes on with Last-Event-ID.',
  params: jobParamsSchema,
  requestHeaders: { 'Last-Event-ID': 'The last revision that the client has seen.' },
  responses: {
    200: { description: 'The stream.', mediaTypes: ['text/event-stream'] },
    204: { description: 'The job has ended and the client has seen it: there is nothing to wait for.' },
  },
  errors: ['NOT_FOUND', 'OVERLOADED'],
  async handle(request, node) {
    const record = await findJob(node, request.params.id);
    return jobEvents(record, request.header('Last-Event-ID'), node);
  },
});

export const jobRoutes: readonly Route[] = [submit, list, get, cancel, report, profile, events];
