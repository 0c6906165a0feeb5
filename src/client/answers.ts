import { z } from 'zod';
import { ProvChainError } from '../errors.js';
import type { JobState } from '../jobs/index.js';
import { LEVELS, type Report, STATUSES } from '../validation/index.js';

/**
 * What a server's answers must hold for the client to use them. A server chooses every byte, and a newer one may send
 * more than is known here; fields that nobody reads are let through unlooked-at.
 */
const STATES = [
  'queued',
  'running',
  'completed',
  'failed',
  'cancelled',
] as const satisfies readonly JobState[];

const count = z.int().min(0);
const status = z.enum(STATUSES);
const code = z.string().max(64);

const replica = z.looseObject({
  replica: z.string(),
  jobId: z.string(),
  state: z.enum(STATES),
  status: status.nullish(),
  height: count.nullish(),
  headHash: z.string().nullish(),
  error: z.looseObject({ code, message: z.string() }).nullish(),
});

const job = z.looseObject({
  jobId: z.string().min(1).max(128),
  kind: z.enum(['replica', 'fleet']),
  state: z.enum(STATES),
  level: z.enum([...LEVELS, 'Custom']),
  profile: z.string().nullish(),
  scope: z.looseObject({ from: count, to: count.nullish() }),
  pin: z.looseObject({ height: count, headHash: z.string().nullable() }).nullish(),
  chainId: z.string(),
  replica: z.string(),
  node: z.string().nullish(),
  createdAt: z.string(),
  startedAt: z.string().nullish(),
  finishedAt: z.string().nullish(),
  revision: count,
  progress: z.looseObject({ blocks: count, totalBlocks: count, bytes: count }).nullish(),
  status: status.nullish(),
  complete: z.boolean().nullish(),
  reportDigest: z.string().nullish(),
  error: z.looseObject({ code, message: z.string() }).nullish(),
  replicas: z.array(replica).nullish(),
  agree: z.boolean().nullish(),
  notes: z.array(z.string()).default([]),
});

/** A job, as the server shows it. */
export type RemoteJob = z.infer<typeof job>;

const report = z.looseObject({
  schema: z.literal('provchain-report/1'),
  status,
  complete: z.boolean(),
  level: z.enum([...LEVELS, 'Custom']),
  reportDigest: z.string(),
  chain: z.looseObject({ id: z.string() }),
  findings: z.array(z.looseObject({ code: z.string(), severity: status })),
  findingCounts: z.record(z.string(), count),
});

const outcome = z.looseObject({
  cached: z.boolean(),
  ageMs: z.number().min(0),
  job: job.nullish(),
  report: report.nullish(),
});

const list = z.looseObject({ jobs: z.array(job), next: z.string().nullish() });

export const parseJob = (value: unknown): RemoteJob => parseAnswer(job, value, 'a job');

export function parseJobList(value: unknown): {
  readonly jobs: readonly RemoteJob[];
  readonly next?: string;
} {
  const { jobs, next } = parseAnswer(list, value, 'a list of jobs');
  return next == null ? { jobs } : { jobs, next };
}

export const parseReport = (value: unknown): Report =>
  parseAnswer(report, value, 'a report') as unknown as Report;

/** What a submission gives when no more is to be waited for: the job of the request, or without one the cached report. */
export function parseOutcome(
  value: unknown,
): { readonly job: RemoteJob } | { readonly report: Report; readonly ageMs: number } {
  const answer = parseAnswer(outcome, value, 'a result');
  if (answer.job) return { job: answer.job };
  if (!answer.report) throw strange('a result', 'it has neither a job nor a report');
  return { report: answer.report as unknown as Report, ageMs: answer.ageMs };
}

/** Errors: SERVER_UNREACHABLE for an answer that is not of this form. */
export function parseAnswer<S extends z.ZodType>(schema: S, value: unknown, what: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw strange(what, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
}

function strange(what: string, problem: string): ProvChainError {
  return new ProvChainError(
    'SERVER_UNREACHABLE',
    `the server's answer is not ${what} that is known here (${problem})`,
  );
}
