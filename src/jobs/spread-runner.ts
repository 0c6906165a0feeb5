import { randomInt } from 'node:crypto';
import type { ShardOutcome, ShardRunner, ShardTask } from '../validation/index.js';
import type { ShardAnswer, ShardTicket } from './codec.js';
import type { SpreadJob } from './shard-exchange.js';

export interface SpreadRunnerOptions {
  readonly job: SpreadJob;
  readonly concurrency: number;
  readonly pollMs: number;
  /** Gives a shard to the workers. Rejects while Redis is away. */
  readonly give: (ticket: ShardTicket) => Promise<void>;
  readonly collect: (
    shards: readonly number[],
  ) => Promise<{ found: readonly ShardAnswer[]; lost: readonly number[] }>;
  /** Takes back what is not begun, which it gives, and tells who works on the others that nobody waits for them. */
  readonly stop: (shards: readonly number[]) => Promise<readonly number[]>;
  /** From the first call on `look` is to be called when there may be an answer, from the second on no more. */
  readonly onBusy: () => void;
  readonly onIdle: () => void;
}

interface Pending {
  readonly task: ShardTask;
  readonly resolve: (outcome: ShardOutcome) => void;
  /** How often it was given out. */
  given: number;
  /** It was put into the queue, so that it must be there or answered. */
  queued: boolean;
  /** Seen once as lost: an answer on its way gets a second chance. */
  missed: boolean;
}

const FIRST_SHARDS = 2 ** 47;
/** As often as a job is added to the queue again: Redis may be emptied more than once while a long job runs. */
const MOST_GIVEN = 10;
/** What workers get to say what they have covered when a job is stopped. */
const STOP_GRACE_MS = 2500;

/**
 * The shards of one job on the workers of its replica, this node's among them.
 *
 * States of a shard: given → answered; given → lost (neither in the queue nor answered) → given again under a new
 * number, so that a late answer to the old one is nobody's → … → failed after some times.
 */
export class SpreadRunner implements ShardRunner {
  readonly concurrency: number;
  readonly #options: SpreadRunnerOptions;
  readonly #pending = new Map<number, Pending>();
  /** Signals that this listens to: the shards of a job share one. */
  readonly #heard = new WeakSet<AbortSignal>();
  /**
   * Numbers begin anywhere: a Redis that was set back to an earlier state may count two runs of a job as one start, and
   * neither may take an answer to the other for its own.
   */
  #next = randomInt(FIRST_SHARDS);
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;
  #stopping = false;

  constructor(options: SpreadRunnerOptions) {
    this.#options = options;
    this.concurrency = options.concurrency;
  }

  async run(task: ShardTask, signal: AbortSignal): Promise<ShardOutcome> {
    if (signal.aborted) return STOPPED;
    if (!this.#timer) {
      this.#timer = setInterval(() => this.look(true), this.#options.pollMs);
      this.#options.onBusy();
    }
    if (!this.#heard.has(signal)) {
      this.#heard.add(signal);
      signal.addEventListener('abort', () => void this.#stop(), { once: true });
    }
    try {
      return await new Promise<ShardOutcome>((resolve) => {
        void this.#give({ task, resolve, given: 0, queued: false, missed: false });
      });
    } finally {
      if (this.#pending.size === 0) this.#rest();
    }
  }

  /**
   * Looks for answers; called when there may be some. One look at a time. Only one of the timer's looks finds that a shard
   * is lost: others may follow each other within a millisecond.
   */
  look(patrol = false): void {
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    this.#collect(patrol)
      // Redis is away: the next look will tell, and the time limit of the job bounds it.
      .catch(() => {})
      .finally(() => {
        this.#looking = false;
        if (!this.#lookAgain) return;
        this.#lookAgain = false;
        this.look();
      });
  }

  async #collect(patrol: boolean): Promise<void> {
    const shards = [...this.#pending.keys()];
    if (shards.length === 0) return;
    const { found, lost } = await this.#options.collect(shards);
    for (const answer of found) this.#take(answer);
    if (patrol) for (const shard of lost) this.#lose(shard);
  }

  #take({ shard, outcome, leftBy, node }: ShardAnswer): void {
    const pending = this.#pending.get(shard);
    if (!pending) return;
    this.#pending.delete(shard);
    const { from, to } = pending.task.range;
    if (leftBy.length > 0) {
      const who = [...new Set(leftBy)].join(', ');
      this.#options.job.onNote(`blocks ${from} to ${to - 1} were left by ${who} and checked by ${node}`);
    }
    pending.resolve({ ...outcome, node });
  }

  #lose(shard: number): void {
    const pending = this.#pending.get(shard);
    if (!pending?.queued) return;
    if (!pending.missed) {
      pending.missed = true;
      return;
    }
    this.#pending.delete(shard);
    const { from, to } = pending.task.range;
    if (pending.given >= MOST_GIVEN) {
      const message = `the queue has lost blocks ${from} to ${to - 1} ${pending.given} times`;
      pending.resolve({ failed: { code: 'STORE_UNAVAILABLE', message } });
      return;
    }
    this.#options.job.onNote(`blocks ${from} to ${to - 1} were lost by the queue and given out again`);
    void this.#give({ ...pending, queued: false, missed: false });
  }

  /** A shard that cannot be given out now counts as lost, so that it is given out again. */
  async #give(pending: Pending): Promise<void> {
    const { jobId, fence, plan } = this.#options.job;
    const shard = this.#next++;
    this.#pending.set(shard, { ...pending, given: pending.given + 1 });
    const ticket: ShardTicket = { jobId, fence, shard, leftBy: [], plan, task: pending.task };
    const given = await this.#options.give(ticket).then(
      () => true,
      () => false,
    );
    const mine = this.#pending.get(shard);
    if (!mine) return;
    mine.queued = true;
    if (!given) mine.given--;
  }

  /** What was not begun is over at once; the others get a moment to say what they have covered. */
  async #stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const shards = [...this.#pending.keys()];
    const end = (ended: readonly number[]) => {
      for (const shard of ended) {
        this.#pending.get(shard)?.resolve(STOPPED);
        this.#pending.delete(shard);
      }
    };
    setTimeout(() => end(shards), STOP_GRACE_MS).unref();
    end(await this.#options.stop(shards).catch(() => []));
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#options.onIdle();
  }
}

/** Nothing is known of the shard; with a stop request about, that is no finding. */
const STOPPED: ShardOutcome = { failed: { code: 'STORE_UNAVAILABLE', message: 'the job was stopped' } };
