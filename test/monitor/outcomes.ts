import type { JobOutcome } from '../../src/monitor/index.js';
import type { ReportSummary } from '../../src/validation/index.js';
import { reportSummary } from './summaries.js';

type Parts = Partial<Omit<JobOutcome, 'summary' | 'level'>> & {
  readonly endedMs: number;
  readonly summary?: Parameters<typeof reportSummary>[0] | Partial<ReportSummary> | null;
  readonly durationMs?: number;
};

const jobIdOf = (number: number) => `01890000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

/** The outcome of a healthy round, but for what is named. */
export function jobOutcome({ endedMs, summary = {}, durationMs = 1000, ...parts }: Parts): JobOutcome {
  const jobId = parts.jobId ?? jobIdOf(endedMs % 2 ** 40);
  const startedMs = endedMs - durationMs;
  const whole =
    summary === null
      ? null
      : reportSummary({ height: 100, jobId, startedMs, finishedMs: endedMs, ...(summary as object) });
  return {
    jobId,
    replica: 'replica',
    owner: 'node',
    trigger: 'monitor',
    level: whole?.level ?? 'Standard',
    state: whole === null ? 'failed' : 'completed',
    from: null,
    to: null,
    acceptedAt: new Date(startedMs).toISOString(),
    finishedAt: new Date(endedMs).toISOString(),
    summary: whole,
    error: whole === null ? 'STORE_UNAVAILABLE' : null,
    ...parts,
  };
}
