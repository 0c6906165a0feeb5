import { addDuration, addDurations, countOf, type Durations, quantileMs } from './durations.js';

/** Figures of one moment. What could not be measured then is left out. */
export interface Sample {
  readonly queued?: number;
  readonly active?: number;
  /** 100 is one core; node and validator. */
  readonly cpuPercent?: number;
  readonly memoryBytes?: number;
  /** Requests that the cache has answered and has not, since the sample before. */
  readonly hits?: number;
  readonly misses?: number;
}

/** A validation that has ended with a report. */
export interface TimedResult {
  readonly level: string;
  readonly durationMs: number;
  readonly blocks: number;
}

const GAUGES = ['queued', 'active', 'cpuPercent', 'memoryBytes'] as const;
type Gauge = (typeof GAUGES)[number];

/** All that fell into one step: sums, so that steps can be added up to longer ones. JSON. */
export interface Step {
  /** Milliseconds since 1970; a multiple of the step's length. */
  readonly at: number;
  gauges: Partial<Record<Gauge, { sum: number; samples: number }>>;
  hits: number;
  misses: number;
  levels: Record<string, Record<string, number>>;
  blocks: number;
  busyMs: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** 10 s for an hour, 1 min for a day, 10 min for a week. */
export const TIERS = [
  { stepMs: 10 * SECOND_MS, steps: 360 },
  { stepMs: MINUTE_MS, steps: 1440 },
  { stepMs: 10 * MINUTE_MS, steps: 1008 },
] as const;

/** A point of a chart. */
export interface SeriesPoint {
  readonly at: string;
  readonly validations: Readonly<
    Record<string, { readonly count: number; readonly p50Ms: number | null; readonly p95Ms: number | null }>
  >;
  readonly validationsPerMinute: number | null;
  readonly blocksPerSecond: number | null;
  readonly hitRate: number | null;
  readonly queued: number | null;
  readonly active: number | null;
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
}

const emptyStep = (at: number): Step => ({
  at,
  gauges: {},
  hits: 0,
  misses: 0,
  levels: {},
  blocks: 0,
  busyMs: 0,
});

/** One resolution of the series: the last `steps` steps, the oldest first. */
class Tier {
  readonly stepMs: number;
  readonly #most: number;
  readonly #steps = new Map<number, Step>();
  readonly changed = new Set<number>();
  #newest = 0;

  constructor({ stepMs, steps }: (typeof TIERS)[number]) {
    this.stepMs = stepMs;
    this.#most = steps;
  }

  /** The step of a time; undefined for a time before all that is kept. */
  step(atMs: number): Step | undefined {
    const at = Math.floor(atMs / this.stepMs) * this.stepMs;
    if (at <= this.#newest - this.#most * this.stepMs) return undefined;
    this.#newest = Math.max(this.#newest, at);
    const known = this.#steps.get(at) ?? emptyStep(at);
    this.#steps.set(at, known);
    this.changed.add(at);
    return known;
  }

  load(step: Step): void {
    this.#steps.set(step.at, step);
    this.#newest = Math.max(this.#newest, step.at);
  }

  get(at: number): Step | undefined {
    return this.#steps.get(at);
  }

  /** Steps that begin in a half-open time. */
  between(fromMs: number, toMs: number): Step[] {
    return [...this.#steps.values()].filter(({ at }) => at >= fromMs && at < toMs);
  }

  /** Forgets what is too old; gives the times of it. */
  trim(nowMs: number): number[] {
    const oldest = nowMs - this.#most * this.stepMs;
    const gone = [...this.#steps.keys()].filter((at) => at + this.stepMs <= oldest);
    for (const at of gone) {
      this.#steps.delete(at);
      this.changed.delete(at);
    }
    return gone;
  }
}

/** A change that has to be kept: a step, or undefined for one that is gone. */
export interface SeriesChange {
  readonly tier: number;
  readonly at: number;
  readonly step: Step | undefined;
}

/**
 * Figures over time, in three resolutions at once: everything is added to the current step of each, so that nothing has
 * to be rolled up later and a restart loses nothing that was written. Bounded by {@link TIERS}. Pure: no clock.
 */
export class Series {
  readonly #tiers = TIERS.map((tier) => new Tier(tier));

  sample(atMs: number, sample: Sample): void {
    this.#each(atMs, (step) => {
      for (const name of GAUGES) {
        const value = sample[name];
        if (value === undefined || !Number.isFinite(value)) continue;
        const { sum, samples } = step.gauges[name] ?? { sum: 0, samples: 0 };
        step.gauges[name] = { sum: sum + value, samples: samples + 1 };
      }
      step.hits += sample.hits ?? 0;
      step.misses += sample.misses ?? 0;
    });
  }

  result(atMs: number, { level, durationMs, blocks }: TimedResult): void {
    this.#each(atMs, (step) => {
      step.levels[level] ??= {};
      addDuration(step.levels[level], durationMs);
      step.blocks += blocks;
      step.busyMs += durationMs;
    });
  }

  /** Takes up what was kept. */
  load(tier: number, step: Step): void {
    this.#tiers[tier]?.load(step);
  }

  /** What has changed since the last call. */
  changes(nowMs: number): SeriesChange[] {
    return this.#tiers.flatMap((tier, index) => {
      const gone = tier.trim(nowMs).map((at) => ({ tier: index, at, step: undefined }));
      const changed = [...tier.changed].map((at) => ({ tier: index, at, step: tier.get(at) }));
      tier.changed.clear();
      return [...gone, ...changed];
    });
  }

  /** All that fell into a half-open time, from the finest steps that reach back so far. */
  total(fromMs: number, toMs: number, nowMs: number): Step {
    return merged(fromMs, this.#tierOf(nowMs - fromMs).between(fromMs, toMs));
  }

  /**
   * Points at equal distances; those for which nothing is known are there, with nulls.
   *
   * @param most points of the answer
   */
  points(fromMs: number, nowMs: number, most: number): { stepMs: number; points: SeriesPoint[] } {
    const tier = this.#tierOf(nowMs - fromMs);
    const together = Math.max(1, Math.ceil((nowMs - fromMs) / tier.stepMs / most));
    const stepMs = tier.stepMs * together;
    const points: SeriesPoint[] = [];
    for (let at = Math.ceil(fromMs / stepMs) * stepMs; at <= nowMs; at += stepMs) {
      const length = Math.min(stepMs, nowMs - at);
      points.push(pointOf(merged(at, tier.between(at, at + stepMs)), length));
    }
    return { stepMs, points: points.slice(-most) };
  }

  #tierOf(rangeMs: number): Tier {
    const index = TIERS.findIndex(({ stepMs, steps }) => rangeMs <= stepMs * steps);
    return this.#tiers.at(index)!;
  }

  #each(atMs: number, change: (step: Step) => void): void {
    for (const tier of this.#tiers) {
      const step = tier.step(atMs);
      if (step) change(step);
    }
  }
}

function merged(at: number, steps: readonly Step[]): Step {
  const sum = emptyStep(at);
  for (const step of steps) {
    for (const [name, { sum: more, samples }] of Object.entries(step.gauges)) {
      const before = sum.gauges[name as Gauge] ?? { sum: 0, samples: 0 };
      sum.gauges[name as Gauge] = { sum: before.sum + more, samples: before.samples + samples };
    }
    sum.hits += step.hits;
    sum.misses += step.misses;
    sum.blocks += step.blocks;
    sum.busyMs += step.busyMs;
    for (const [level, durations] of Object.entries(step.levels)) {
      sum.levels[level] ??= {};
      addDurations(sum.levels[level], durations);
    }
  }
  return sum;
}

export function meanOf(step: Step, name: Gauge): number | null {
  const gauge = step.gauges[name];
  return gauge === undefined ? null : gauge.sum / gauge.samples;
}

const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);

export const hitRateOf = ({ hits, misses }: Step): number | null => share(hits, hits + misses);

/** Validations of a step count as measured when the node was there to see them, which its samples tell. */
function pointOf(step: Step, lengthMs: number): SeriesPoint {
  const levels = Object.entries(step.levels) as [string, Durations][];
  const count = levels.reduce((sum, [, durations]) => sum + countOf(durations), 0);
  const seen = count > 0 || Object.keys(step.gauges).length > 0;
  return {
    at: new Date(step.at).toISOString(),
    validations: Object.fromEntries(
      levels.map(([level, durations]) => [
        level,
        {
          count: countOf(durations),
          p50Ms: quantileMs(durations, 0.5),
          p95Ms: quantileMs(durations, 0.95),
        },
      ]),
    ),
    validationsPerMinute: seen && lengthMs > 0 ? (count * MINUTE_MS) / lengthMs : null,
    blocksPerSecond: step.busyMs > 0 ? (step.blocks / step.busyMs) * SECOND_MS : null,
    hitRate: hitRateOf(step),
    queued: meanOf(step, 'queued'),
    active: meanOf(step, 'active'),
    cpuPercent: meanOf(step, 'cpuPercent'),
    memoryBytes: meanOf(step, 'memoryBytes'),
  };
}
