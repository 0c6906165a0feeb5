import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LevelFigures, PerformanceSnapshot } from '../api/index.js';
import type { JobRecord } from '../jobs/index.js';
import type { ValidatorStats } from '../pool/index.js';

/** Jobs of each level that the figures are taken from: the newest. */
const WINDOW = 200;
/** Fewer than this say nothing about a trend. */
const FEWEST_FOR_TREND = 8;
const PERCENT = 100;
const NS_PER_MS = 1e6;
const US_PER_MS = 1000;

interface Sample {
  readonly durationMs: number;
  readonly blocks: number | undefined;
}

interface LevelWindow {
  completed: number;
  failed: number;
  readonly samples: Sample[];
}

interface FiguresOptions {
  readonly now: () => number;
  readonly queue: () => { readonly queued: number; readonly active: number };
  readonly validator: () => ValidatorStats;
}

/** How long validations take on this node, measured since it started. What was not measured is not there. */
export class Figures {
  readonly #options: FiguresOptions;
  readonly #since: number;
  readonly #levels = new Map<string, LevelWindow>();
  readonly #loop = monitorEventLoopDelay({ resolution: 20 });
  #cpu = { at: performance.now(), usage: process.cpuUsage() };
  #finished = 0;

  constructor(options: FiguresOptions) {
    this.#options = options;
    this.#since = options.now();
    this.#loop.enable();
  }

  /** Takes a job that has ended into the figures; jobs of other nodes are told by theirs. */
  note(record: JobRecord): void {
    const { level } = record.spec;
    const window = this.#levels.get(level) ?? { completed: 0, failed: 0, samples: [] };
    this.#levels.set(level, window);
    this.#finished++;
    if (record.state !== 'completed') {
      window.failed++;
      return;
    }
    window.completed++;
    if (record.startedAt === undefined || record.finishedAt === undefined) return;
    const durationMs = Date.parse(record.finishedAt) - Date.parse(record.startedAt);
    window.samples.push({ durationMs, blocks: record.progress?.totalBlocks });
    if (window.samples.length > WINDOW) window.samples.shift();
  }

  snapshot(): PerformanceSnapshot {
    const { now, queue, validator } = this.#options;
    const seconds = (now() - this.#since) / 1000;
    return {
      since: new Date(this.#since).toISOString(),
      levels: [...this.#levels].map(([level, window]) => figuresOf(level as LevelFigures['level'], window)),
      validationsPerSecond: this.#finished === 0 ? undefined : this.#finished / seconds,
      queue: queue(),
      validator: validator(),
      process: this.#process(),
    };
  }

  close(): void {
    this.#loop.disable();
  }

  #process(): PerformanceSnapshot['process'] {
    const { rss, heapUsed } = process.memoryUsage();
    const at = performance.now();
    const usage = process.cpuUsage();
    const spentUs = usage.user + usage.system - this.#cpu.usage.user - this.#cpu.usage.system;
    const elapsedMs = at - this.#cpu.at;
    this.#cpu = { at, usage };
    const p99 = this.#loop.percentile(99) / NS_PER_MS;
    return {
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      cpuPercent: elapsedMs > 0 ? (spentUs / US_PER_MS / elapsedMs) * PERCENT : undefined,
      eventLoopDelayP99Ms: Number.isFinite(p99) && p99 > 0 ? p99 : undefined,
    };
  }
}

function figuresOf(level: LevelFigures['level'], { completed, failed, samples }: LevelWindow): LevelFigures {
  const times = samples.map(({ durationMs }) => durationMs);
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const counted = samples.filter(({ blocks, durationMs }) => blocks !== undefined && durationMs > 0);
  const blocks = counted.reduce((sum, sample) => sum + (sample.blocks ?? 0), 0);
  const milliseconds = counted.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return {
    level,
    completed,
    failed,
    averageMs: mean(times),
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    lastMs: times.at(-1),
    trend: trendOf(times),
    blocksPerSecond: milliseconds > 0 ? (blocks / milliseconds) * 1000 : undefined,
  };
}

/** Mean of the newer half over that of the older one. */
function trendOf(times: readonly number[]): number | undefined {
  if (times.length < FEWEST_FOR_TREND) return undefined;
  const middle = Math.floor(times.length / 2);
  const [older, newer] = [mean(times.slice(0, middle)), mean(times.slice(middle))];
  return older === undefined || newer === undefined || older === 0 ? undefined : newer / older;
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
