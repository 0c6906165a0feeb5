import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../errors.js';
import {
  CHECKS,
  type Check,
  FINDINGS,
  type FindingCode,
  LEVEL_CHECKS,
  LEVELS,
  type Plan,
  type ShardOutcome,
  type ShardTask,
  STATUSES,
} from '../validation/index.js';
import { JOB_STATES, JOB_TRIGGERS, type JobRecord, type JobSpec, PRIORITIES } from './job.js';

/**
 * What passes through Redis, as JSON. It is sealed, so only this fleet can have written it; it is parsed all the same,
 * because a node of another version may have. Bytes are hex.
 */

const count = z.number().int().nonnegative();
const text = z.string();
const bytes = z.codec(z.string().regex(/^([0-9a-f]{2})*$/), z.instanceof(Uint8Array), {
  decode: (hex) => new Uint8Array(Buffer.from(hex, 'hex')),
  encode: (raw) => Buffer.from(raw).toString('hex'),
});
const checkName = z.enum(CHECKS as readonly [Check, ...Check[]]);
const levelName = z.enum([...LEVELS, 'Custom']);
const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);
const findingCode = z.enum(Object.keys(FINDINGS) as [FindingCode, ...FindingCode[]]);
const pin = z.object({ height: count, headHash: text });
const range = z.object({ from: count, to: count });

const spec = z.object({
  jobId: z.uuid(),
  kind: z.enum(['replica', 'fleet']),
  chainId: text,
  replica: text,
  owner: text,
  origin: z.object({
    trigger: z.enum(JOB_TRIGGERS),
    user: text.optional(),
    requestId: text.optional(),
    idempotencyKey: text.optional(),
  }),
  level: levelName,
  checks: z.array(checkName),
  profile: text.optional(),
  from: count.optional(),
  to: count.optional(),
  pin: pin.optional(),
  requireAnchor: z.boolean(),
  batchSize: count,
  timeLimitMs: count,
  priority: z.enum(PRIORITIES),
  parallel: z.boolean(),
  incremental: z.boolean(),
  profiling: z.boolean(),
  cacheTtlMs: count,
  fresh: z.boolean(),
  dedupKey: text,
  cacheKey: text.optional(),
  parent: z.uuid().optional(),
  commonHeight: count.optional(),
  createdAt: text,
});

const failure = z.object({ code: errorCode, message: text });

const record = z.object({
  spec,
  state: z.enum(JOB_STATES),
  fence: count,
  attempts: count,
  revision: count,
  updatedAt: text,
  startedAt: text.optional(),
  finishedAt: text.optional(),
  node: text.optional(),
  progress: z.object({ blocks: count, totalBlocks: count, bytes: count }).optional(),
  status: z.enum(STATUSES).optional(),
  complete: z.boolean().optional(),
  reportDigest: text.optional(),
  error: failure.optional(),
  replicas: z
    .array(
      z.object({
        replica: text,
        jobId: z.uuid(),
        state: z.enum(JOB_STATES),
        status: z.enum(STATUSES).optional(),
        height: count.nullish(),
        headHash: text.nullish(),
        reportDigest: text.optional(),
        error: failure.optional(),
      }),
    )
    .optional(),
  agree: z.boolean().nullish(),
  notes: z.array(text),
});

/** What is kept of a finished job beside its record. */
const storedResult = z.object({
  jobId: z.uuid(),
  fence: count,
  report: text,
  asOf: text,
  height: count.nullish(),
  headHash: text.nullish(),
  commonHash: text.nullish(),
  stages: z.record(text, z.number()).optional(),
});
export type StoredResult = z.infer<typeof storedResult>;

const jobTicket = z.object({
  spec: spec.extend({ checks: z.array(checkName).optional(), dedupKey: text.default('') }),
  additions: count,
});
/** A job as the queue has it. */
export interface JobTicket {
  readonly spec: JobSpec;
  /** How often the job was added to the queue; the upper part of its fence. */
  readonly additions: number;
}

const subtree = z.object({ level: count, position: count, hash: bytes });
const fact = z.object({
  code: findingCode,
  block: count.nullable(),
  details: z.record(text, z.union([text, z.number(), z.boolean(), z.null()])),
});
const task = z.looseObject({
  range,
  samples: z.boolean().optional(),
  frontier: z.array(subtree).optional(),
});
const stopReason = z.enum(['cancelled', 'time-limit']);
const shardResult = z.looseObject({
  range,
  stopped: stopReason.optional(),
  coveredTo: count,
  facts: z.array(fact),
  historyFacts: z.array(fact),
  checked: z.record(text, count),
  verifiedAboveAnchor: count,
  categoryMs: z.record(text, z.number()),
  durationMs: z.number(),
  subtrees: z.array(subtree).optional(),
  claimedFrontier: z.array(subtree).optional(),
});
const shardRun = z.object({ worker: count.optional(), startedAt: text.optional() });
const shardOutcome = z.union([
  shardRun.extend({ result: shardResult }),
  shardRun.extend({
    failed: z.object({ code: errorCode, message: text, place: z.looseObject({}).optional() }),
    unseen: z.enum(['replica', 'pin']).optional(),
  }),
]);
const plan = z.looseObject({
  jobId: text,
  node: text,
  evidence: z.object({ trust: z.looseObject({}), replicaId: text, anchor: bytes.nullable() }),
  pin,
  scope: range,
  level: levelName,
  checks: z.array(checkName),
  batchSize: count,
  policyHash: text,
});

const shardTicket = z.object({
  jobId: text,
  fence: count,
  shard: count,
  leftBy: z.array(text),
  plan,
  task,
});
/** A shard as the queue has it. */
export interface ShardTicket {
  readonly jobId: string;
  readonly fence: number;
  /** Number of the shard within its job, and of its addition to the queue. */
  readonly shard: number;
  /** Nodes that had it and could not do it. */
  readonly leftBy: readonly string[];
  readonly plan: Plan;
  readonly task: ShardTask;
}

const shardAnswer = z.object({
  jobId: text,
  fence: count,
  shard: count,
  node: text,
  leftBy: z.array(text),
  outcome: shardOutcome,
});
/** What came of a shard. */
export interface ShardAnswer {
  readonly jobId: string;
  readonly fence: number;
  readonly shard: number;
  readonly node: string;
  readonly leftBy: readonly string[];
  readonly outcome: ShardOutcome;
}

interface Codec<T> {
  write(value: T): string;
  /** Undefined when the text is nothing that `write` makes. */
  read(json: string): T | undefined;
}

/** The schemas say what has to hold for the value to be used; the types they are declared to have are those of the rest of the program. */
function codecOf<T>(schema: z.ZodType): Codec<T> {
  return {
    write: (value) => JSON.stringify(z.encode(schema, value as never)),
    read(json) {
      let value: unknown;
      try {
        value = JSON.parse(json);
      } catch {
        return undefined;
      }
      const parsed = schema.safeParse(value);
      return parsed.success ? (parsed.data as T) : undefined;
    },
  };
}

/** Without bytes in them a value is its own JSON. */
function plainCodecOf<T>(schema: z.ZodType): Codec<T> {
  return { ...codecOf<T>(schema), write: (value) => JSON.stringify(value) };
}

export const recordCodec = plainCodecOf<JobRecord>(record);
export const resultCodec = plainCodecOf<StoredResult>(storedResult);
const ticketCodec = plainCodecOf<{ spec: Omit<JobSpec, 'checks'> & Partial<JobSpec>; additions: number }>(
  jobTicket,
);

/** Without what follows from the level, and what only the owner of the job needs: this is on the way of every request. */
export const jobTicketCodec: Codec<JobTicket> = {
  write({ spec, additions }) {
    const checks = spec.level === 'Custom' ? spec.checks : undefined;
    // JSON leaves out what is undefined. Taking the fields out by destructuring takes as long as all the rest.
    return JSON.stringify({ spec: { ...spec, checks, dedupKey: undefined, cacheKey: undefined }, additions });
  },
  read(json) {
    const ticket = ticketCodec.read(json);
    if (!ticket) return undefined;
    const { level, checks } = ticket.spec;
    const known = level === 'Custom' ? checks : LEVEL_CHECKS[level];
    return known && { ...ticket, spec: { ...ticket.spec, checks: known } };
  },
};
export const shardTicketCodec = codecOf<ShardTicket>(shardTicket);
export const shardAnswerCodec = codecOf<ShardAnswer>(shardAnswer);
