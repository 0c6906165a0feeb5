import { ProvChainError } from '../errors.js';
import type { SharedDocuments } from '../fleet/index.js';
import type { EndedJob, JobService } from '../jobs/index.js';
import type { Log } from '../logging/index.js';
import type { Level, Status } from '../validation/index.js';
import { Coverage, type CoverageState } from './coverage.js';
import { History } from './history.js';
import { type MonitorStore, scanAll } from './monitor-state.js';
import { type JobOutcome, outcomeOf } from './outcome.js';
import type { ResultStream } from './result-stream.js';
import { Rounds } from './rounds.js';
import { Scrub } from './scrub.js';
import type { ScrubSettings } from './scrub-plan.js';
import { type Sample, Series, type Step } from './series.js';
import { silenceOf } from './silence.js';
import type { Ticker, TickerOptions } from './ticker.js';

/** What the monitor counts; `src/metrics` implements it. */
export interface MonitorMetrics {
  roundEnded(level: string, status: Status | 'failed' | 'refused'): void;
  sliceEnded(status: Status | 'failed' | 'refused', blocks: number): void;
}

export interface MonitorOptions {
  readonly replica: string;
  readonly node: string;
  readonly store: MonitorStore;
  readonly documents: SharedDocuments;
  readonly jobs: Pick<JobService, 'submit' | 'get' | 'cancel' | 'stats'>;
  readonly rounds: { readonly enabled: boolean; readonly intervalMs: number; readonly level: Level };
  /** Absent: no scrub. */
  readonly scrub?: ScrubSettings;
  /** Limits of a validation in force: of one that names none, and the longest. */
  readonly limits: () => { readonly usualMs: number; readonly longestMs: number };
  readonly batchSize: number;
  /** Blocks of the chain as this node sees it; undefined when that cannot be told. */
  readonly height: () => Promise<number | undefined>;
  /** Figures of this moment; hits and misses since the call before. */
  readonly sample: () => Promise<Sample>;
  readonly startTicker: (options: TickerOptions) => Ticker;
  /** How the nodes of a fleet tell each other what their jobs came to; absent when the node is alone. */
  readonly openStream?: (parts: {
    readonly take: (outcome: JobOutcome) => Promise<void>;
    readonly own: () => readonly JobOutcome[];
  }) => Promise<ResultStream>;
  readonly metrics: MonitorMetrics;
  /** A round could not be asked for; the reason in words. */
  readonly onRoundRefused?: (reason: string) => void;
  readonly log: Log;
  readonly now: () => number;
}

const MAP = 'monitor/map';
const WATCH = 'monitor/watch';
const SERIES = 'monitor/series/';
const SAMPLE_MS = 10_000;
const LOOK_MS = 1000;
const KEEP_MS = 10_000;
/** Results that may have been stored and not be in the map yet when it was kept. */
const REPLAY_MS = 60_000;
/** Own results that are published again when Redis has lost them. */
const PUBLISHED_AGAIN = 200;
const TIME_DIGITS = 15;

interface KeptMap extends CoverageState {
  readonly savedMs: number;
}

interface KeptWatch {
  readonly savedMs: number;
  /** How long the node has watched since the last round that said something. */
  readonly silentMs: number;
}

/**
 * Watches the chain: validates it at every interval, scrubs it, and remembers what every validation said, whoever asked
 * for it. It makes no verdict of its own: what it shows are statuses of reports, and when they were made.
 *
 * States: loading → watching → closed. Nothing waits for it: rounds and slices are jobs like others, and what it
 * could not do now is done at the next tick or look.
 */
export class Monitor {
  readonly options: MonitorOptions;
  readonly history: History;
  readonly series = new Series();
  readonly coverage: Coverage;
  readonly rounds: Rounds;
  readonly scrub: Scrub | undefined;
  readonly #startedMs: number;
  readonly #carriedMs: number;
  #ticker: Ticker | undefined;
  #stream: ResultStream | undefined;
  #timers: NodeJS.Timeout[] = [];
  #mapChanged = false;
  #keeping: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: MonitorOptions, history: History, coverage: Coverage, carriedMs: number) {
    this.options = options;
    this.history = history;
    this.coverage = coverage;
    this.#startedMs = options.now();
    this.#carriedMs = carriedMs;
    const { replica, node, documents, jobs, metrics, log, now, rounds, scrub } = options;
    const { level, intervalMs } = rounds;
    const outcome = (jobId: string) => history.get(jobId);
    const shared = { replica, node, documents, jobs, outcome, log, now };
    this.rounds = new Rounds({
      ...{ ...shared, level, intervalMs },
      count: (status) => metrics.roundEnded(level, status),
      refused: (reason) => options.onRoundRefused?.(reason),
    });
    this.scrub =
      scrub &&
      new Scrub({
        ...{ ...shared, settings: scrub },
        coverage: () => coverage,
        slices: (most) => history.latest(most, isCompleteSlice),
        longestMs: () => options.limits().longestMs,
        count: (status, blocks) => metrics.sliceEnded(status, blocks),
      });
  }

  static async open(options: MonitorOptions): Promise<Monitor> {
    const { store, now, batchSize, replica } = options;
    const kept = await store.get<KeptMap>(`${MAP}/${replica}`);
    const watch = await store.get<KeptWatch>(`${WATCH}/${replica}`);
    const sinceMs = (kept?.savedMs ?? 0) - REPLAY_MS;
    const { history, recent } = await History.load({ store, now, replica }, sinceMs);
    const coverage = new Coverage(batchSize, kept);
    const monitor = new Monitor(options, history, coverage, watch?.silentMs ?? 0);
    for (const outcome of recent) monitor.#applyToMap(outcome);
    const prefix = monitor.#seriesKey();
    for await (const { key, value } of scanAll<Step>(store, prefix)) {
      monitor.series.load(Number(key.slice(prefix.length).split('/')[0]), value);
    }
    await monitor.#look();
    await monitor.#begin();
    return monitor;
  }

  async #begin(): Promise<void> {
    const { rounds, startTicker, openStream, now } = this.options;
    this.#stream = await openStream?.({ take: (outcome) => this.take(outcome), own: () => this.#own() });
    if (rounds.enabled) {
      this.#ticker = startTicker({
        intervalMs: rounds.intervalMs,
        lastDueMs: () => this.rounds.lastDueMs(),
        take: (dueMs) => this.rounds.tick(dueMs),
        now,
      });
    }
    void this.#sample();
    this.#timers = [
      setInterval(() => void this.#sample(), SAMPLE_MS),
      setInterval(() => void this.#look(), LOOK_MS),
      setInterval(() => void this.#keep(), KEEP_MS),
    ];
    for (const timer of this.#timers) timer.unref();
    this.scrub?.start();
  }

  /** Takes in what a job of any node came to; resolves when it is durable. Errors: those of the state. */
  async take(outcome: JobOutcome): Promise<void> {
    if (outcome.replica !== this.options.replica) return;
    if (this.#closed) throw new ProvChainError('SHUTTING_DOWN', 'the monitor is closed');
    if (!(await this.history.add(outcome))) return;
    const { summary, level } = outcome;
    if (summary) {
      const { durationMs, checked } = summary;
      this.series.result(Date.parse(outcome.finishedAt), { level, durationMs, blocks: checked.headers });
    }
    this.#applyToMap(outcome);
    this.rounds.ended(outcome);
    this.scrub?.ended(outcome);
  }

  silence(): { silentMs: number | null; silent: boolean } {
    const { rounds, limits, now } = this.options;
    const facts = {
      ...rounds,
      timeLimitMs: limits().usualMs,
      lastRoundMs: this.rounds.results().said?.atMs,
      startedMs: this.#startedMs,
      carriedMs: this.#carriedMs,
    };
    return silenceOf(facts, now());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#ticker?.close();
    await this.scrub?.close();
    await this.#stream?.close();
    this.#closed = true;
    await this.#keep();
  }

  /**
   * A job of this node has ended, for `JobService.followEnded`: the other nodes are told before this resolves.
   * Errors: QUEUE_UNAVAILABLE, SHUTTING_DOWN, those of the state; it is to be given again then.
   */
  async jobEnded(ended: EndedJob): Promise<void> {
    const outcome = outcomeOf(ended);
    if (!outcome) return;
    await this.take(outcome);
    await this.#stream?.publish(outcome);
  }

  #own(): readonly JobOutcome[] {
    const { node } = this.options;
    return this.history.latest(PUBLISHED_AGAIN, ({ owner }) => owner === node).reverse();
  }

  #applyToMap({ summary, acceptedAt, finishedAt, trigger, from, to }: JobOutcome): void {
    if (summary) this.coverage.apply(summary, Date.parse(acceptedAt));
    if (trigger === 'scrub')
      this.coverage.tried(from ?? 0, to ?? Number.MAX_SAFE_INTEGER, Date.parse(finishedAt));
    this.#mapChanged = true;
  }

  async #sample(): Promise<void> {
    const { sample, now } = this.options;
    const figures = await sample().catch(() => undefined);
    if (figures) this.series.sample(now(), figures);
  }

  async #look(): Promise<void> {
    const height = await this.options.height().catch(() => undefined);
    if (height !== undefined && this.coverage.resize(height, this.options.now())) this.#mapChanged = true;
  }

  /** Writes what has changed. Never rejects: a state that takes nothing more is told of by the node's health. */
  #keep(): Promise<void> {
    this.#keeping = this.#keeping.then(async () => {
      const { store, now, log } = this.options;
      const savedMs = now();
      const map = this.#mapChanged
        ? [[`${MAP}/${this.options.replica}`, this.#keptMap(savedMs)] as const]
        : [];
      this.#mapChanged = false;
      const steps = this.series.changes(savedMs).map(({ tier, at, step }) => {
        return [`${this.#seriesKey()}${tier}/${String(at).padStart(TIME_DIGITS, '0')}`, step] as const;
      });
      const watch: KeptWatch = { savedMs, silentMs: this.silence().silentMs ?? 0 };
      try {
        await store.put([...map, ...steps, [`${WATCH}/${this.options.replica}`, watch]]);
      } catch (error) {
        this.#mapChanged = true;
        log.warn('the history of the monitor was not written', { reason: String(error) });
      }
    });
    return this.#keeping;
  }

  #seriesKey(): string {
    return `${SERIES}${this.options.replica}/`;
  }

  #keptMap(savedMs: number): KeptMap {
    return { ...this.coverage.state(), savedMs };
  }
}

const isCompleteSlice = ({ trigger, summary }: JobOutcome): boolean =>
  trigger === 'scrub' && summary?.complete === true;
