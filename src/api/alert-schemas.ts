import { z } from 'zod';
import {
  ALERT_EVENTS,
  ALERT_RULES,
  ALERT_SEVERITIES,
  ALERT_STATES,
  type AlertView,
  CHANNELS,
  type ChannelView,
  type SilenceView,
} from '../alerts/index.js';
import { numberText } from './job-schemas.js';
import { countSchema, timeSchema } from './report-schemas.js';

const MOST_LISTED = 200;
const USUALLY_LISTED = 50;
/** A month: what is to be quiet for longer is better mended or taken out of the settings. */
const LONGEST_SILENCE_MINUTES = 43_200;
const LONGEST_TEXT = 500;
const LONGEST_NAME = 256;

const time = timeSchema.nullable();
const ruleSchema = z.enum(ALERT_RULES).meta({ id: 'AlertRule' });
const severitySchema = z.enum(ALERT_SEVERITIES).meta({ id: 'AlertSeverity' });
const channelNameSchema = z.enum(CHANNELS).meta({ id: 'ChannelName' });

export const alertSchema: z.ZodType<AlertView> = z
  .object({
    id: z.string(),
    fingerprint: z
      .string()
      .meta({ description: 'Rule and what it speaks of; one alert of it is open at a time.' }),
    rule: ruleSchema,
    severity: severitySchema,
    state: z.enum(ALERT_STATES),
    title: z.string(),
    what: z.string(),
    where: z.object({
      chain: z.string(),
      replica: z.string().nullable(),
      node: z.string().nullable(),
      blocks: z.array(countSchema).meta({ description: 'The first affected ones.' }),
    }),
    since: timeSchema,
    lastSeenAt: timeSchema,
    resolvedAt: time,
    resolution: z.string().nullable().meta({ description: 'Why it counts as over.' }),
    count: countSchema.meta({ description: 'How often it was seen.' }),
    action: z.string().meta({ description: 'What to do now.' }),
    jobId: z.string().nullable(),
    link: z.string().meta({ description: 'Path in the dashboard.' }),
    acknowledgedBy: z.string().nullable(),
    acknowledgedAt: time,
    comment: z.string().nullable(),
    escalatedAt: time,
    silencedUntil: time,
    deliveries: z.array(
      z.object({
        channel: channelNameSchema,
        event: z.enum(ALERT_EVENTS),
        state: z.enum(['pending', 'sent', 'given_up']),
        attempts: countSchema,
        lastError: z.string().nullable(),
        sentAt: time,
      }),
    ),
  })
  .meta({ id: 'Alert' });

const matchSchema = z
  .strictObject({
    rule: ruleSchema.optional(),
    severity: severitySchema.optional(),
    replica: z.string().min(1).max(LONGEST_NAME).optional(),
    fingerprint: z.string().min(1).max(LONGEST_NAME).optional(),
  })
  .refine(
    (match) => Object.values(match).some((value) => value !== undefined),
    'name a rule, a severity, a replica or a fingerprint; everything at once is not silenced',
  );

export const silenceSchema: z.ZodType<SilenceView> = z
  .object({
    id: z.string(),
    match: matchSchema,
    reason: z.string(),
    by: z.string(),
    createdAt: timeSchema,
    until: timeSchema,
  })
  .meta({ id: 'Silence', description: 'No message goes out for what it matches; it is shown all the same.' });

const channelSchema: z.ZodType<ChannelView> = z
  .object({
    name: channelNameSchema,
    enabled: z.boolean(),
    up: z
      .boolean()
      .nullable()
      .meta({ description: 'Whether the last attempt got through; null: none was made.' }),
    lastSuccessAt: time,
    lastFailureAt: time,
    lastError: z.string().nullable(),
    pending: countSchema.meta({ description: 'Messages that it is owed.' }),
  })
  .meta({ id: 'Channel' });

export const alertListSchema = z.object({
  alerts: z.array(alertSchema),
  silences: z.array(silenceSchema),
  channels: z.array(channelSchema),
});

export const alertQuerySchema = z.strictObject({
  state: z
    .enum(['open', 'resolved', 'all'])
    .default('open')
    .meta({ description: 'Acknowledged ones are open.' }),
  limit: numberText(1, MOST_LISTED).default(USUALLY_LISTED),
});

export const acknowledgeSchema = z.strictObject({ comment: z.string().min(1).max(LONGEST_TEXT).optional() });

export const silenceRequestSchema = z
  .strictObject({
    match: matchSchema,
    minutes: z.int().min(1).max(LONGEST_SILENCE_MINUTES),
    reason: z.string().min(1).max(LONGEST_TEXT),
  })
  .meta({ id: 'SilenceRequest' });

export const testRequestSchema = z.strictObject({ channel: channelNameSchema.optional() });

export const testResultSchema = z.object({
  results: z.array(z.object({ channel: channelNameSchema, ok: z.boolean(), error: z.string().nullable() })),
});

const idSchema = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'expected an id');
export const alertParamsSchema = z.strictObject({ id: idSchema.meta({ description: 'Id of the alert.' }) });
export const silenceParamsSchema = z.strictObject({
  id: idSchema.meta({ description: 'Id of the silence.' }),
});
