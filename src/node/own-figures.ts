import type { JobRecord } from '../jobs/index.js';

/** Validations that the average is of: the newest. */
const WINDOW = 50;
const FEWEST_VALIDATIONS = 5;
const FEWEST_LOOKUPS = 20;
/** Readings of the cache that the rate is taken over; at one every five seconds, ten minutes. */
const READINGS = 120;

interface Lookups {
  readonly hits: number;
  readonly misses: number;
}

/** The figures that alert rules look at, of this node since it started; null while there are too few samples. */
export class OwnFigures {
  readonly #durationsMs: number[] = [];
  readonly #readings: Lookups[] = [];

  note({ state, startedAt, finishedAt }: JobRecord): void {
    if (state !== 'completed' || startedAt === undefined || finishedAt === undefined) return;
    this.#durationsMs.push(Date.parse(finishedAt) - Date.parse(startedAt));
    if (this.#durationsMs.length > WINDOW) this.#durationsMs.shift();
  }

  averageMs(): number | null {
    const { length } = this.#durationsMs;
    if (length < FEWEST_VALIDATIONS) return null;
    return this.#durationsMs.reduce((sum, ms) => sum + ms, 0) / length;
  }

  /** Of the lookups since the oldest reading that is kept. */
  hitRate({ hits, misses }: Lookups): number | null {
    const [oldest = { hits, misses }] = this.#readings;
    this.#readings.push({ hits, misses });
    if (this.#readings.length > READINGS) this.#readings.shift();
    const lookups = hits + misses - oldest.hits - oldest.misses;
    return lookups < FEWEST_LOOKUPS ? null : (hits - oldest.hits) / lookups;
  }
}
