import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { LedgerSource } from '../ledger/index.js';
import * as ledger from '../ledger/index.js';
import type { EvidenceStore, Plan, Progress, ShardRunner, Status, StopReason } from '../validation/index.js';
import * as validation from '../validation/index.js';
import { packageVersion } from '../version.js';
import { ProfileJoiner } from './cpu-profile.js';
import { openPinned } from './opening.js';
import { ProgressTimer } from './progress-timer.js';
import type { Covered } from './runner.js';
import type { RunResult, RunSpec } from './service-messages.js';
import type { SharedPool } from './shared-pool.js';
import { StopSwitch } from './stop-switch.js';

const ENGINE = { ...ledger, ...validation };
const ACCUSING: ReadonlySet<Status> = new Set(['Critical', 'Corrupted']);
/** Keys of evidence that are asked for at once. */
const KEYS_AT_ONCE = 500;

export interface CountingRunner extends ShardRunner {
  covered(): Covered;
}

export interface Coordination {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Where shards run instead of on the pool. */
  readonly shards?: (plan: Plan) => Promise<CountingRunner>;
  readonly evidence?: EvidenceStore;
}

/**
 * Runs one job of the long-lived validator from opening to report, as `validateDirectory` does for the command line, on
 * threads that it shares with other jobs.
 *
 * Errors: NOT_A_CHAIN; USAGE and OUT_OF_RANGE for options that do not fit the chain.
 */
export async function coordinate(
  pool: SharedPool,
  dir: string,
  spec: RunSpec,
  context: Coordination,
): Promise<RunResult> {
  const stages = new Stages();
  const environment = {
    clock: () => performance.now(),
    now: () => new Date(),
    startedAt: new Date(),
    engineVersion: packageVersion(),
  };
  const options = {
    ...spec,
    jobId: spec.jobId ?? randomUUID(),
    runId: randomUUID(),
    node: spec.node ?? hostname(),
  };
  // The anchor is read before the store is opened: a chain may be ahead of its anchor, never behind it.
  const files = await ledger.chainFiles(dir);
  const opening = await stages.time('open', openPinned(ENGINE, files, options));
  if ('failed' in opening) {
    const { code, place } = opening.failed;
    const report = validation.reportUnopened(files, opening.failed, options, environment);
    if (code !== 'STORE_UNAVAILABLE' || place?.block === undefined) return { report };
    return (await asItStands(pool, dir, spec, context)) ?? { report, unseen: 'pin' };
  }
  const { source, pin, anchorIndex } = opening;
  try {
    const plan = validation.planValidation(files, pin, anchorIndex, options);
    const stop = new StopSwitch(plan.timeLimitMs, context.signal);
    const profiles = new ProfileJoiner();
    const progress = new ProgressTimer(plan.scope.to - plan.scope.from, context.onProgress);
    try {
      const lanes =
        (await context.shards?.(plan)) ??
        pool.runnerFor({
          dir: files.dir,
          plan,
          serial: spec.parallel === false,
          onProfile: spec.profiling ? (profile) => profiles.add(profile) : undefined,
        });
      progress.add(() => lanes.covered());
      const evidence = spec.incremental ? context.evidence : undefined;
      const known = evidence && (await stages.time('evidence', knownShards(source, plan, lanes, evidence)));
      const report = await validation.validate(source, plan, {
        ...environment,
        runner: known ?? lanes,
        signal: stop.signal,
        onStage: (stage, ms) => stages.add(stage, ms),
      });
      if (known && known.clean.length > 0) {
        await writeEvidence(evidence, known.clean, environment.startedAt.toISOString());
      }
      const commonHash = await commonHashOf(source, plan, spec.commonHeight);
      if (!spec.profiling) return { report, commonHash };
      return { report, commonHash, stages: stages.ms, cpuProfile: profiles.join() };
    } finally {
      progress.end();
      stop.dispose();
    }
  } finally {
    await source.close();
  }
}

/**
 * The store does not show the pinned head. It may be a copy that is behind, which another worker will see further; or its
 * end was cut off or written anew, which shows in what is there: then that is the result. Undefined otherwise.
 */
async function asItStands(
  pool: SharedPool,
  dir: string,
  { pin: _, ...unpinned }: RunSpec,
  context: Coordination,
): Promise<RunResult | undefined> {
  const whole = { ...unpinned, from: undefined, to: undefined };
  const glance = await coordinate(pool, dir, { ...whole, level: 'Minimal', checks: undefined }, context);
  if (!ACCUSING.has(glance.report.status)) return undefined;
  const result = await coordinate(pool, dir, whole, context);
  return ACCUSING.has(result.report.status) ? result : undefined;
}

/** Evidence that cannot be had is none: everything is checked then. */
async function knownShards(
  source: LedgerSource,
  plan: Plan,
  runner: ShardRunner,
  evidence: EvidenceStore,
): Promise<validation.KnownShards | undefined> {
  if (!validation.canReuse(plan)) return undefined;
  const shards = await validation.identifyShards(source, plan, packageVersion()).catch(() => []);
  const known = new Map<string, string>();
  for (let next = 0; next < shards.length; next += KEYS_AT_ONCE) {
    const keys = shards.slice(next, next + KEYS_AT_ONCE).map(({ key }) => key);
    const times = await evidence.read(keys).catch(() => []);
    times.forEach((at, i) => {
      if (at !== undefined) known.set(keys[i], at);
    });
  }
  return new validation.KnownShards(runner, shards, known);
}

async function writeEvidence(
  evidence: EvidenceStore | undefined,
  keys: readonly string[],
  at: string,
): Promise<void> {
  for (let next = 0; next < keys.length; next += KEYS_AT_ONCE) {
    await evidence?.write(keys.slice(next, next + KEYS_AT_ONCE), at).catch(() => {});
  }
}

async function commonHashOf(
  source: LedgerSource,
  { pin, evidence }: Plan,
  commonHeight: number | undefined,
): Promise<string | null | undefined> {
  if (commonHeight === undefined) return undefined;
  if (!(Number.isSafeInteger(commonHeight) && commonHeight > 0 && commonHeight <= pin.height)) return null;
  const { value } = await validation
    .readBlock(source, 'header', commonHeight - 1)
    .catch(() => ({ value: null }));
  return value && validation.openBlock(evidence.trust.format, commonHeight - 1, value).hashHex;
}

/** How long each stage took, in milliseconds. */
class Stages {
  readonly ms: Record<string, number> = {};

  add(stage: string, ms: number): void {
    this.ms[stage] = Math.round(((this.ms[stage] ?? 0) + ms) * 1000) / 1000;
  }

  async time<T>(stage: string, step: Promise<T>): Promise<T> {
    const since = performance.now();
    const outcome = await step;
    this.add(stage, performance.now() - since);
    return outcome;
  }
}

/** Why a request was told to stop, as what crosses processes. */
export function stopReasonOf({ reason }: AbortSignal): StopReason {
  return reason === 'time-limit' ? 'time-limit' : 'cancelled';
}
