import type { z } from 'zod';
import type { JobRecord } from '../jobs/index.js';
import type { jobSchema } from './job-schemas.js';

export type JobView = z.output<typeof jobSchema>;

export const jobPath = (jobId: string): string => `/api/jobs/${jobId}`;

/**
 * A job as clients see it: flat, every field always there, and without the keys by which the node finds duplicates and
 * cached results.
 */
export function jobView(record: JobRecord): JobView {
  const { spec, error } = record;
  const { jobId, origin, pin } = spec;
  return {
    jobId,
    kind: spec.kind,
    state: record.state,
    level: spec.level,
    checks: [...spec.checks],
    profile: spec.profile ?? null,
    scope: { from: spec.from ?? 0, to: spec.to ?? pin?.height ?? null },
    pin: pin === undefined ? null : { height: pin.height, headHash: pin.headHash },
    chainId: spec.chainId,
    replica: spec.replica,
    priority: spec.priority,
    fresh: spec.fresh,
    timeLimitMs: spec.timeLimitMs,
    trigger: origin.trigger,
    user: origin.user ?? null,
    owner: spec.owner,
    node: record.node ?? null,
    createdAt: spec.createdAt,
    startedAt: record.startedAt ?? null,
    finishedAt: record.finishedAt ?? null,
    updatedAt: record.updatedAt,
    revision: record.revision,
    attempts: record.attempts,
    progress: progressView(record),
    status: record.status ?? null,
    complete: record.complete ?? null,
    reportDigest: record.reportDigest ?? null,
    error: error === undefined ? null : { code: error.code, message: error.message },
    replicas: record.replicas === undefined ? null : record.replicas.map((each) => ({ ...each })),
    agree: record.agree ?? null,
    notes: [...record.notes],
    links: {
      self: jobPath(jobId),
      report: `${jobPath(jobId)}/report`,
      events: `${jobPath(jobId)}/events`,
      profile: `${jobPath(jobId)}/profile`,
    },
  };
}

/** The time that is left is told from the pace so far; null before the first block is done and after the end. */
function progressView({ progress, state, startedAt, updatedAt }: JobRecord): JobView['progress'] {
  if (progress === undefined) return null;
  const { blocks, totalBlocks, bytes } = progress;
  const elapsedMs = startedAt === undefined ? 0 : Date.parse(updatedAt) - Date.parse(startedAt);
  const measured = state === 'running' && blocks > 0 && elapsedMs > 0;
  const leftMs = measured ? (elapsedMs / blocks) * (totalBlocks - blocks) : null;
  return { blocks, totalBlocks, bytes, etaSeconds: leftMs === null ? null : Math.round(leftMs / 100) / 10 };
}
