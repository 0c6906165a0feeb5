import { setMaxListeners } from 'node:events';
import type { StopReason } from '../validation/index.js';

/** A longer timer overflows and fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * One signal for both reasons to stop, the caller's wish and the time limit; the first counts. A caller who has a time
 * limit of their own aborts with it as the reason.
 */
export class StopSwitch {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  /** Bound, so that it can be a listener. */
  readonly cancel = (): void =>
    this.#stop(this.#outer?.aborted && this.#outer.reason === 'time-limit' ? 'time-limit' : 'cancelled');

  constructor(timeLimitMs: number, outer: AbortSignal | undefined) {
    this.#outer = outer;
    // Every shard under way listens.
    setMaxListeners(0, this.#controller.signal);
    this.#timer = setTimeout(() => this.#stop('time-limit'), Math.min(timeLimitMs, LONGEST_TIMER_MS));
    if (outer?.aborted) this.cancel();
    else outer?.addEventListener('abort', this.cancel, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  #stop(reason: StopReason): void {
    this.#controller.abort(reason);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.cancel);
  }
}
