import { type PlainError, ProvChainError } from '../errors.js';
import { chainFiles } from '../ledger/index.js';
import type { EvidenceStore, Plan, ShardOutcome, ShardTask } from '../validation/index.js';
import { AskingRunner } from './asking-runner.js';
import { ChainReader } from './chain-reader.js';
import { coordinate, stopReasonOf } from './coordinate.js';
import type { PoolLimits } from './limits.js';
import type {
  Answer,
  Ask,
  Asks,
  Call,
  Calls,
  FromService,
  Offers,
  RunResult,
  RunSpec,
  ToService,
  Vitals,
} from './service-messages.js';
import { SharedPool } from './shared-pool.js';

type Send = (message: FromService) => void;

/** One request under way, by what its handler needs of the other side. */
interface Request {
  readonly id: number;
  readonly signal: AbortSignal;
}

/**
 * The long-lived validator inside its own process: answers requests over IPC, any number at a time. Jobs share one pool
 * of threads; short reads run in this thread, so that they wait for no job.
 */
export class ValidatorService {
  readonly #send: Send;
  readonly #reader = new ChainReader();
  readonly #requests = new Map<number, AbortController>();
  readonly #asks = new Map<number, (answer: Answer) => void>();
  #lastAsk = 0;
  #pool: SharedPool | undefined;

  constructor(send: Send) {
    this.#send = send;
  }

  handle(message: ToService): void {
    if (message.type === 'limits') this.#setLimits(message.limits);
    else if (message.type === 'request') void this.#answer(message);
    else if (message.type === 'cancel') this.#requests.get(message.id)?.abort(message.reason);
    else {
      this.#asks.get(message.ask)?.(message.answer);
      this.#asks.delete(message.ask);
    }
  }

  vitals(): Vitals {
    const { user, system } = process.cpuUsage();
    return {
      rssBytes: process.memoryUsage.rss(),
      cpuMicroseconds: user + system,
      atMs: performance.now(),
      threads: this.#pool?.threads ?? 0,
      busyThreads: this.#pool?.busyThreads ?? 0,
    };
  }

  #setLimits(limits: PoolLimits): void {
    if (this.#pool) {
      this.#pool.setLimits(limits);
      return;
    }
    this.#pool = new SharedPool(limits);
    this.#pool.ready().then(
      () => this.#send({ type: 'ready', vitals: this.vitals() }),
      (thrown) => this.#send({ type: 'unready', error: plain(thrown) }),
    );
  }

  async #answer({ id, call, args }: Extract<ToService, { type: 'request' }>): Promise<void> {
    const controller = new AbortController();
    this.#requests.set(id, controller);
    let answer: Answer;
    try {
      answer = { value: await this.#perform(call, args, { id, signal: controller.signal }) };
    } catch (thrown) {
      answer = { error: plain(thrown) };
    }
    this.#requests.delete(id);
    this.#send({ type: 'answer', id, answer });
  }

  #perform(call: Call, args: readonly unknown[], request: Request): Promise<unknown> {
    switch (call) {
      case 'run':
        return this.#run(args as Calls['run']['args'], request);
      case 'runShard':
        return this.#runShard(args as Calls['runShard']['args'], request.signal);
      case 'head':
        return this.#reader.head(...(args as Calls['head']['args']));
      case 'readHeaders':
        return this.#reader.readHeaders(...(args as Calls['readHeaders']['args']));
      case 'readPayload':
        return this.#reader.readPayload(...(args as Calls['readPayload']['args']));
      case 'inspectBlock':
        return this.#reader.inspectBlock(...(args as Calls['inspectBlock']['args']));
      case 'searchBlocks':
        return this.#reader.searchBlocks(...(args as Calls['searchBlocks']['args']), request.signal);
      case 'inclusionProof':
        return this.#reader.inclusionProof(...(args as Calls['inclusionProof']['args']));
    }
  }

  #run([dir, spec, offers]: readonly [string, RunSpec, Offers], request: Request): Promise<RunResult> {
    const { id, signal } = request;
    return coordinate(this.#requirePool(), dir, spec, {
      signal,
      onProgress: offers.progress ? (progress) => this.#send({ type: 'progress', id, progress }) : undefined,
      shards: offers.shards ? (plan) => this.#shardsElsewhere(plan, request) : undefined,
      evidence: offers.evidence ? this.#evidenceOf(request) : undefined,
    });
  }

  /** A shard of a job that is coordinated elsewhere. */
  async #runShard(
    [dir, plan, task]: readonly [string, Plan, ShardTask],
    signal: AbortSignal,
  ): Promise<ShardOutcome> {
    try {
      const files = await chainFiles(dir);
      if (files.replicaId !== plan.evidence.replicaId) {
        const message = `${dir} holds the replica ${files.replicaId}, not ${plan.evidence.replicaId}`;
        return { failed: { code: 'STORE_UNAVAILABLE', message }, unseen: 'replica' };
      }
      const runner = this.#requirePool().runnerFor({ dir: files.dir, plan, serial: true });
      return await runner.run(task, signal);
    } catch (thrown) {
      const failed = plain(thrown);
      return failed.code === 'NOT_A_CHAIN' ? { failed, unseen: 'replica' } : { failed };
    }
  }

  async #shardsElsewhere(plan: Plan, request: Request): Promise<AskingRunner> {
    const concurrency = await this.#ask(request, 'startShards', [plan]);
    return new AskingRunner(concurrency, (task, signal) => this.#ask(request, 'shard', [task], signal));
  }

  #evidenceOf(request: Request): EvidenceStore {
    return {
      read: (keys) => this.#ask(request, 'readEvidence', [keys]),
      write: (keys, at) => this.#ask(request, 'writeEvidence', [keys, at]),
    };
  }

  /** Asks the API process, and passes a stop of what was asked for on to it. */
  async #ask<A extends Ask>(
    { id }: Request,
    what: A,
    args: Asks[A]['args'],
    signal?: AbortSignal,
  ): Promise<Asks[A]['value']> {
    const ask = ++this.#lastAsk;
    const cancel = () => {
      if (signal) this.#send({ type: 'cancel-ask', ask, reason: stopReasonOf(signal) });
    };
    const answered = new Promise<Answer>((resolve) => this.#asks.set(ask, resolve));
    this.#send({ type: 'ask', id, ask, what, args });
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
    const answer = await answered;
    signal?.removeEventListener('abort', cancel);
    if ('error' in answer) throw ProvChainError.fromPlain(answer.error);
    return answer.value as Asks[A]['value'];
  }

  #requirePool(): SharedPool {
    if (this.#pool) return this.#pool;
    throw new ProvChainError('INTERNAL', 'a request came before the limits of the pool');
  }
}

function plain(thrown: unknown): PlainError {
  return ProvChainError.from(thrown).toPlain();
}
