import { ZERO_HASH } from '../chain/index.js';
import { type PlainError, ProvChainError } from '../errors.js';
import { buildReport } from './build-report.js';
import { checkEnds } from './check-ends.js';
import { checkShard } from './check-shard.js';
import { FactCollector, type FindingFact, factText, isAccusation } from './finding.js';
import { joinHistory } from './join-history.js';
import {
  type ChainEvidence,
  type Plan,
  type PlanOptions,
  planShards,
  planValidation,
  type Range,
} from './plan.js';
import type { Report, ReportShard, ShardStatus } from './report.js';
import type { ShardOutcome, ShardResult, ShardRunner, StopReason } from './shard.js';
import type { BlockSource } from './source.js';

/** How far a validation is. `bytes` counts payload bytes; levels that read none leave it at 0. */
export interface Progress {
  readonly blocks: number;
  readonly totalBlocks: number;
  readonly bytes: number;
}

export interface ValidateOptions {
  /** Where the shards run; in this thread, over `source`, when not given. */
  readonly runner?: ShardRunner;
  /** Aborted with the reason 'cancelled' or 'time-limit' ends the validation with what it has covered. */
  readonly signal?: AbortSignal;
  /** Called by the in-thread runner only: a pool reports its own progress. */
  readonly onProgress?: (progress: Progress) => void;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly now: () => Date;
  readonly engineVersion: string;
}

/**
 * Validates one replica: the only way to a verdict (DESIGN §2).
 *
 * 1. what no shard can see (chain and head records, genesis, anchor, stray keys), beside
 * 2. every shard, each confirming what accuses the data;
 * 3. the shards' histories joined into one tree;
 * 4. a report over all of it, in which a missing, failed or duplicate shard makes the result Incomplete.
 *
 * Never throws for what the store holds or fails to give: that ends in the report.
 */
export async function validate(source: BlockSource, plan: Plan, options: ValidateOptions): Promise<Report> {
  const startedAt = options.now();
  const started = options.clock();
  const signal = options.signal ?? new AbortController().signal;
  const runner = options.runner ?? inThread(source, plan, options);
  const ends = runEnds(source, plan);
  const outcomes = await runShards(plan, runner, signal);
  const merged = mergeOutcomes(plan, outcomes, stopReason(signal));
  const history = await joinHistory(source, plan, merged.results, (task) => runner.run(task, signal)).catch(
    (error: unknown) => ({
      facts: [failureFact(plan.scope, ProvChainError.from(error).toPlain())],
      complete: false,
    }),
  );
  return buildReport({
    plan,
    facts: [...(await ends), ...merged.facts, ...history.facts],
    results: merged.results,
    shards: merged.shards,
    complete: history.complete,
    opened: true,
    startedAt,
    finishedAt: options.now(),
    durationMs: options.clock() - started,
    engineVersion: options.engineVersion,
  });
}

/**
 * The report of a validation that ended before it began, because the store could not be opened. STORE_CORRUPT must have
 * been the answer to two attempts.
 */
export function reportUnopened(
  evidence: ChainEvidence,
  error: PlainError,
  planOptions: PlanOptions,
  options: Pick<ValidateOptions, 'now' | 'engineVersion'>,
): Report {
  const nothing = { height: 0, headHash: ZERO_HASH };
  const plan = planValidation(evidence, nothing, null, { ...planOptions, from: 0, to: 0 });
  const now = options.now();
  return buildReport({
    plan,
    facts: [failureFact(null, error)],
    results: [],
    shards: [],
    complete: false,
    opened: false,
    startedAt: now,
    finishedAt: now,
    durationMs: 0,
    engineVersion: options.engineVersion,
  });
}

/** The checks outside the shards, once more through a fresh handle if they accuse or fail. */
async function runEnds(source: BlockSource, plan: Plan): Promise<readonly FindingFact[]> {
  const read = async (from: BlockSource) => {
    const facts = new FactCollector();
    await checkEnds(from, plan, facts);
    return facts.facts;
  };
  const first = await read(source).catch(() => undefined);
  if (first && !first.some(isAccusation)) return first;
  try {
    const fresh = await source.reopen();
    try {
      const second = await read(fresh);
      const seen = new Set(first?.filter(isAccusation).map(factText));
      const unconfirmed = first && second.filter((fact) => isAccusation(fact) && !seen.has(factText(fact)));
      if (!unconfirmed?.length) return second;
      throw new ProvChainError('STORE_UNAVAILABLE', 'two readings of the head of the chain disagree');
    } finally {
      await fresh.close();
    }
  } catch (error) {
    return [failureFact(null, ProvChainError.from(error).toPlain())];
  }
}

/** Runs every shard of the plan, as many at once as the runner takes, until all have ended or a stop is asked for. */
async function runShards(
  plan: Plan,
  runner: ShardRunner,
  signal: AbortSignal,
): Promise<[Range, ShardOutcome][]> {
  const outcomes: [Range, ShardOutcome][] = [];
  const shards = planShards(plan);
  const lane = async () => {
    for (const range of shards) {
      if (signal.aborted) break;
      outcomes.push([range, await runner.run({ range }, signal)]);
    }
  };
  await Promise.all(Array.from({ length: runner.concurrency }, lane));
  return outcomes.sort(([a], [b]) => a.from - b.from);
}

interface Merged {
  readonly facts: readonly FindingFact[];
  readonly results: readonly ShardResult[];
  readonly shards: readonly ReportShard[];
}

/**
 * Puts the outcomes, in the order of their ranges, together: every block of the scope must be covered exactly once.
 * What is missing, overlapping, failed or stopped becomes an Incomplete finding.
 */
export function mergeOutcomes(
  plan: Plan,
  outcomes: readonly (readonly [Range, ShardOutcome])[],
  stop: StopReason | undefined,
): Merged {
  const facts: FindingFact[] = [];
  const results: ShardResult[] = [];
  const shards: ReportShard[] = [];
  let next = plan.scope.from;
  let uncovered = 0;
  for (const [range, outcome] of outcomes) {
    if (range.from > next) facts.push(...gap(next, range.from));
    if (range.from < next) {
      facts.push(shardFailed(range, 'its result came more than once'));
      continue;
    }
    next = range.to;
    if ('failed' in outcome) {
      if (stop) uncovered += range.to - range.from;
      else facts.push(failureFact(range, outcome.failed));
      shards.push({ ...range, status: stop ?? 'failed', durationMs: 0, cached: false });
      continue;
    }
    const { result } = outcome;
    results.push(result);
    facts.push(...result.facts);
    uncovered += range.to - result.coveredTo;
    const status: ShardStatus = result.stopped ?? 'done';
    shards.push({ ...range, status, durationMs: Math.round(result.durationMs * 1000) / 1000, cached: false });
  }
  if (next < plan.scope.to) {
    if (stop) uncovered += plan.scope.to - next;
    else facts.push(...gap(next, plan.scope.to));
  }
  if (stop && uncovered > 0) {
    const blocks = plan.scope.to - plan.scope.from;
    facts.push({
      code: stop === 'cancelled' ? 'CANCELLED' : 'TIME_LIMIT',
      block: null,
      details: { coveredBlocks: blocks - uncovered, plannedBlocks: blocks },
    });
  }
  return { facts, results, shards };
}

function gap(from: number, to: number): FindingFact[] {
  return [shardFailed({ from, to }, 'no result came')];
}

function shardFailed({ from, to }: Range, reason: string): FindingFact {
  return { code: 'SHARD_FAILED', block: from, details: { from, to, reason } };
}

/** What an error says about the data: damage is a verdict, anything else is none. */
function failureFact(range: Range | null, error: { code: string; message: string }): FindingFact {
  const details = { ...(range && { from: range.from, to: range.to }), reason: error.message };
  const block = range?.from ?? null;
  if (error.code === 'STORE_CORRUPT') return { code: 'STORE_UNREADABLE', block, details };
  if (error.code === 'STORE_UNAVAILABLE') return { code: 'STORE_UNAVAILABLE', block, details };
  return { code: 'SHARD_FAILED', block, details: { ...details, error: error.code } };
}

function stopReason(signal: AbortSignal): StopReason | undefined {
  if (!signal.aborted) return undefined;
  return signal.reason === 'time-limit' ? 'time-limit' : 'cancelled';
}

/** Runs shards one after another in this thread, each tried twice. */
function inThread(source: BlockSource, plan: Plan, options: ValidateOptions): ShardRunner {
  const totalBlocks = plan.scope.to - plan.scope.from;
  let blocks = 0;
  let bytes = 0;
  return {
    concurrency: 1,
    async run(task, signal) {
      const control = {
        stopped: () => stopReason(signal),
        clock: options.clock,
        progress: (moreBlocks: number, moreBytes: number) => {
          blocks += moreBlocks;
          bytes += moreBytes;
          options.onProgress?.({ blocks, totalBlocks, bytes });
        },
      };
      try {
        return { result: await checkShard(source, plan, task, control) };
      } catch {
        return retryInThread(source, plan, task, control);
      }
    },
  };
}

async function retryInThread(
  source: BlockSource,
  plan: Plan,
  ...[task, control]: [Parameters<typeof checkShard>[2], Parameters<typeof checkShard>[3]]
): Promise<ShardOutcome> {
  try {
    const fresh = await source.reopen();
    try {
      return { result: await checkShard(fresh, plan, task, control) };
    } finally {
      await fresh.close();
    }
  } catch (error) {
    return { failed: ProvChainError.from(error).toPlain() };
  }
}
