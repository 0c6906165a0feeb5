import { type MonitorStore, scanAll } from './monitor-state.js';
import type { JobOutcome } from './outcome.js';

interface Kept {
  /** When this node has stored it, in milliseconds since 1970. */
  readonly storedMs: number;
  readonly outcome: JobOutcome;
}

export interface HistoryOptions {
  readonly store: MonitorStore;
  readonly now: () => number;
  readonly replica: string;
  /** Results that are kept; the oldest go first. */
  readonly most?: number;
}

const PREFIX = 'monitor/result/';
const MOST = 5000;
const TIME_DIGITS = 15;

const keyOf = ({ replica, finishedAt, jobId }: JobOutcome): string =>
  `${PREFIX}${replica}/${String(Date.parse(finishedAt)).padStart(TIME_DIGITS, '0')}-${jobId}`;

/**
 * The last results of a replica, whoever asked for them: in memory, and in the node's state before anybody relies on
 * them. Each job is in it once. Bounded by {@link MOST}.
 */
export class History {
  readonly #options: HistoryOptions;
  readonly #most: number;
  /** By key, which sorts by the time of the end. */
  #kept: { readonly key: string; readonly outcome: JobOutcome }[] = [];
  readonly #byJob = new Map<string, JobOutcome>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: HistoryOptions) {
    this.#options = options;
    this.#most = options.most ?? MOST;
  }

  /** Also gives what was stored since `sinceMs`, the oldest result first. */
  static async load(
    options: HistoryOptions,
    sinceMs: number,
  ): Promise<{ history: History; recent: readonly JobOutcome[] }> {
    const history = new History(options);
    const recent: JobOutcome[] = [];
    for await (const { key, value } of scanAll<Kept>(options.store, `${PREFIX}${options.replica}/`)) {
      history.#insert(key, value.outcome);
      if (value.storedMs >= sinceMs) recent.push(value.outcome);
    }
    return { history, recent };
  }

  /**
   * Keeps a result; resolves when it is durable, to whether it is news. Results older than all that are kept are none.
   * Errors: those of the state.
   */
  add(outcome: JobOutcome): Promise<boolean> {
    const turn = this.#last.then(() => this.#add(outcome));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #add(outcome: JobOutcome): Promise<boolean> {
    const { store, now } = this.#options;
    if (this.#byJob.has(outcome.jobId)) return false;
    const key = keyOf(outcome);
    const full = this.#kept.length >= this.#most;
    if (full && key < this.#kept[0]!.key) return false;
    const gone = full ? this.#kept[0]! : undefined;
    const kept: Kept = { storedMs: now(), outcome };
    await store.put([[key, kept], ...(gone ? [[gone.key, undefined] as const] : [])]);
    if (gone) {
      this.#kept.shift();
      this.#byJob.delete(gone.outcome.jobId);
    }
    this.#insert(key, outcome);
    return true;
  }

  #insert(key: string, outcome: JobOutcome): void {
    let at = this.#kept.length;
    while (at > 0 && this.#kept[at - 1]!.key > key) at--;
    this.#kept.splice(at, 0, { key, outcome });
    this.#byJob.set(outcome.jobId, outcome);
  }

  get(jobId: string): JobOutcome | undefined {
    return this.#byJob.get(jobId);
  }

  /** The newest first. */
  *newest(): Generator<JobOutcome> {
    for (let at = this.#kept.length - 1; at >= 0; at--) yield this.#kept[at]!.outcome;
  }

  /** Of the newest that fit, at most so many, the newest first. */
  latest(most: number, fits: (outcome: JobOutcome) => boolean = () => true): JobOutcome[] {
    const found: JobOutcome[] = [];
    for (const outcome of this.newest()) {
      if (!fits(outcome)) continue;
      found.push(outcome);
      if (found.length === most) break;
    }
    return found;
  }
}
