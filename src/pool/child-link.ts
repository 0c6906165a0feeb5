import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ProvChainError } from '../errors.js';
import type { StopReason } from '../validation/index.js';
import type { PoolLimits } from './limits.js';
import type { Answer, Ask, Call, Calls, FromService, ToService, Vitals } from './service-messages.js';

const ENTRY = fileURLToPath(new URL('../../workers/validator-service.js', import.meta.url));

/** What a request does for the validator while it is under way; see `Asks`. */
export type AnswerAsk = (what: Ask, args: readonly unknown[], signal: AbortSignal) => Promise<unknown>;

interface RequestHooks {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Extract<FromService, { type: 'progress' }>['progress']) => void;
  readonly onAsk?: AnswerAsk;
}

interface Pending extends RequestHooks {
  readonly settle: (answer: Answer) => void;
  readonly fail: (error: ProvChainError) => void;
}

export interface LinkEvents {
  /** Comes once: `error` says why no worker thread starts. */
  readonly onReady: (error: ProvChainError | undefined) => void;
  readonly onVitals: (vitals: Vitals) => void;
  /** The process has ended; every request under way has been rejected. */
  readonly onEnd: (how: string) => void;
}

/**
 * One validator process and the requests it has under way. States: running → ended. Every request ends: with its answer,
 * or rejected as STORE_UNAVAILABLE when the process ends first.
 */
export class ChildLink {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #asks = new Map<number, AbortController>();
  readonly #events: LinkEvents;
  #lastId = 0;
  /** Why this side ended it, if it did. */
  #reason: ProvChainError | undefined;
  #ended = false;
  /** Messages came since it was last asked. */
  #heard = true;

  /** Throws what the system says when it starts no process, or tells it as the end. */
  constructor(limits: PoolLimits, events: LinkEvents) {
    this.#events = events;
    // Flags of this process (a debugger's port, a script given by --eval) are not meant for the child.
    this.#child = fork(ENTRY, { execArgv: [], serialization: 'advanced' });
    this.#child.on('message', (message: FromService) => this.#receive(message));
    this.#child.on('error', (error) => this.#onEnd(`could not be started: ${error.message}`));
    // Not 'exit': messages may still be in the pipe then.
    this.#child.once('close', (code, signal) =>
      this.#onEnd(signal ? `was ended by ${signal}` : `ended with exit code ${code}`),
    );
    this.setLimits(limits);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Whether anything was heard of the process since the last call. */
  takeHeard(): boolean {
    const heard = this.#heard;
    this.#heard = false;
    return heard;
  }

  setLimits(limits: PoolLimits): void {
    this.#tell({ type: 'limits', limits });
  }

  /** Errors: what the call answers; STORE_UNAVAILABLE when the process ends first. */
  request<C extends Call>(
    call: C,
    args: Calls[C]['args'],
    hooks: RequestHooks = {},
  ): Promise<Calls[C]['value']> {
    const id = ++this.#lastId;
    const { signal } = hooks;
    const cancel = () => this.#tell({ type: 'cancel', id, reason: reasonOf(signal?.reason) });
    return new Promise<Calls[C]['value']>((resolve, reject) => {
      if (this.#ended) return reject(this.#unavailable('has ended'));
      this.#pending.set(id, {
        ...hooks,
        fail: reject,
        settle: (answer) => {
          if ('error' in answer) reject(ProvChainError.fromPlain(answer.error));
          else resolve(answer.value as Calls[C]['value']);
        },
      });
      this.#tell({ type: 'request', id, call, args });
      if (signal?.aborted) cancel();
      else signal?.addEventListener('abort', cancel, { once: true });
    }).finally(() => {
      signal?.removeEventListener('abort', cancel);
      this.#pending.delete(id);
    });
  }

  /** Ends the process at once; what is under way is rejected with `reason`. */
  kill(reason: ProvChainError): void {
    this.#reason ??= reason;
    this.#child.kill('SIGKILL');
  }

  #tell(message: ToService): void {
    // A child that is gone cannot be told anything; that it is gone is what its end says.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #receive(message: FromService): void {
    this.#heard = true;
    switch (message.type) {
      case 'ready':
        this.#events.onReady(undefined);
        this.#events.onVitals(message.vitals);
        break;
      case 'unready':
        this.#events.onReady(ProvChainError.fromPlain(message.error));
        break;
      case 'vitals':
        this.#events.onVitals(message.vitals);
        break;
      case 'answer':
        this.#pending.get(message.id)?.settle(message.answer);
        break;
      case 'progress':
        this.#pending.get(message.id)?.onProgress?.(message.progress);
        break;
      case 'ask':
        void this.#answerAsk(message);
        break;
      case 'cancel-ask':
        this.#asks.get(message.ask)?.abort(message.reason);
    }
  }

  async #answerAsk({ id, ask, what, args }: Extract<FromService, { type: 'ask' }>): Promise<void> {
    const controller = new AbortController();
    this.#asks.set(ask, controller);
    let answer: Answer;
    try {
      const onAsk = this.#pending.get(id)?.onAsk;
      if (!onAsk) throw new ProvChainError('INTERNAL', `nobody answers "${what}" for this request`);
      answer = { value: await onAsk(what, args, controller.signal) };
    } catch (thrown) {
      answer = { error: ProvChainError.from(thrown).toPlain() };
    }
    this.#asks.delete(ask);
    this.#tell({ type: 'answer', ask, answer });
  }

  #onEnd(how: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#child.kill('SIGKILL');
    for (const { fail } of [...this.#pending.values()]) fail(this.#reason ?? this.#unavailable(how));
    for (const controller of this.#asks.values()) controller.abort('cancelled');
    this.#asks.clear();
    this.#events.onEnd(this.#reason?.message ?? `the validator process ${how}`);
  }

  #unavailable(how: string): ProvChainError {
    const message = `the validator process ${how} before it answered; nothing is known about the chain`;
    return new ProvChainError('STORE_UNAVAILABLE', message);
  }
}

function reasonOf(reason: unknown): StopReason {
  return reason === 'time-limit' ? 'time-limit' : 'cancelled';
}
