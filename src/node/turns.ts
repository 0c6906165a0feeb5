import { ProvChainError } from '../errors.js';
import { Gate } from '../pool/index.js';

/**
 * Costly looks into the chain: a few at a time, and of each client one, so that somebody who asks for many at once waits
 * for themselves. Clients are told apart by what they send, so how many wait is bounded as well.
 */
export class Turns {
  readonly #gate: Gate;
  readonly #mostWaiting: number;
  readonly #lasts = new Map<string, Promise<unknown>>();
  #present = 0;

  constructor(lanes: number, mostWaiting: number) {
    this.#gate = new Gate(lanes);
    this.#mostWaiting = mostWaiting;
  }

  /** Errors: OVERLOADED when too many wait; REQUEST_TIMEOUT when the signal is aborted before its turn; those of `work`. */
  async take<T>(client: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#present >= this.#gate.lanes + this.#mostWaiting) {
      throw new ProvChainError('OVERLOADED', 'too many blocks are being looked into at this moment');
    }
    this.#present++;
    const before = this.#lasts.get(client) ?? Promise.resolve();
    const mine = this.#afterwards(before, client, signal, work);
    const settled = mine.catch(() => {});
    this.#lasts.set(client, settled);
    try {
      return await mine;
    } finally {
      this.#present--;
      if (this.#lasts.get(client) === settled) this.#lasts.delete(client);
    }
  }

  async #afterwards<T>(
    before: Promise<unknown>,
    client: string,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    await before;
    if (!(await this.#gate.enter(client, signal))) throw left();
    try {
      return await work();
    } finally {
      this.#gate.leave();
    }
  }
}

/** Nobody reads it: the signal says that the client has gone or that its time is over. */
const left = (): ProvChainError =>
  new ProvChainError('REQUEST_TIMEOUT', 'the request ended before its turn came');
