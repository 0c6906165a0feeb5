import type { Vitals } from './service-messages.js';

/** What was measured of the validator process; absent what was not, or not yet. */
export interface ValidatorStats {
  readonly pid?: number;
  readonly rssBytes?: number;
  /** CPU time against wall time between the last two readings: 200 is two cores. */
  readonly cpuPercent?: number;
  readonly threads?: number;
  readonly busyThreads?: number;
  /** How often the process had to be started anew. */
  readonly restarts: number;
}

/** The readings that the validator process sends of itself, twice a second. */
export class ProcessUsage {
  #last: Vitals | undefined;
  #cpuPercent: number | undefined;
  #restarts = 0;

  measured(vitals: Vitals): void {
    const before = this.#last;
    this.#last = vitals;
    if (!before || vitals.atMs <= before.atMs) return;
    const cpuMs = (vitals.cpuMicroseconds - before.cpuMicroseconds) / 1000;
    this.#cpuPercent = Math.round((1000 * cpuMs) / (vitals.atMs - before.atMs)) / 10;
  }

  /** The readings were another process's. */
  restarted(): void {
    this.#restarts++;
    this.#last = undefined;
    this.#cpuPercent = undefined;
  }

  stats(pid: number | undefined): ValidatorStats {
    const { rssBytes, threads, busyThreads } = this.#last ?? {};
    return { pid, rssBytes, cpuPercent: this.#cpuPercent, threads, busyThreads, restarts: this.#restarts };
  }
}
