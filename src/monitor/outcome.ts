import { z } from 'zod';
import { type EndedJob, JOB_TRIGGERS, type JobTrigger } from '../jobs/index.js';
import {
  CHECKS,
  FINDINGS,
  type FindingCode,
  LEVELS,
  type Report,
  type ReportSummary,
  STATUSES,
  summarizeReport,
} from '../validation/index.js';

/** A job of one replica that has ended, as every node of the replica remembers it. JSON. */
export interface JobOutcome {
  readonly jobId: string;
  readonly replica: string;
  /** Node that accepted it, and tells the others. */
  readonly owner: string;
  readonly trigger: JobTrigger;
  readonly level: ReportSummary['level'];
  readonly state: 'completed' | 'failed' | 'cancelled';
  /** What was asked for; null: from the first block, and to the last. */
  readonly from: number | null;
  readonly to: number | null;
  /** Its head was pinned then. */
  readonly acceptedAt: string;
  readonly finishedAt: string;
  /** Null when there is no report. Without its shards: thousands of these are kept. */
  readonly summary: ReportSummary | null;
  readonly error: string | null;
}

/** What an ended job comes to; undefined for a job of the whole fleet, whose parts are jobs of their own. */
export function outcomeOf({ record, report }: EndedJob): JobOutcome | undefined {
  const { spec, state, error } = record;
  if (spec.kind === 'fleet' || state === 'queued' || state === 'running') return undefined;
  const parsed = report === undefined ? undefined : (JSON.parse(report) as Report);
  return {
    jobId: spec.jobId,
    replica: spec.replica,
    owner: spec.owner,
    trigger: spec.origin.trigger,
    level: spec.level,
    state,
    from: spec.from ?? null,
    to: spec.to ?? null,
    acceptedAt: spec.createdAt,
    finishedAt: record.finishedAt ?? record.updatedAt,
    summary:
      parsed === undefined
        ? null
        : { ...summarizeReport(parsed, spec.checks, spec.requireAnchor), shards: [] },
    error: error === undefined ? null : error.code,
  };
}

const names = <const Name extends string>(all: readonly Name[]) => z.enum(all as readonly [Name, ...Name[]]);
const count = z.number().int().nonnegative();
const level = names([...LEVELS, 'Custom']);
const code = names(Object.keys(FINDINGS) as FindingCode[]);
const time = z.iso.datetime();

const summary = z.looseObject({
  jobId: z.string(),
  replica: z.string(),
  level,
  checks: z.array(names(CHECKS)),
  requireAnchor: z.boolean(),
  scope: z.object({ from: count, to: count, partial: z.boolean() }),
  status: names(STATUSES),
  complete: z.boolean(),
  height: count.nullable(),
  headHash: z.string().nullable(),
  startedAt: time,
  finishedAt: time,
  asOf: time,
  durationMs: z.number().nonnegative(),
  checked: z.looseObject({ headers: count }),
  findingCounts: z.partialRecord(code, count),
  worst: z.array(z.object({ code, severity: names(STATUSES), block: count.nullable() })).max(100),
  reportDigest: z.string(),
});

const outcome = z.object({
  jobId: z.uuid(),
  replica: z.string(),
  owner: z.string(),
  trigger: names(JOB_TRIGGERS),
  level,
  state: names(['completed', 'failed', 'cancelled']),
  from: count.nullable(),
  to: count.nullable(),
  acceptedAt: time,
  finishedAt: time,
  summary: summary.nullable(),
  error: z.string().nullable(),
});

/** An outcome from another node: sealed by the fleet, but perhaps of another version. Undefined for anything else. */
export function parseOutcome(json: string): JobOutcome | undefined {
  try {
    const parsed = outcome.safeParse(JSON.parse(json));
    return parsed.success ? (parsed.data as unknown as JobOutcome) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it says something about the chain as a whole at its level. */
export const isOfWholeChain = ({ summary }: JobOutcome): boolean =>
  summary !== null && !summary.scope.partial && summary.requireAnchor && summary.level !== 'Custom';
