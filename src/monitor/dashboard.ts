import type { Status } from '../validation/index.js';
import { oldestUnverifiedSeconds, verifiedShare } from './coverage-view.js';
import type { Monitor } from './monitor.js';
import { isOfWholeChain, type JobOutcome } from './outcome.js';
import type { RoundResult } from './rounds.js';
import { hitRateOf } from './series.js';
import { healthTrendOf, trendsOf } from './trends.js';

const RECENT_RESULTS = 20;
const HOUR_MS = 3_600_000;
/** What "of late" means for figures that alerts go by. */
const LATE_MS = 10 * 60_000;
const LATE_RESULTS = 20;
/** Fewer validations and lookups say nothing about the usual ones. */
const FEWEST_RESULTS = 5;
const FEWEST_LOOKUPS = 20;

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** What the monitor knows, as the dashboard shows it: absent figures are null. */
export function dashboardOf(monitor: Monitor) {
  const { options, history, series } = monitor;
  const nowMs = options.now();
  const newest = [...history.newest()];
  const trends = trendsOf(newest, options.rounds.level, series, nowMs);
  const { direction: value, samples } = trends.validationTimeMs;
  return {
    asOf: new Date(nowMs).toISOString(),
    healthTrend: healthTrendOf(newest, nowMs),
    performanceTrend: { value, samples },
    cacheHitRate: hitRateOf(series.total(nowMs - HOUR_MS, nowMs + 1, nowMs)),
    trends,
    monitor: roundsView(monitor),
    scrub: scrubView(monitor, nowMs),
    recentResults: newest.slice(0, RECENT_RESULTS).map(resultView),
  };
}

/** Since when the results about the whole chain say `status`; null when the newest says something else. */
export function statusSince(monitor: Monitor, status: Status): string | null {
  let since: string | null = null;
  for (const outcome of monitor.history.newest()) {
    if (!isOfWholeChain(outcome)) continue;
    if (outcome.summary?.status !== status) break;
    since = outcome.finishedAt;
  }
  return since;
}

function roundsView(monitor: Monitor) {
  const { options, rounds } = monitor;
  const { enabled, intervalMs, level } = options.rounds;
  const { last } = rounds.results();
  const lastDueMs = rounds.lastDueMs();
  const { silentMs, silent } = monitor.silence();
  return {
    enabled,
    intervalSeconds: intervalMs / 1000,
    level,
    lastRoundAt: iso(last?.atMs),
    nextRoundAt: enabled && lastDueMs !== undefined ? iso(lastDueMs + intervalMs) : null,
    lastRound: last === undefined ? null : withoutTime(last),
    silentSeconds: silentMs === null ? null : Math.round(silentMs / 1000),
    silent,
  };
}

function scrubView({ scrub, coverage, options }: Monitor, nowMs: number) {
  const plan = scrub?.plan();
  const cycleMs = options.scrub?.cycleMs;
  return {
    enabled: scrub !== undefined,
    fullCycleHours: cycleMs === undefined ? null : cycleMs / HOUR_MS,
    oldestUnverifiedSeconds: oldestUnverifiedSeconds(coverage, nowMs),
    verifiedShare: cycleMs === undefined ? null : verifiedShare(coverage, nowMs - cycleMs),
    runningJobId: scrub?.runningJobId() ?? null,
    quietNow: plan?.quietNow ?? false,
    refused: plan?.refused ?? null,
    blocksPerSecond: scrub?.blocksPerSecond() ?? null,
    cycleEndsAt: iso(plan?.cycleEndsMs),
  };
}

const withoutTime = ({ jobId, status, complete, durationMs }: RoundResult) => ({
  jobId,
  status,
  complete,
  durationMs,
});

const resultView = ({ jobId, trigger, level, finishedAt, summary }: JobOutcome) => ({
  jobId,
  trigger,
  level,
  status: summary?.status ?? null,
  complete: summary?.complete ?? null,
  finishedAt,
  durationMs: summary?.durationMs ?? null,
  blocks: summary?.checked.headers ?? null,
});

/** What the rules of alerts need to know of the monitor. Null: not measured, or too few to say. */
export interface MonitorFacts {
  readonly enabled: boolean;
  readonly intervalMs: number;
  readonly silent: boolean;
  /** The end of the last round that said something about the chain, ISO 8601: not of one that was Incomplete or failed. */
  readonly lastRoundAt: string | null;
  readonly scrub: {
    readonly enabled: boolean;
    readonly overdue: boolean;
    /** Whether `oldestUnverifiedSeconds` is the age of a validation: not so on a node that only began to watch. */
    readonly allVerified: boolean;
    readonly oldestUnverifiedSeconds: number | null;
    readonly promiseSeconds: number | null;
    /** Why the cycle cannot be met. */
    readonly refused: string | null;
  };
  readonly recentFigures: {
    readonly cacheHitRate: number | null;
    readonly averageValidationMs: number | null;
    /** Of the validator, of integrity.resource_limits.max_memory_mb. */
    readonly memoryPercent: number | null;
  };
}

/** @param memoryPercent as it is measured now */
export function monitorFacts(monitor: Monitor, memoryPercent: number | null): MonitorFacts {
  const { options, rounds, scrub, history, series } = monitor;
  const nowMs = options.now();
  const plan = scrub?.plan();
  const lookups = series.total(nowMs - LATE_MS, nowMs + 1, nowMs);
  const lateFrom = new Date(nowMs - LATE_MS).toISOString();
  const late = history
    .latest(LATE_RESULTS, ({ summary, finishedAt }) => summary?.complete === true && finishedAt >= lateFrom)
    .map(({ summary }) => summary!.durationMs);
  return {
    enabled: options.rounds.enabled,
    intervalMs: options.rounds.intervalMs,
    silent: monitor.silence().silent,
    lastRoundAt: iso(rounds.results().said?.atMs),
    scrub: {
      enabled: scrub !== undefined,
      allVerified: plan?.allVerified ?? false,
      overdue: plan?.overdue ?? false,
      oldestUnverifiedSeconds: plan?.oldestSeconds ?? null,
      promiseSeconds: options.scrub ? options.scrub.cycleMs / 1000 : null,
      refused: plan?.refused ?? null,
    },
    recentFigures: {
      cacheHitRate: lookups.hits + lookups.misses < FEWEST_LOOKUPS ? null : hitRateOf(lookups),
      averageValidationMs:
        late.length < FEWEST_RESULTS ? null : late.reduce((sum, ms) => sum + ms, 0) / late.length,
      memoryPercent,
    },
  };
}
