import type { z } from 'zod';
import type { ApiDependencies } from './dependencies.js';
import { jobRequestSchema, jobSchema, outcomeSchema, validateQuerySchema } from './job-schemas.js';
import { SUBMIT_ERRORS, submitJob } from './outcome.js';
import { type ApiRequest, type Reply, type Route, route } from './route.js';

/** Below the usual limit of a request, so that a small chain's report comes back at once. */
const DEFAULT_WAIT_SECONDS = 20;
const tag = 'Integrity';

const common = {
  path: '/api/integrity/validate',
  role: 'operator',
  tag,
  responses: {
    200: { description: 'The result.', schema: outcomeSchema },
    202: {
      description: 'The job, which takes longer than the time to wait.',
      schema: jobSchema,
      headers: { Location: 'Path of the job.', 'Retry-After': 'Seconds until it is worth looking again.' },
    },
  },
  errors: SUBMIT_ERRORS,
} as const;

type Query = z.output<typeof validateQuerySchema>;
type Body = z.output<typeof jobRequestSchema>;

/** What stands in the query goes before what stands in the body. */
function validateNow(
  request: ApiRequest<unknown, Query, Body | undefined>,
  node: ApiDependencies,
): Promise<Reply> {
  const { level, profile, fresh, wait = DEFAULT_WAIT_SECONDS } = request.query;
  const { level: bodyLevel, checks, profile: bodyProfile, ...rest } = request.body ?? {};
  const named = level ?? profile;
  const what = named === undefined ? { level: bodyLevel, checks, profile: bodyProfile } : { level, profile };
  return submitJob(request, node, { ...rest, ...what, ...(fresh === undefined ? {} : { fresh }) }, wait);
}

const validate = route({
  ...common,
  id: 'validate',
  method: 'GET',
  summary: 'Validate the chain and wait for the report',
  description: `Waits ${DEFAULT_WAIT_SECONDS} seconds when no other time is given. The report says what was found; "Healthy" stands in \`report.status\`.`,
  query: validateQuerySchema,
  handle: (request, node) => validateNow(request, node),
});

const validateByBody = route({
  ...common,
  id: 'validateWith',
  method: 'POST',
  summary: 'Validate the chain as the body says and wait for the report',
  query: validateQuerySchema,
  body: { kind: 'json', schema: jobRequestSchema, optional: true },
  handle: (request, node) => validateNow(request, node),
});

export const validateRoutes: readonly Route[] = [validate, validateByBody];
