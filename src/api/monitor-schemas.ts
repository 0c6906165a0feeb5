import { z } from 'zod';
import { countSchema, levelNameSchema, measuredSchema, statusSchema, timeSchema } from './report-schemas.js';

const anyStatus = z.union([statusSchema, z.literal('Unknown')]);
const whenSchema = timeSchema.nullable();

const answerSchema = z
  .object({
    status: anyStatus,
    text: z
      .string()
      .meta({ description: 'One sentence: is the chain intact, and how fresh is that answer?' }),
    level: levelNameSchema.nullable(),
    evidenceAgeSeconds: measuredSchema,
    since: whenSchema.meta({ description: 'Since when results have said so without interruption.' }),
  })
  .meta({ id: 'IntegrityAnswer' });

const directions = z.enum(['Improving', 'Stable', 'Degrading', 'insufficient']);
const trendSchema = z
  .object({
    recent: measuredSchema,
    before: measuredSchema,
    direction: directions,
    samples: countSchema.meta({ description: 'That both figures were made of; with too few: insufficient.' }),
  })
  .meta({ id: 'Trend' });

const roundsSchema = z.object({
  enabled: z.boolean(),
  intervalSeconds: z.number(),
  level: levelNameSchema,
  lastRoundAt: whenSchema,
  nextRoundAt: whenSchema,
  lastRound: z
    .object({
      jobId: z.string().nullable(),
      status: statusSchema.nullable(),
      complete: z.boolean().nullable(),
      durationMs: measuredSchema,
    })
    .nullable(),
  silentSeconds: measuredSchema.meta({
    description: 'Since a round last said something about the chain, while this node ran.',
  }),
  silent: z.boolean().meta({ description: 'For two intervals and the time limit of a validation.' }),
});

const byCheck = <Value extends z.ZodType>(value: Value) =>
  z.object({ headers: value, payloads: value, signatures: value, history: value, canonical: value });

const scrubSchema = z.object({
  enabled: z.boolean(),
  fullCycleHours: z.number().nullable(),
  oldestUnverifiedSeconds: byCheck(measuredSchema).meta({
    description:
      'Since the block was checked that was checked the longest time ago; of one never checked, since it was first seen.',
  }),
  verifiedShare: measuredSchema.meta({
    description: 'Of the blocks, within the cycle, by every check of Full.',
  }),
  runningJobId: z.string().nullable(),
  quietNow: z.boolean(),
  refused: z
    .string()
    .nullable()
    .meta({ description: 'Why the cycle cannot be met: the arithmetic, in words.' }),
  blocksPerSecond: measuredSchema,
  cycleEndsAt: whenSchema,
});

export const dashboardSchema = z
  .object({
    asOf: timeSchema,
    answer: answerSchema,
    healthTrend: z.object({
      value: z.enum(['Excellent', 'Good', 'Fair', 'Poor', 'Critical', 'insufficient']),
      samples: countSchema,
    }),
    performanceTrend: z.object({ value: directions, samples: countSchema }),
    cacheHitRate: measuredSchema.meta({ description: 'Of the last hour.' }),
    trends: z.object({
      validationTimeMs: trendSchema,
      cacheHitRate: trendSchema,
      throughput: trendSchema.meta({ description: 'Blocks per second of validations.' }),
      errorRate: trendSchema,
      memoryBytes: trendSchema,
      cpuPercent: trendSchema,
    }),
    monitor: roundsSchema,
    scrub: scrubSchema,
    recentResults: z.array(
      z.object({
        jobId: z.string(),
        trigger: z.string(),
        level: levelNameSchema,
        status: statusSchema.nullable().meta({ description: 'null: there is no report.' }),
        complete: z.boolean().nullable(),
        finishedAt: timeSchema,
        durationMs: measuredSchema,
        blocks: countSchema.nullable(),
      }),
    ),
    alerts: z
      .object({
        open: countSchema,
        critical: countSchema,
        warning: countSchema,
        acknowledged: countSchema,
      })
      .nullable(),
  })
  .meta({ id: 'Dashboard' });

export const historySchema = z
  .object({
    from: timeSchema,
    to: timeSchema,
    stepSeconds: z.number(),
    points: z.array(
      z.object({
        at: timeSchema,
        validations: z.record(
          z.string(),
          z.object({ count: countSchema, p50Ms: measuredSchema, p95Ms: measuredSchema }),
        ),
        validationsPerMinute: measuredSchema,
        blocksPerSecond: measuredSchema,
        hitRate: measuredSchema,
        queued: measuredSchema,
        active: measuredSchema,
        cpuPercent: measuredSchema,
        memoryBytes: measuredSchema,
      }),
    ),
  })
  .meta({ id: 'History' });

const findingFields = { code: z.string(), severity: statusSchema };

export const mapSchema = z
  .object({
    replica: z.string(),
    height: countSchema,
    cellBlocks: z.int().min(1),
    whole: z.object({ findings: z.array(z.object({ ...findingFields, jobId: z.string() })) }),
    cells: z.array(
      z.object({
        from: countSchema,
        to: countSchema.meta({ description: 'Exclusive.' }),
        status: anyStatus.meta({
          description: 'Unknown: there are blocks of which nobody has read the payloads, or in doubt.',
        }),
        verified: byCheck(whenSchema).meta({
          description:
            'When the oldest of its blocks was last checked by a complete validation; null: never.',
        }),
        jobId: z.string().nullable(),
        findings: z.array(z.object({ ...findingFields, block: countSchema.nullable() })),
        moreFindings: countSchema,
      }),
    ),
  })
  .meta({ id: 'IntegrityMap' });

export type IntegrityAnswer = z.output<typeof answerSchema>;
export type DashboardView = z.output<typeof dashboardSchema>;
export type HistoryView = z.output<typeof historySchema>;
export type MapView = z.output<typeof mapSchema>;
