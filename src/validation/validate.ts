import { ZERO_HASH } from '../chain/index.js';
import { lesserFailure, type PlainError, ProvChainError } from '../errors.js';
import { buildReport } from './build-report.js';
import { checkEnds } from './check-ends.js';
import { planSamples } from './check-samples.js';
import { checkShard } from './check-shard.js';
import { failureFact, shardFailed, stoppedFact } from './failure.js';
import { FactCollector, type FindingFact, factText, isAccusation, severityOf } from './finding.js';
import { type JoinedHistory, joinHistory } from './join-history.js';
import { mergeOutcomes, type Outcomes } from './merge.js';
import { type ChainEvidence, type Plan, type PlanOptions, planShards, planValidation } from './plan.js';
import type { Report } from './report.js';
import type { ShardOutcome, ShardRunner, ShardTask, StopReason } from './shard.js';
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
  /** When the first of the evidence was read, if that was before the call: the report is no newer than that. */
  readonly startedAt?: Date;
  readonly engineVersion: string;
  /** Told how long each step took, in milliseconds. The ends are read beside the shards. */
  readonly onStage?: (stage: Stage, ms: number) => void;
}

export type Stage = 'ends' | 'shards' | 'history' | 'report';

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
  const startedAt = options.startedAt ?? options.now();
  const started = options.clock();
  const signal = options.signal ?? new AbortController().signal;
  const runner = options.runner ?? runnerInThread(source, plan, options);
  const timed = async <T>(stage: Stage, step: Promise<T>): Promise<T> => {
    const since = options.clock();
    const outcome = await step;
    options.onStage?.(stage, options.clock() - since);
    return outcome;
  };
  const ends = timed('ends', runEnds(source, plan));
  const { shards, samples } = await timed('shards', runTasks(plan, runner, signal));
  const merged = mergeOutcomes(plan, shards, samples, stopReason(signal));
  const joined = joinHistory(source, plan, merged.results, (task) => runner.run(task, signal)).catch(
    (error: unknown): JoinedHistory => ({
      facts: [failureFact(plan.scope, ProvChainError.from(error).toPlain())],
      complete: false,
    }),
  );
  const history = await timed('history', joined);
  const facts = [...(await ends), ...merged.facts, ...history.facts];
  const sinceEnd = options.clock();
  const report = buildReport({
    plan,
    facts: history.complete ? facts : [...facts, ...untold(plan, facts, history)],
    results: [...merged.results, ...merged.samples],
    shards: merged.shards,
    complete: history.complete,
    opened: true,
    startedAt,
    finishedAt: options.now(),
    durationMs: options.clock() - started,
    engineVersion: options.engineVersion,
  });
  options.onStage?.('report', options.clock() - sinceEnd);
  return report;
}

/** A history that was not judged to its end is never Healthy: if nothing else that was found says so, this does. */
function untold(plan: Plan, facts: readonly FindingFact[], { stopped }: JoinedHistory): FindingFact[] {
  if (facts.some(({ code }) => severityOf(code) !== 'Warning')) return [];
  const { scope } = plan;
  return [
    stopped
      ? stoppedFact(stopped, scope.to - scope.from, scope)
      : shardFailed(scope, 'the history of these blocks could not be judged'),
  ];
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

/** Handles through which the checks outside the shards are read until two of them agree. */
const MOST_READINGS = 3;

interface EndsReading {
  readonly facts: readonly FindingFact[];
  /** What it accuses of, or how it failed; empty for neither. */
  readonly says: string;
}

/** The checks outside the shards. What accuses or fails counts once a handle opened anew says the same. */
async function runEnds(source: BlockSource, plan: Plan): Promise<readonly FindingFact[]> {
  let last = await readEnds(source, plan);
  for (let reading = 1; last.says !== ''; reading++) {
    if (reading === MOST_READINGS) {
      const message = 'readings of the head of the chain disagree, so none is believed';
      return [failureFact(null, { code: 'STORE_UNAVAILABLE', message })];
    }
    const next = await readFreshEnds(source, plan);
    if (next.says === last.says) break;
    last = next;
  }
  return last.facts;
}

async function readFreshEnds(source: BlockSource, plan: Plan): Promise<EndsReading> {
  try {
    const fresh = await source.reopen();
    try {
      return await readEnds(fresh, plan);
    } finally {
      await fresh.close();
    }
  } catch (thrown) {
    return failedReading(thrown);
  }
}

async function readEnds(source: BlockSource, plan: Plan): Promise<EndsReading> {
  try {
    const collector = new FactCollector();
    await checkEnds(source, plan, collector);
    const { facts } = collector;
    return { facts, says: facts.filter(isAccusation).map(factText).sort().join('\n') };
  } catch (thrown) {
    return failedReading(thrown);
  }
}

function failedReading(thrown: unknown): EndsReading {
  const error = ProvChainError.from(thrown);
  return { facts: [failureFact(null, error)], says: error.code };
}

/**
 * Runs every task of the plan, as many at once as the runner takes, until all have ended or a stop is asked for. The
 * samples come first: while one worker warms up the other engines, the others go on with the shards.
 */
async function runTasks(
  plan: Plan,
  runner: ShardRunner,
  signal: AbortSignal,
): Promise<{ shards: Outcomes; samples: Outcomes }> {
  const done: { shards: Outcomes; samples: Outcomes } = { shards: [], samples: [] };
  const tasks = planTasks(plan);
  const lane = async () => {
    for (const task of tasks) {
      if (signal.aborted) break;
      const outcome = await runner.run(task, signal);
      (task.samples ? done.samples : done.shards).push([task.range, outcome]);
    }
  };
  await Promise.all(Array.from({ length: runner.concurrency }, lane));
  done.shards.sort(([a], [b]) => a.from - b.from);
  return done;
}

function* planTasks(plan: Plan): Generator<ShardTask> {
  for (const range of planSamples(plan)) yield { range, samples: true };
  for (const range of planShards(plan)) yield { range };
}

function stopReason(signal: AbortSignal): StopReason | undefined {
  if (!signal.aborted) return undefined;
  return signal.reason === 'time-limit' ? 'time-limit' : 'cancelled';
}

/** Runs shards one after another in this thread, each tried twice. */
export function runnerInThread(
  source: BlockSource,
  plan: Plan,
  options: Pick<ValidateOptions, 'clock' | 'now' | 'onProgress'>,
): ShardRunner {
  const totalBlocks = plan.scope.to - plan.scope.from;
  let blocks = 0;
  let bytes = 0;
  return {
    concurrency: 1,
    async run(task, signal) {
      const control = {
        stopped: () => stopReason(signal),
        clock: options.clock,
        breathe: () => new Promise<void>((resolve) => setImmediate(resolve)),
        progress: (moreBlocks: number, moreBytes: number) => {
          blocks += moreBlocks;
          bytes += moreBytes;
          options.onProgress?.({ blocks, totalBlocks, bytes });
        },
      };
      const run = { worker: 0, startedAt: options.now().toISOString() };
      try {
        return { ...run, result: await checkShard(source, plan, task, control) };
      } catch (error) {
        return retryInThread(ProvChainError.from(error), source, plan, task, control);
      }
    },
  };
}

async function retryInThread(
  first: ProvChainError,
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
    return { failed: lesserFailure(first.toPlain(), ProvChainError.from(error).toPlain()) };
  }
}
