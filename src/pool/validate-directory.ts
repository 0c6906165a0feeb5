import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { BlockSource, Plan, PlanOptions, Progress, Report, ShardRunner } from '../validation/index.js';
import { packageVersion } from '../version.js';
import { type Lanes, planLanes } from './lanes.js';
import type { JobOptions } from './messages.js';
import { type Engine, loadEngine, openPinned } from './opening.js';
import type { ValidationPool } from './pool.js';
import { ProgressTimer } from './progress-timer.js';
import type { Covered } from './runner.js';
import { SharedRunner } from './shared-runner.js';
import { StopSwitch } from './stop-switch.js';

export interface DirectoryOptions extends JobOptions {
  /** Aborting it ends the validation as Incomplete, with what was covered so far. */
  readonly signal?: AbortSignal;
  /** Called every 100 ms while shards run. */
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Validates the chain in `dir` as it is now and leaves nothing open behind.
 *
 * What is wrong with the data is in the report, and so is a store that cannot be opened. Errors: NOT_A_CHAIN; USAGE and
 * OUT_OF_RANGE for options that do not fit the chain; INTERNAL when no worker thread starts.
 *
 * A store can be damaged so that reading it ends the process: `validateInProcess` is for who must outlive that.
 */
export async function validateDirectory(dir: string, options: DirectoryOptions = {}): Promise<Report> {
  const lanes = await planLanes(dir, options);
  const pool = lanes.threads > 0 ? await startPool(lanes.threads, options) : undefined;
  try {
    return await validateOn(pool, lanes, dir, options);
  } finally {
    await pool?.close();
  }
}

/** Piscina takes 15 ms to load, which a validation in the calling thread need not pay. */
async function startPool(workers: number, { maxHeapMb }: JobOptions): Promise<ValidationPool> {
  const { createPool } = await import('./pool.js');
  return createPool({ workers, maxHeapMb });
}

async function validateOn(
  pool: ValidationPool | undefined,
  lanes: Lanes,
  dir: string,
  options: DirectoryOptions,
): Promise<Report> {
  const engine = await loadEngine();
  const environment = {
    clock: () => performance.now(),
    now: () => new Date(),
    startedAt: new Date(),
    engineVersion: packageVersion(),
  };
  const planOptions: PlanOptions = {
    ...options,
    jobId: options.jobId ?? randomUUID(),
    node: options.node ?? hostname(),
  };
  // The anchor is read before the store is opened: a chain may be ahead of its anchor, never behind it.
  const evidence = await engine.chainFiles(dir);
  const opening = await openPinned(engine, evidence, options);
  if ('failed' in opening) return engine.reportUnopened(evidence, opening.failed, planOptions, environment);
  const { source, pin, anchorIndex } = opening;
  try {
    const plan = engine.planValidation(evidence, pin, anchorIndex, planOptions);
    const stop = new StopSwitch(plan.timeLimitMs, options.signal);
    pool?.ready().catch(() => stop.cancel());
    const progress = new ProgressTimer(plan.scope.to - plan.scope.from, options.onProgress);
    const runner = runnerOn(engine, lanes, pool, { dir, source, plan, progress });
    try {
      const report = await engine.validate(source, plan, { ...environment, runner, signal: stop.signal });
      // That no thread has started is an error of this machine and no finding. One that is still booting was not needed.
      await Promise.race([pool?.ready(), undefined]);
      return report;
    } finally {
      progress.end();
      stop.dispose();
    }
  } finally {
    await source.close();
  }
}

interface Job {
  readonly dir: string;
  readonly source: BlockSource;
  readonly plan: Plan;
  readonly progress: ProgressTimer;
}

function runnerOn(engine: Engine, lanes: Lanes, pool: ValidationPool | undefined, job: Job): ShardRunner {
  const { dir, source, plan, progress } = job;
  const pooled = pool?.runnerFor(dir, plan);
  if (pooled) progress.add(() => pooled.covered());
  if (pooled && !lanes.caller) return pooled;
  let covered: Covered = { blocks: 0, bytes: 0 };
  progress.add(() => covered);
  const onProgress = (latest: Covered) => {
    covered = latest;
  };
  const clocks = { clock: () => performance.now(), now: () => new Date() };
  const here = engine.runnerInThread(source, plan, { ...clocks, onProgress });
  return pooled ? new SharedRunner(here, pooled) : here;
}
