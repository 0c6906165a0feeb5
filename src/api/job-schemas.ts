import { z } from 'zod';
import { JOB_STATES, JOB_TRIGGERS, PRIORITIES } from '../jobs/index.js';
import {
  checkSchema,
  countSchema,
  levelNameSchema,
  levelSchema,
  reportSchema,
  statusSchema,
  timeSchema,
} from './report-schemas.js';

/** A day: longer limits are a mistake in the unit, most often. */
const LONGEST_MS = 86_400_000;
export const LONGEST_WAIT_SECONDS = 300;
const PAGE_LIMIT = 200;
const DEFAULT_PAGE = 50;

/** A whole number in a path or a query, where everything is text. */
export const numberText = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'expected a whole number')
    .transform(Number)
    .refine(
      (value) => value >= minimum && value <= maximum,
      `expected a number from ${minimum} to ${maximum}`,
    )
    .meta({ override: { type: 'integer', minimum, maximum, pattern: undefined } });

export const flagText = z
  .enum(['true', 'false', '1', '0'])
  .transform((value) => value === 'true' || value === '1')
  .meta({ override: { type: 'boolean', enum: undefined } });

const profileSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/)
  .meta({ description: 'A custom level of the configuration, [integrity.levels.NAME].' });

export const waitText = numberText(0, LONGEST_WAIT_SECONDS)
  .optional()
  .meta({ description: 'Seconds to wait for the end of the job.' });

export const jobRequestSchema = z
  .strictObject({
    level: levelSchema.optional(),
    checks: z
      .array(checkSchema)
      .min(1)
      .max(16)
      .optional()
      .meta({ description: 'A custom set of checks, instead of a level.' }),
    profile: profileSchema.optional(),
    from: countSchema.optional().meta({ description: 'First block; 0 when not given.' }),
    to: countSchema.optional().meta({ description: 'The block after the last; the height when not given.' }),
    requireAnchor: z
      .boolean()
      .optional()
      .meta({ description: 'false: a chain without anchor.json is no finding.' }),
    timeLimitMs: z.int().min(1).max(LONGEST_MS).optional(),
    priority: z.enum(PRIORITIES).optional(),
    fresh: z
      .boolean()
      .optional()
      .meta({ description: 'Neither the cache nor evidence of earlier jobs is used.' }),
    fleet: z.boolean().optional().meta({ description: 'Every replica is checked, and whether they agree.' }),
  })
  .refine(
    ({ level, checks, profile }) => [level, checks, profile].filter((each) => each !== undefined).length <= 1,
    'only one of level, checks and profile can be given',
  )
  .refine(({ from = 0, to }) => to === undefined || to > from, '"to" must be greater than "from"')
  .meta({ id: 'JobRequest' });

export const validateQuerySchema = z.strictObject({
  level: levelSchema.optional(),
  profile: profileSchema.optional(),
  wait: waitText,
  fresh: flagText.optional().meta({ description: 'Neither the cache nor evidence of earlier jobs is used.' }),
});

export const jobListQuerySchema = z.strictObject({
  state: z.enum(JOB_STATES).optional(),
  level: z
    .preprocess(
      (value) => (value === 'custom' ? 'Custom' : value),
      z.union([levelSchema, z.literal('Custom')]),
    )
    .optional(),
  limit: numberText(1, PAGE_LIMIT).default(DEFAULT_PAGE),
  after: z
    .string()
    .regex(/^[A-Za-z0-9._~:-]{1,200}$/)
    .optional()
    .meta({ description: 'The `next` of the page before.' }),
});

export const jobParamsSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, 'expected the id of a job')
    .meta({ description: 'Id of the job.' }),
});

const errorSchema = z.object({ code: z.string(), message: z.string() });

export const jobSchema = z
  .object({
    jobId: z.string(),
    kind: z.enum(['replica', 'fleet']),
    state: z.enum(JOB_STATES),
    level: levelNameSchema,
    checks: z.array(checkSchema),
    profile: z.string().nullable(),
    scope: z.object({ from: countSchema, to: countSchema.nullable() }),
    pin: z.object({ height: countSchema, headHash: z.string() }).nullable().meta({
      description: 'The state of the chain that is checked: later appends do not change the result.',
    }),
    chainId: z.string(),
    replica: z.string(),
    priority: z.enum(PRIORITIES),
    fresh: z.boolean(),
    timeLimitMs: z.number(),
    trigger: z.enum(JOB_TRIGGERS),
    user: z.string().nullable(),
    owner: z.string().meta({ description: 'Node that accepted the job.' }),
    node: z.string().nullable().meta({ description: 'Node that coordinates it.' }),
    createdAt: timeSchema,
    startedAt: timeSchema.nullable(),
    finishedAt: timeSchema.nullable(),
    updatedAt: timeSchema,
    revision: countSchema,
    attempts: countSchema,
    progress: z
      .object({
        blocks: countSchema,
        totalBlocks: countSchema,
        bytes: countSchema,
        etaSeconds: z.number().nullable().meta({ description: 'null: too early to tell.' }),
      })
      .nullable(),
    status: statusSchema.nullable(),
    complete: z.boolean().nullable(),
    reportDigest: z.string().nullable(),
    error: errorSchema.nullable(),
    replicas: z.array(z.looseObject({ replica: z.string(), jobId: z.string() })).nullable(),
    agree: z.boolean().nullable().meta({ description: 'Of a fleet job; null: it could not be told.' }),
    notes: z.array(z.string()),
    links: z.object({
      self: z.string(),
      report: z.string(),
      events: z.string(),
      profile: z.string(),
    }),
  })
  .meta({ id: 'Job' });

export const jobListSchema = z.object({ jobs: z.array(jobSchema), next: z.string().nullable() });

export const outcomeSchema = z
  .object({
    cached: z.boolean().meta({ description: 'The report was made for an earlier request.' }),
    ageMs: z.number().meta({
      description: 'Milliseconds since the oldest evidence of a cached result was read; 0 for a new one.',
    }),
    asOf: timeSchema.nullable().meta({ description: 'When the oldest evidence in the report was read.' }),
    job: jobSchema.nullable().meta({ description: 'The job of this request; null when the cache answered.' }),
    report: reportSchema
      .nullable()
      .meta({ description: 'null: of a fleet job; its replicas are in the job.' }),
  })
  .meta({ id: 'Outcome', description: 'The result of a validation.' });
