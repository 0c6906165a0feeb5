import type { Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ErrorCode, PlainError } from '../errors.js';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import { bullMq } from '../redis-packages.js';
import type { ShardOutcome, ShardRunner } from '../validation/index.js';
import {
  answered,
  closeWorker,
  DEFAULT_LOCKS,
  type LockOptions,
  PRIORITY_RANKS,
  workerOptions,
} from './bull-queue.js';
import { type ShardAnswer, type ShardTicket, shardAnswerCodec, shardTicketCodec } from './codec.js';
import type { FleetNodes, Sealer, Sealers } from './dependencies.js';
import type { QueueWorker } from './queue.js';
import type { ShardExchange, ShardProcessor, SpreadJob } from './shard-exchange.js';
import { SpreadRunner } from './spread-runner.js';

export interface RedisShardsOptions {
  readonly node: string;
  /** Of the directory that this node sees. */
  readonly replica: string;
  readonly prefix: string;
  /** Fails at once when Redis is away. */
  readonly redis: Redis;
  readonly subscriber: Redis;
  /** Waits for Redis; a new one each time. */
  readonly consumer: () => Redis;
  readonly sealers: Sealers;
  readonly nodes: FleetNodes;
  /** Shards that one node works on at a time; the fleet is taken to be of equal machines. */
  readonly threads: number;
  readonly locks?: LockOptions;
  /** How often the answers are looked for beside being told of them. */
  readonly pollMs?: number;
  /** How long a shard stays away from who has left it; doubled each time, because those who see it may be busy. */
  readonly leaveMs?: number;
  readonly log: Log;
}

const POLL_MS = 1000;
const LEAVE_MS = 300;
const LONGEST_LEAVE_MS = 5000;
const ANSWERS_LIFE_MS = 3_600_000;
/** How often a shard is left to another before its failure counts. */
const MOST_LEAVINGS = 10;
/** What may be different on another node, beside what the validator says it does not see. */
const LEFT_TO_OTHERS: ReadonlySet<ErrorCode> = new Set(['STORE_UNAVAILABLE', 'NOT_A_CHAIN', 'SHUTTING_DOWN']);

/**
 * Shards of jobs in Redis: a BullMQ queue per replica to give them out, and a hash per job and fence for what came of
 * them, so that an answer is still there when who waits for it was disconnected. Both are sealed.
 */
export class RedisShards implements ShardExchange {
  readonly #options: RedisShardsOptions;
  readonly #tickets: Sealer;
  readonly #answers: Sealer;
  readonly #channel: string;
  readonly #runners = new Map<string, SpreadRunner>();
  readonly #workers = new Set<ShardWorker>();
  readonly #queues = new Map<string, Queue>();

  constructor(options: RedisShardsOptions) {
    this.#options = options;
    this.#tickets = options.sealers('shard-ticket');
    this.#answers = options.sealers('shard-answer');
    this.#channel = `${options.prefix}:shard-changes`;
    options.subscriber.subscribe(this.#channel).catch(() => {});
    options.subscriber.on('message', (channel: string, message: string) => {
      if (channel === this.#channel) this.#onMessage(message);
    });
  }

  spreads(replica: string): boolean {
    return this.#workersOf(replica) > 1;
  }

  runnerFor(job: SpreadJob): ShardRunner {
    const { jobId, fence, replica } = job;
    const key = keyOf(jobId, fence);
    const runner: SpreadRunner = new SpreadRunner({
      job,
      // Twice as many as are worked on, so that no worker waits for the next one.
      concurrency: 2 * this.#options.threads * Math.max(1, this.#workersOf(replica)),
      pollMs: this.#options.pollMs ?? POLL_MS,
      give: (ticket) => this.#give(job, ticket),
      collect: (shards) => this.#collect(job, shards),
      stop: (shards) => this.#stop(job, shards),
      onBusy: () => this.#runners.set(key, runner),
      onIdle: () => this.#runners.delete(key),
    });
    return runner;
  }

  serve(processor: ShardProcessor, concurrency: number): QueueWorker {
    const worker = new ShardWorker(
      this.#options,
      this.#queueName(this.#options.replica),
      this.#tickets,
      (answer) => this.#answer(answer),
      processor,
      concurrency,
      () => this.#workers.delete(worker),
    );
    this.#workers.add(worker);
    return worker;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.close()));
    await Promise.all([...this.#queues.values()].map((queue) => queue.close().catch(() => {})));
    await this.#options.subscriber.unsubscribe(this.#channel).catch(() => {});
  }

  async #give({ replica, jobId, fence, priority }: SpreadJob, ticket: ShardTicket): Promise<void> {
    const queue = this.#queueOf(replica);
    const place = shardId(jobId, fence, ticket.shard);
    await answered(
      queue.add('shard', this.#tickets.seal(shardTicketCodec.write(ticket), place), {
        jobId: place,
        priority: PRIORITY_RANKS[priority],
        removeOnComplete: true,
        removeOnFail: true,
        stackTraceLimit: 0,
      }),
    );
  }

  /** The answers that are there, and which of the other shards nobody has any more. */
  async #collect({ jobId, fence, replica }: SpreadJob, shards: readonly number[]) {
    const { redis, log, prefix } = this.#options;
    if (redis.status !== 'ready') throw new ProvChainError('QUEUE_UNAVAILABLE', 'Redis does not answer');
    const pipeline = redis.pipeline();
    const queued = `${prefix}:${this.#queueName(replica)}`;
    for (const shard of shards) {
      // Looked for in this order: who works on a shard answers before it leaves the queue.
      pipeline.exists(`${queued}:${shardId(jobId, fence, shard)}`);
      pipeline.hget(this.#key(jobId, fence), String(shard));
    }
    const replies = (await answered(pipeline.exec())) ?? [];
    const found: ShardAnswer[] = [];
    const lost: number[] = [];
    for (const [at, shard] of shards.entries()) {
      const [existsError, exists] = replies[2 * at] ?? [null, 1];
      const [answerError, sealed] = replies[2 * at + 1] ?? [null, null];
      if (existsError || answerError) continue;
      if (typeof sealed === 'string') {
        const json = this.#answers.open(sealed, shardId(jobId, fence, shard));
        const answer = json === undefined ? undefined : shardAnswerCodec.read(json);
        if (answer && answer.shard === shard) {
          found.push(answer);
          continue;
        }
        log.error('refused the outcome of a shard in Redis that this fleet has not written', {
          jobId,
          shard,
        });
        await answered(redis.hdel(this.#key(jobId, fence), String(shard)));
      }
      if (exists === 0) lost.push(shard);
    }
    return { found, lost };
  }

  async #stop({ jobId, fence, replica }: SpreadJob, shards: readonly number[]): Promise<readonly number[]> {
    const queue = this.#queueOf(replica);
    const removed = await Promise.all(
      shards.map((shard) => queue.remove(shardId(jobId, fence, shard)).catch(() => 0)),
    );
    const left = shards.filter((_, at) => removed[at] !== 1);
    await this.#options.redis.publish(this.#channel, `stop ${jobId} ${fence} ${left}`).catch(() => {});
    return shards.filter((_, at) => removed[at] === 1);
  }

  async #answer(answer: ShardAnswer): Promise<void> {
    const { jobId, fence, shard } = answer;
    const sealed = this.#answers.seal(shardAnswerCodec.write(answer), shardId(jobId, fence, shard));
    const key = this.#key(jobId, fence);
    await answered(
      this.#options.redis
        .multi()
        .hset(key, String(shard), sealed)
        .pexpire(key, ANSWERS_LIFE_MS)
        .publish(this.#channel, `done ${jobId} ${fence}`)
        .exec(),
    );
  }

  /** Only makes somebody look, or stop what nobody waits for: what was forged here costs time and nothing else. */
  #onMessage(message: string): void {
    const [what, jobId = '', fence = '', shards = ''] = message.split(' ');
    if (what === 'done') this.#runners.get(keyOf(jobId, Number(fence)))?.look();
    if (what !== 'stop') return;
    const places = new Set(shards.split(',').map((shard) => shardId(jobId, Number(fence), Number(shard))));
    for (const worker of this.#workers) worker.stop(places);
  }

  #workersOf(replica: string): number {
    return this.#options.nodes
      .list()
      .filter((node) => node.replica === replica && node.roles.includes('worker')).length;
  }

  #queueOf(replica: string): Queue {
    const { redis, prefix, log } = this.#options;
    if (redis.status !== 'ready') throw new ProvChainError('QUEUE_UNAVAILABLE', 'Redis does not answer');
    const name = this.#queueName(replica);
    let queue = this.#queues.get(name);
    if (!queue) {
      const made = new (bullMq().Queue)(name, { connection: redis, prefix, skipWaitingForReady: true });
      made.on('error', (error) => log.debug('queue error', { queue: name, reason: error.message }));
      made.waitUntilReady().catch(() => this.#queues.delete(name));
      this.#queues.set(name, made);
      queue = made;
    }
    return queue;
  }

  #queueName(replica: string): string {
    return `shards-${replica}`;
  }

  #key(jobId: string, fence: number): string {
    return `${this.#options.prefix}:shards:${keyOf(jobId, fence)}`;
  }
}

class ShardWorker implements QueueWorker {
  readonly #options: RedisShardsOptions;
  readonly #tickets: Sealer;
  readonly #answer: (answer: ShardAnswer) => Promise<void>;
  readonly #processor: ShardProcessor;
  readonly #worker: Worker;
  readonly #consumer: Redis;
  readonly #onClosed: () => void;
  /** By what ends them: the places of the shards that are under way. */
  readonly #running = new Map<AbortController, string>();
  #paused = false;
  #closing = false;

  constructor(
    options: RedisShardsOptions,
    name: string,
    tickets: Sealer,
    answer: (answer: ShardAnswer) => Promise<void>,
    processor: ShardProcessor,
    concurrency: number,
    onClosed: () => void,
  ) {
    this.#options = options;
    this.#tickets = tickets;
    this.#answer = answer;
    this.#processor = processor;
    this.#onClosed = onClosed;
    this.#consumer = options.consumer();
    this.#worker = new (bullMq().Worker)(name, (job, token) => this.#work(job, token), {
      connection: this.#consumer,
      prefix: options.prefix,
      concurrency,
      ...workerOptions(options.locks ?? DEFAULT_LOCKS),
    });
    this.#worker.on('error', (error) =>
      options.log.debug('queue worker error', { queue: name, reason: error.message }),
    );
  }

  setConcurrency(shards: number): void {
    this.#worker.concurrency = shards;
  }

  pause(): void {
    this.#paused = true;
    void this.#worker.pause(true);
  }

  /** Ends shards that nobody waits for any more. */
  stop(places: ReadonlySet<string>): void {
    for (const [controller, place] of this.#running) {
      if (places.has(place)) controller.abort('cancelled');
    }
  }

  /** What is under way is left to others. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#paused = true;
    for (const controller of this.#running.keys()) controller.abort('cancelled');
    await closeWorker(this.#worker, this.#consumer);
    this.#onClosed();
  }

  async #work(job: Job, token: string | undefined): Promise<void> {
    const { log, node } = this.#options;
    const place = job.id as string;
    const json = this.#tickets.open(job.data as string, place);
    const ticket = json === undefined ? undefined : shardTicketCodec.read(json);
    if (!ticket || shardId(ticket.jobId, ticket.fence, ticket.shard) !== place) {
      log.error('refused a shard in Redis that this fleet has not written', { shard: place });
      return;
    }
    const { jobId, fence, shard, leftBy } = ticket;
    const controller = new AbortController();
    this.#running.set(controller, place);
    if (this.#closing) controller.abort('cancelled');
    try {
      const outcome = await this.#run(ticket, controller.signal);
      const reason = this.#whyLeft(outcome, controller.signal);
      if (reason !== undefined && leftBy.length < MOST_LEAVINGS) {
        log.info('left a shard to another node', { jobId, shard, reason });
        await this.#leave(job, token, { ...ticket, leftBy: [...leftBy, node] }, place);
      }
      await this.#answer({ jobId, fence, shard, node, leftBy, outcome });
    } finally {
      this.#running.delete(controller);
    }
  }

  /** Why the shard is another node's; undefined when the outcome counts. */
  #whyLeft(outcome: ShardOutcome, { aborted }: AbortSignal): string | undefined {
    if (!aborted) return isLeft(outcome) ? outcome.failed.message : undefined;
    const done = 'result' in outcome && outcome.result.stopped === undefined;
    return this.#closing && !done ? 'the node is stopping' : undefined;
  }

  async #run({ plan, task }: ShardTicket, signal: AbortSignal): Promise<ShardOutcome> {
    try {
      return await this.#processor(plan, task, signal);
    } catch (thrown) {
      return { failed: ProvChainError.from(thrown).toPlain() };
    }
  }

  async #leave(job: Job, token: string | undefined, ticket: ShardTicket, place: string): Promise<never> {
    await job.updateData(this.#tickets.seal(shardTicketCodec.write(ticket), place));
    const times = ticket.leftBy.length - 1;
    const leaveMs = Math.min((this.#options.leaveMs ?? LEAVE_MS) * 2 ** times, LONGEST_LEAVE_MS);
    // What it cannot see now it will not see for the next shard either: others take them all meanwhile.
    void this.#worker.pause(true);
    setTimeout(() => this.#paused || this.#worker.resume(), 3 * leaveMs).unref();
    await job.moveToDelayed(Date.now() + leaveMs, token);
    throw new (bullMq().DelayedError)();
  }
}

function isLeft(outcome: ShardOutcome): outcome is { failed: PlainError } {
  return 'failed' in outcome && (outcome.unseen !== undefined || LEFT_TO_OTHERS.has(outcome.failed.code));
}

const keyOf = (jobId: string, fence: number) => `${jobId}:${fence}`;
const shardId = (jobId: string, fence: number, shard: number) => `${jobId}-${fence}-${shard}`;
