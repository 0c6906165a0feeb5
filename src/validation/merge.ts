import { planSamples } from './check-samples.js';
import { failureFact, shardFailed, stoppedFact } from './failure.js';
import type { FindingFact } from './finding.js';
import type { Plan, Range } from './plan.js';
import type { ReportShard, ShardStatus } from './report.js';
import type { ShardOutcome, ShardResult, StopReason } from './shard.js';

/** What came of each range of blocks. */
export type Outcomes = (readonly [Range, ShardOutcome])[];

interface Merged {
  readonly facts: readonly FindingFact[];
  readonly results: readonly ShardResult[];
  readonly samples: readonly ShardResult[];
  readonly shards: readonly ReportShard[];
}

/**
 * Puts the outcomes, in the order of their ranges, together: every block of the scope must be covered exactly once.
 * What is missing, overlapping, failed or stopped becomes an Incomplete finding.
 */
export function mergeOutcomes(
  plan: Plan,
  outcomes: Outcomes,
  sampleOutcomes: Outcomes,
  stop: StopReason | undefined,
): Merged {
  const facts: FindingFact[] = [];
  const results: ShardResult[] = [];
  const shards: ReportShard[] = [];
  let next = plan.scope.from;
  let uncovered = 0;
  for (const [range, outcome] of outcomes) {
    if (range.from > next) facts.push(shardFailed({ from: next, to: range.from }, 'no result came'));
    if (range.from < next) {
      facts.push(shardFailed(range, 'its result came more than once'));
      continue;
    }
    next = range.to;
    const { node = plan.node, worker = null, startedAt = null } = outcome;
    const run = { node, worker, startedAt };
    if ('failed' in outcome) {
      if (stop) uncovered += range.to - range.from;
      else facts.push(failureFact(range, outcome.failed));
      shards.push({ ...range, status: stop ?? 'failed', durationMs: 0, cached: false, ...run });
      continue;
    }
    const { result } = outcome;
    if (!covers(result, range, stop)) {
      facts.push(shardFailed(range, 'the result that came is of other blocks'));
      shards.push({ ...range, status: 'failed', durationMs: 0, cached: false, ...run });
      continue;
    }
    results.push(result);
    for (const fact of result.facts) facts.push(fact);
    uncovered += range.to - result.coveredTo;
    const status: ShardStatus = result.stopped ?? 'done';
    const durationMs = Math.round(result.durationMs * 1000) / 1000;
    shards.push({ ...range, status, durationMs, cached: result.knownSince !== undefined, ...run });
  }
  if (next < plan.scope.to) {
    if (stop) uncovered += plan.scope.to - next;
    else facts.push(shardFailed({ from: next, to: plan.scope.to }, 'no result came'));
  }
  const planned = [...planSamples(plan)];
  const samples = mergeSamples(planned, sampleOutcomes, facts, stop);
  if (stop && (uncovered > 0 || samples.length < planned.length)) {
    facts.push(stoppedFact(stop, plan.scope.to - plan.scope.from - uncovered, plan.scope));
  }
  return { facts, results, samples, shards };
}

/** The results of the samples that were looked at to their end. */
function mergeSamples(
  planned: readonly Range[],
  outcomes: Outcomes,
  facts: FindingFact[],
  stop: StopReason | undefined,
): ShardResult[] {
  const complete: ShardResult[] = [];
  for (const range of planned) {
    const outcome = outcomes.find(([{ from }]) => from === range.from)?.[1];
    if (outcome && 'result' in outcome && covers(outcome.result, range, stop)) {
      for (const fact of outcome.result.facts) facts.push(fact);
      if (!outcome.result.stopped) complete.push(outcome.result);
    } else if (!stop) {
      const failed = outcome && 'failed' in outcome ? failureFact(range, outcome.failed) : undefined;
      facts.push(failed ?? shardFailed(range, 'no result of its sample came'));
    }
  }
  return complete;
}

/** Whether a result is that of the range, and reaches its end unless there was a stop. */
function covers(
  { range, coveredTo }: ShardResult,
  { from, to }: Range,
  stop: StopReason | undefined,
): boolean {
  return (
    range.from === from && range.to === to && (coveredTo === to || (stop !== undefined && coveredTo < to))
  );
}
