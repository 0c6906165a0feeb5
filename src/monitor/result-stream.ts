import type { Redis } from 'ioredis';
import { ProvChainError } from '../errors.js';
import type { Sealer } from '../fleet/index.js';
import type { Log } from '../logging/index.js';
import type { MonitorStore } from './monitor-state.js';
import { type JobOutcome, parseOutcome } from './outcome.js';

export interface ResultStreamOptions {
  /** Fails at once when Redis is away. */
  readonly redis: Redis;
  /** Of every key of this chain's fleet. */
  readonly prefix: string;
  readonly sealer: Sealer;
  readonly node: string;
  readonly store: MonitorStore;
  /** Takes over an outcome that some node has published; given again when it rejects. Must bear one twice. */
  readonly take: (outcome: JobOutcome) => Promise<void>;
  /** This node's own last outcomes, the oldest first: published again when Redis has lost the stream. */
  readonly own: () => readonly JobOutcome[];
  readonly log: Log;
}

const POSITION = 'monitor/stream-position';
const FIELD = 'outcome';
/** Entries that the stream keeps, about. */
const MOST_ENTRIES = 10_000;
const ENTRIES_AT_ONCE = 200;
const POLL_MS = 300;
const START = '0-0';

type Entry = [id: string, fields: string[]];

/**
 * What the jobs of the fleet came to, in a capped stream of Redis: the owner of a job publishes, and every node reads
 * all of it from where it left off.
 *
 * Entries are sealed. Whoever can write to Redis can leave some out or repeat them; a repeated one is known already, and
 * one that is missing leaves a node knowing less, never something wrong. After FLUSHALL every node publishes its
 * last own outcomes again: a mark beside the stream tells it that they are gone.
 *
 * States: polling → polling; closed.
 */
export class ResultStream {
  readonly #options: ResultStreamOptions;
  readonly #key: string;
  readonly #mark: string;
  #position: string;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  #closed = false;

  private constructor(options: ResultStreamOptions, position: string) {
    this.#options = options;
    this.#key = `${options.prefix}:results`;
    this.#mark = `${options.prefix}:results:of:${options.node}`;
    this.#position = position;
  }

  static async open(options: ResultStreamOptions): Promise<ResultStream> {
    const position = (await options.store.get<string>(POSITION)) ?? START;
    const stream = new ResultStream(options, position);
    stream.#timer = setInterval(() => void stream.poll(), POLL_MS).unref();
    void stream.poll();
    return stream;
  }

  /** Resolves when Redis has it. Errors: QUEUE_UNAVAILABLE. */
  async publish(outcome: JobOutcome): Promise<void> {
    const { redis, sealer } = this.#options;
    const text = sealer.seal(JSON.stringify(outcome));
    try {
      await redis.xadd(this.#key, 'MAXLEN', '~', MOST_ENTRIES, '*', FIELD, text);
      await redis.set(this.#mark, '1');
    } catch (cause) {
      throw new ProvChainError('QUEUE_UNAVAILABLE', `Redis does not take a result: ${String(cause)}`, {
        cause,
      });
    }
  }

  /** Takes what has come. Never rejects; one at a time. */
  poll(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#polling ??= this.#read()
      .catch((error) => this.#options.log.debug('results were not read', { reason: String(error) }))
      .finally(() => {
        this.#polling = undefined;
      });
    return this.#polling;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#polling;
  }

  async #read(): Promise<void> {
    const { redis, store } = this.#options;
    await this.#restore();
    for (;;) {
      const answer = await redis.xread('COUNT', ENTRIES_AT_ONCE, 'STREAMS', this.#key, this.#position);
      const entries = (answer?.[0]?.[1] ?? []) as Entry[];
      for (const entry of entries) await this.#take(entry);
      const last = entries.at(-1)?.[0];
      if (last === undefined) return this.#rewindIfAhead();
      this.#position = last;
      await store.put([[POSITION, last]]);
      if (entries.length < ENTRIES_AT_ONCE || this.#closed) return;
    }
  }

  async #take([id, fields]: Entry): Promise<void> {
    const { sealer, take, log } = this.#options;
    const text = sealer.open(fields[fields.indexOf(FIELD) + 1]);
    const outcome = text === undefined ? undefined : parseOutcome(text);
    if (outcome) await take(outcome);
    else log.warn('a result in Redis is not sealed by this fleet', { entry: id });
  }

  /** A Redis that was emptied, and whose clock is behind, begins with lower ids than those that were read. */
  async #rewindIfAhead(): Promise<void> {
    if (this.#position === START) return;
    const last = (await this.#options.redis.xrevrange(this.#key, '+', '-', 'COUNT', 1))[0]?.[0];
    if (last !== undefined && isBefore(last, this.#position)) this.#position = START;
  }

  async #restore(): Promise<void> {
    const { redis, own, log } = this.#options;
    if ((await redis.exists(this.#mark)) === 1) return;
    const outcomes = own();
    for (const outcome of outcomes) await this.publish(outcome);
    await redis.set(this.#mark, '1');
    if (outcomes.length > 0) log.info('published results again', { results: outcomes.length });
  }
}

function isBefore(one: string, other: string): boolean {
  const [a, b] = [one, other].map((id) => id.split('-').map(Number) as [number, number]);
  return a![0] < b![0] || (a![0] === b![0] && a![1] < b![1]);
}
