import type { PoolSettings } from '../src/pool/messages.js';

/** Shorter sleeps are saved up. */
const SHORTEST_SLEEP_MS = 10;
/** How long a sleeping thread is deaf to a stop request. */
const LONGEST_SLEEP_MS = 100;

/**
 * Keeps a thread to its share of the time: what it works, it owes in sleep. Waiting for a read counts as work, so that
 * it takes rather less than its share.
 */
export class DutyCycle {
  #since = performance.now();
  #owedMs = 0;

  /** Work begins: what passed since the last end was none. */
  begin(): void {
    this.#since = performance.now();
  }

  /** Sleeps off what is owed for the work since the last call, unless a stop is asked for meanwhile. */
  async rest(settings: PoolSettings | undefined, stopped: () => boolean): Promise<void> {
    const worked = performance.now() - this.#since;
    const percent = settings?.cpuPercent() ?? 100;
    this.#owedMs = percent < 100 ? this.#owedMs + worked * (100 / percent - 1) : 0;
    while (this.#owedMs >= SHORTEST_SLEEP_MS && !stopped()) {
      const slept = performance.now();
      const ms = Math.min(this.#owedMs, LONGEST_SLEEP_MS);
      await new Promise((resolve) => setTimeout(resolve, ms));
      this.#owedMs -= performance.now() - slept;
    }
    this.begin();
  }
}
