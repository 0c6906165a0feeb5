import type { Result } from '../alerts/index.js';
import type { EndedJob, FleetReport } from '../jobs/index.js';
import { type Report, summarizeReport } from '../validation/index.js';

/**
 * What an ended job says to the alerts; undefined when it says nothing: it was cancelled before it had begun, or no node
 * could be asked.
 */
export function resultOf({ record, report }: EndedJob): Result | undefined {
  const { spec, state, finishedAt, startedAt, error } = record;
  const { jobId, chainId: chain, checks, requireAnchor } = spec;
  const partial = spec.from !== undefined || spec.to !== undefined;
  const scope = { from: spec.from ?? 0, to: spec.to ?? spec.pin?.height ?? 0, partial };
  const times = {
    startedAt: Date.parse(startedAt ?? spec.createdAt),
    finishedAt: Date.parse(finishedAt ?? record.updatedAt),
  };
  if (spec.kind === 'fleet') {
    const said = report === undefined ? undefined : (JSON.parse(report) as FleetReport);
    if (said === undefined) return undefined;
    const replicas = (record.replicas ?? []).map(({ replica }) => replica);
    const { agree, complete, commonHeight } = said;
    return {
      kind: 'fleet',
      jobId,
      chain,
      checks,
      requireAnchor,
      scope,
      ...times,
      complete,
      agree,
      commonHeight,
      replicas,
    };
  }
  const { trigger } = spec.origin;
  const isRound = (trigger === 'monitor' || trigger === 'scrub') && state !== 'cancelled';
  if (report === undefined) {
    if (state === 'cancelled') return undefined;
    const why = error === undefined ? 'no report could be made' : `${error.code}: ${error.message}`;
    return {
      ...{ kind: 'replica', jobId, chain, replica: spec.replica, node: record.node, level: spec.level },
      ...{ checks, requireAnchor, scope, ...times, isRound },
      ...{ complete: false, findingCounts: {}, worst: [], error: `The job failed: ${why}.` },
    };
  }
  const summary = summarizeReport(JSON.parse(report) as Report, checks, requireAnchor);
  const { replica, node, level, status, complete, findingCounts, worst } = summary;
  return {
    ...{ kind: 'replica', jobId, chain, replica, node, level, checks, requireAnchor, isRound },
    scope: summary.scope,
    startedAt: Date.parse(summary.startedAt),
    finishedAt: Date.parse(summary.finishedAt),
    ...{ status, complete, findingCounts, worst },
  };
}
