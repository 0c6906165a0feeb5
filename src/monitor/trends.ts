import type { Status } from '../validation/index.js';
import { isOfWholeChain, type JobOutcome } from './outcome.js';
import { hitRateOf, meanOf, type Series, type Step } from './series.js';

/** How the figures of late compare with those before; insufficient when there are too few of either. */
type Direction = 'Improving' | 'Stable' | 'Degrading' | 'insufficient';

export interface Trend {
  readonly recent: number | null;
  readonly before: number | null;
  readonly direction: Direction;
  /** Results, requests or samples that both figures were made of. */
  readonly samples: number;
}

export type HealthTrend = 'Excellent' | 'Good' | 'Fair' | 'Poor' | 'Critical' | 'insufficient';

export interface Trends {
  readonly validationTimeMs: Trend;
  readonly cacheHitRate: Trend;
  readonly throughput: Trend;
  readonly errorRate: Trend;
  readonly memoryBytes: Trend;
  readonly cpuPercent: Trend;
}

/** A figure has changed when it is this much above or below what it was. */
const CHANGED = 1.25;
/** A share has changed when it is so much above or below what it was. */
const SHARE_CHANGED = 0.05;
/** Results that trends look at, halved into before and recent. */
const RESULTS = 40;
const FEWEST_RESULTS = 8;
/** Time that is compared with as long before it. */
const WINDOW_MS = 30 * 60_000;
const FEWEST_REQUESTS = 20;
const FEWEST_SAMPLES = 30;
const HEALTH_RESULTS = 100;
const FEWEST_HEALTH = 5;

/**
 * Recent figures against those before them.
 *
 * Validation time (median), throughput (blocks over time) and error rate (jobs that failed, or could not check all) are
 * taken from the last {@link RESULTS} results, the newer half against the older, from {@link FEWEST_RESULTS} on; the
 * first two from complete validations of the whole chain at the level of the monitor. Hit rate, memory and CPU are
 * those of the last {@link WINDOW_MS} against as long before, from {@link FEWEST_REQUESTS} requests and
 * {@link FEWEST_SAMPLES} samples on in each. A figure is Improving or Degrading when it differs by a factor of
 * {@link CHANGED} (shares: by {@link SHARE_CHANGED}); less is Stable.
 *
 * @param newest results, the newest first
 */
export function trendsOf(
  newest: readonly JobOutcome[],
  level: string,
  series: Series,
  nowMs: number,
): Trends {
  const timed = newest
    .filter((outcome) => isOfWholeChain(outcome) && outcome.level === level && outcome.summary?.complete)
    .slice(0, RESULTS)
    .map(({ summary }) => summary!);
  const ended = newest.filter(({ state }) => state !== 'cancelled').slice(0, RESULTS);
  const recent = series.total(nowMs - WINDOW_MS, nowMs + 1, nowMs);
  const before = series.total(nowMs - 2 * WINDOW_MS, nowMs - WINDOW_MS, nowMs);
  const durations = halves(timed, (half) => median(half.map(({ durationMs }) => durationMs)));
  const speeds = halves(timed, (half) => {
    const ms = half.reduce((sum, { durationMs }) => sum + durationMs, 0);
    return ms > 0 ? (half.reduce((sum, { checked }) => sum + checked.headers, 0) / ms) * 1000 : null;
  });
  const errors = halves(ended, (half) => half.filter(isError).length / half.length);
  return {
    validationTimeMs: trend(durations, 'less', timed.length),
    throughput: trend(speeds, 'more', timed.length),
    errorRate: shareTrend(errors, 'less', ended.length),
    cacheHitRate: hitRateTrend(recent, before),
    memoryBytes: gaugeTrend(recent, before, 'memoryBytes'),
    cpuPercent: gaugeTrend(recent, before, 'cpuPercent'),
  };
}

/**
 * The health of the chain and of its validation in one word, from the last {@link HEALTH_RESULTS} results about the whole
 * chain, those of the last day. Critical: the newest one that could say something says Critical or Corrupted. Poor:
 * an earlier one does, or more than a fifth failed or could not check all. Fair: more than a twentieth did, or the
 * newest one says Warning. Good: some did, or an earlier one says Warning. Excellent: all were Healthy. Insufficient:
 * fewer than {@link FEWEST_HEALTH}, unless it is Critical.
 *
 * @param newest results, the newest first
 */
export function healthTrendOf(
  newest: readonly JobOutcome[],
  nowMs: number,
): { value: HealthTrend; samples: number } {
  const dayAgo = new Date(nowMs - 24 * 3_600_000).toISOString();
  const results = newest
    .filter((outcome) => outcome.finishedAt >= dayAgo)
    .filter((outcome) => isOfWholeChain(outcome) || outcome.state === 'failed')
    .slice(0, HEALTH_RESULTS);
  const statuses = results.flatMap(({ summary }) => summary?.status ?? []);
  const said = statuses.filter((status) => status !== 'Incomplete');
  const samples = results.length;
  if (said[0] !== undefined && isBad(said[0])) return { value: 'Critical', samples };
  if (samples < FEWEST_HEALTH) return { value: 'insufficient', samples };
  const errors = results.filter(isError).length / samples;
  if (said.some(isBad) || errors > 0.2) return { value: 'Poor', samples };
  if (errors > 0.05 || said[0] === 'Warning') return { value: 'Fair', samples };
  if (errors > 0 || said.includes('Warning')) return { value: 'Good', samples };
  return { value: 'Excellent', samples };
}

const isBad = (status: Status): boolean => status === 'Critical' || status === 'Corrupted';

const isError = ({ state, summary }: JobOutcome): boolean =>
  state === 'failed' || summary === null || summary.status === 'Incomplete';

type Pair = { readonly recent: number | null; readonly before: number | null };

/** The newer half of results against the older one. */
function halves<Item>(newest: readonly Item[], figure: (half: readonly Item[]) => number | null): Pair {
  const middle = Math.floor(newest.length / 2);
  if (newest.length < FEWEST_RESULTS) return { recent: null, before: null };
  return { recent: figure(newest.slice(0, middle)), before: figure(newest.slice(middle)) };
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

function trend({ recent, before }: Pair, better: 'less' | 'more', samples: number): Trend {
  if (recent === null || before === null) return { recent, before, direction: 'insufficient', samples };
  const grown = recent > before * CHANGED;
  const shrunk = recent < before / CHANGED;
  return { recent, before, direction: directionOf(grown, shrunk, better), samples };
}

function shareTrend({ recent, before }: Pair, better: 'less' | 'more', samples: number): Trend {
  if (recent === null || before === null) return { recent, before, direction: 'insufficient', samples };
  const grown = recent - before > SHARE_CHANGED;
  const shrunk = before - recent > SHARE_CHANGED;
  return { recent, before, direction: directionOf(grown, shrunk, better), samples };
}

function directionOf(grown: boolean, shrunk: boolean, better: 'less' | 'more'): Direction {
  if (grown) return better === 'more' ? 'Improving' : 'Degrading';
  if (shrunk) return better === 'less' ? 'Improving' : 'Degrading';
  return 'Stable';
}

function hitRateTrend(recent: Step, before: Step): Trend {
  const [now, then] = [recent.hits + recent.misses, before.hits + before.misses];
  const enough = now >= FEWEST_REQUESTS && then >= FEWEST_REQUESTS;
  const pair = { recent: hitRateOf(recent), before: hitRateOf(before) };
  const judged = shareTrend(pair, 'more', now + then);
  return enough ? judged : { ...judged, direction: 'insufficient' };
}

function gaugeTrend(recent: Step, before: Step, name: 'memoryBytes' | 'cpuPercent'): Trend {
  const [now, then] = [recent, before].map(({ gauges }) => gauges[name]?.samples ?? 0) as [number, number];
  const judged = trend({ recent: meanOf(recent, name), before: meanOf(before, name) }, 'less', now + then);
  const enough = now >= FEWEST_SAMPLES && then >= FEWEST_SAMPLES;
  return enough ? judged : { ...judged, direction: 'insufficient' };
}
