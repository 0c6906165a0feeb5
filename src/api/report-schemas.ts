import { z } from 'zod';
import 'zod-openapi';
import { CHECKS, LEVELS, STATUSES } from '../validation/index.js';

const LEVELS_BY_NAME = new Map<string, string>(LEVELS.map((level) => [level.toLowerCase(), level]));

/** Levels are named in any case, as on the command line. */
const spelled = (value: unknown): unknown =>
  typeof value === 'string' ? (LEVELS_BY_NAME.get(value.toLowerCase()) ?? value) : value;

export const levelSchema = z.preprocess(spelled, z.enum(LEVELS)).meta({
  description:
    'What is checked: each level covers every block and all that the one before does (docs/levels.md).',
});
export const checkSchema = z
  .enum(CHECKS)
  .meta({ id: 'Check', description: 'A check by its name (docs/levels.md).' });
export const statusSchema = z.enum(STATUSES).meta({
  id: 'Status',
  description: 'The worst of what was found. Incomplete: something could not be checked.',
});
export const levelNameSchema = z.enum([...LEVELS, 'Custom']).meta({ id: 'LevelName' });

export const hashSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: 'SHA-256, 64 hexadecimal digits.' });
export const timeSchema = z.string().meta({ description: 'ISO 8601, UTC.', format: 'date-time' });
export const countSchema = z.int().min(0);
export const measuredSchema = z.number().nullable().meta({ description: 'null: not measured.' });

export const findingSchema = z
  .looseObject({
    code: z.string().meta({ description: 'docs/findings.md lists them.' }),
    severity: statusSchema,
    block: z.int().nullable(),
    message: z.string(),
    action: z.string(),
  })
  .meta({ id: 'Finding' });

/** `provchain-report/1`, as far as clients need to know it before they look. */
export const reportSchema = z
  .looseObject({
    schema: z.literal('provchain-report/1'),
    jobId: z.string(),
    chain: z.object({
      id: z.string(),
      format: z.string(),
      height: z.int().nullable(),
      headHash: z.string().nullable(),
    }),
    replica: z.string(),
    node: z.string(),
    level: levelNameSchema,
    scope: z.object({ from: countSchema, to: countSchema, partial: z.boolean() }),
    status: statusSchema,
    complete: z.boolean(),
    startedAt: timeSchema,
    finishedAt: timeSchema,
    durationMs: z.number(),
    checked: z.record(z.string(), countSchema),
    findingCounts: z.record(z.string(), countSchema),
    findings: z.array(findingSchema),
    asOf: timeSchema,
    reportDigest: hashSchema,
  })
  .meta({ id: 'Report', description: 'What a validation found, schema provchain-report/1.' });
