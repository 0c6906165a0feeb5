import { type ErrorCode, ProvChainError } from '../errors.js';
import { isTerminal, type JobOrigin, type JobRecord, type JobRequest } from '../jobs/index.js';
import type { ApiDependencies, CachedAnswer } from './dependencies.js';
import { jobPath, jobView } from './job-view.js';
import { withExtras } from './problem.js';
import type { ApiRequest, JsonReply, RawReply, Reply } from './route.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const POLL_SECONDS = '1';

type AnyRequest = ApiRequest<unknown, unknown, unknown>;

/** Who asks, for the record of a job. */
const originOf = (request: AnyRequest, idempotencyKey?: string): JobOrigin => ({
  trigger: 'api',
  user: request.principal.name,
  requestId: request.requestId,
  idempotencyKey,
});

/** With what {@link submitJob} can fail. */
export const SUBMIT_ERRORS = [
  'OUT_OF_RANGE',
  'OVERLOADED',
  'QUEUE_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'STORE_CORRUPT',
  'NOT_A_CHAIN',
  'JOB_WITHOUT_REPORT',
] as const satisfies readonly ErrorCode[];

/**
 * Asks for a validation and answers with its report, if it comes from the cache or within the time to wait, or with the
 * job.
 */
export async function submitJob(
  request: AnyRequest,
  node: ApiDependencies,
  wanted: JobRequest,
  waitSeconds: number,
  idempotencyKey?: string,
): Promise<Reply> {
  const submission = await node.jobs.submit(wanted, originOf(request, idempotencyKey));
  if (submission.kind === 'cached') return cachedReply(submission.entry, submission.ageMs);
  const { record } = submission;
  const { jobId } = record.spec;
  request.noteForAudit({ jobId, level: record.spec.level });
  if (isTerminal(record.state)) return outcomeReply(record, node);
  if (waitSeconds === 0) return acceptedReply(record);
  request.extendDeadline(waitSeconds * 1000);
  const signals = node.stopping === undefined ? [request.signal()] : [request.signal(), node.stopping];
  const later = await node.jobs.wait(jobId, waitSeconds * 1000, AbortSignal.any(signals));
  return isTerminal(later.state) ? outcomeReply(later, node) : acceptedReply(later);
}

/**
 * A cached result: its report goes out as the text that it is, because this is the answer that is asked for thousands
 * of times a second.
 */
function cachedReply({ report, asOf }: CachedAnswer, ageMs: number): RawReply {
  return {
    status: 200,
    headers: { Age: String(Math.floor(ageMs / 1000)) },
    type: JSON_TYPE,
    raw: `{"cached":true,"ageMs":${Math.round(ageMs)},"asOf":${JSON.stringify(asOf)},"job":null,"report":${report}}`,
  };
}

const acceptedReply = (record: JobRecord): JsonReply => ({
  status: 202,
  headers: { Location: jobPath(record.spec.jobId), 'Retry-After': POLL_SECONDS },
  json: jobView(record),
});

/** A job that has ended: its report, or why there is none. */
async function outcomeReply(record: JobRecord, node: ApiDependencies): Promise<RawReply> {
  const { jobId } = record.spec;
  const report = await node.jobs.report(jobId);
  if (report === undefined && record.state !== 'completed') throw withoutReport(record);
  const asOf = report === undefined ? null : asOfReport(report.text);
  const job = JSON.stringify(jobView(record));
  return {
    status: 200,
    headers: { 'Content-Location': jobPath(jobId) },
    type: JSON_TYPE,
    raw: `{"cached":false,"ageMs":0,"asOf":${JSON.stringify(asOf)},"job":${job},"report":${report?.text ?? 'null'}}`,
  };
}

function asOfReport(text: string): string | null {
  const { asOf } = JSON.parse(text) as { asOf?: unknown };
  return typeof asOf === 'string' ? asOf : null;
}

/** Why an ended job has no report, with the code that its failure had. */
function withoutReport({ spec, state, error }: JobRecord): ProvChainError {
  const code: ErrorCode = state === 'failed' && error !== undefined ? error.code : 'JOB_WITHOUT_REPORT';
  const message = error?.message ?? `the job is ${state}`;
  const members = { jobId: spec.jobId, state, job: jobPath(spec.jobId) };
  return withExtras(new ProvChainError(code, message), { members });
}
