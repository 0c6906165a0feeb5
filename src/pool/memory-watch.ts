import type { Vitals } from './service-messages.js';

/** Readings above the limit, half a second apart, that count. */
const READINGS_OVER = 2;
/** A limit lower than this many times what a started process takes would end it over and over: it is raised to that. */
const LEAST_HEADROOM = 1.25;

/** Holds the resident memory of one process against its limit. */
export class MemoryWatch {
  #startedMb: number | undefined;
  #readingsOver = 0;

  /** The lowest limit that is held to, in MB; undefined before the first reading. */
  get leastMb(): number | undefined {
    return this.#startedMb && Math.ceil(LEAST_HEADROOM * this.#startedMb);
  }

  /** Takes a reading, the first when all threads have started. @returns why to end the process, if it must be */
  judge({ rssBytes }: Vitals, maxMemoryMb: number | undefined): string | undefined {
    const mb = Math.round(rssBytes / 2 ** 20);
    this.#startedMb ??= mb;
    const limit = Math.max(maxMemoryMb ?? Number.POSITIVE_INFINITY, this.leastMb ?? 0);
    this.#readingsOver = mb > limit ? this.#readingsOver + 1 : 0;
    if (this.#readingsOver < READINGS_OVER) return undefined;
    return `the validator process went over its memory limit (${mb} MB of ${limit} MB)`;
  }
}
