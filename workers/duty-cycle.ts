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
  /** Work that was not slept off yet. */
  #workedMs = 0;

  /** Work begins: what passed since the last end was none. */
  begin(): void {
    this.#since = performance.now();
  }

  /**
   * Sleeps off what is owed for the work since the last call, unless a stop is asked for meanwhile. How much that is
   * follows the limit of each moment: one that is lifted wakes those that sleep under it.
   */
  async rest(settings: PoolSettings | undefined, stopped: () => boolean): Promise<void> {
    this.#workedMs += performance.now() - this.#since;
    for (;;) {
      const percent = settings?.cpuPercent() ?? 100;
      const sleepPerWork = 100 / percent - 1;
      if (sleepPerWork <= 0) this.#workedMs = 0;
      const owedMs = this.#workedMs * sleepPerWork;
      if (owedMs < SHORTEST_SLEEP_MS || stopped()) break;
      const slept = performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.min(owedMs, LONGEST_SLEEP_MS)));
      this.#workedMs -= (performance.now() - slept) / sleepPerWork;
    }
    this.begin();
  }
}
