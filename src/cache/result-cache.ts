import type { Status } from '../validation/index.js';

/** A finished report, as it is kept and served. */
export interface CachedResult {
  /** JSON text; it is never parsed again on its way to a client. */
  readonly report: string;
  readonly status: Status;
  /** ISO 8601. */
  readonly storedAt: string;
  /** When the oldest of its evidence was read, ISO 8601. */
  readonly asOf: string;
  /** Of the attempt that made it. */
  readonly fence: number;
}

export interface LookupCounts {
  readonly hits: number;
  readonly misses: number;
  /** Hits per lookup; undefined before the first. */
  readonly hitRate: number | undefined;
}

export interface CacheStats extends LookupCounts {
  /** What can be answered from now: of the whole fleet where Redis answers, else of this node's memory. */
  readonly entries: number;
  readonly bytes: number;
  /** Lookups by this node since it was started, by level. */
  readonly perLevel: Readonly<Record<string, LookupCounts>>;
}

/**
 * Results under keys of {@link resultKey}. A key stands for everything that decides the result, down to the stamps of the
 * store's files, so that an entry is never wrong, only old: it leaves when its time is over, when there is no room (those
 * used least recently or ending soonest first), or when somebody clears the cache.
 *
 * A cache that cannot be reached knows nothing: `get` then gives undefined and `put` does nothing. Neither ever rejects.
 */
export interface ResultCache {
  /** @param level for the statistics */
  get(key: string, level: string): Promise<CachedResult | undefined>;
  /**
   * Keeps a result for `ttlMs`, unless there is one with later evidence under the key, or one with the same by a later
   * attempt: a worker that wakes up after another has taken over its job changes nothing.
   */
  put(key: string, entry: CachedResult, ttlMs: number, level: string): Promise<void>;
  /**
   * Takes every result and all evidence away, on all nodes; says what there was. The other nodes follow within a second.
   * Errors: QUEUE_UNAVAILABLE when they could not be told; then only what is in this node's memory is gone.
   */
  clear(by: string): Promise<{ readonly entries: number; readonly bytes: number }>;
  stats(): Promise<CacheStats>;
  close(): Promise<void>;
}

export interface CacheBounds {
  readonly maxEntries: number;
  /** Of texts and keys together. */
  readonly maxBytes: number;
}

/** Whether a result may take the place of the one that is there. */
export function supersedes(entry: CachedResult, held: CachedResult | undefined): boolean {
  return held === undefined || orderOf(entry) >= orderOf(held);
}

/** A text that sorts as {@link supersedes} wants. Times are ISO 8601 in UTC with milliseconds, which sort as texts. */
export function orderOf({ asOf, fence }: CachedResult): string {
  return `${asOf}#${String(fence).padStart(16, '0')}`;
}

/** Bytes that an entry counts for; the last number is what the objects around the text take, about. */
export function sizeOf(key: string, { report }: CachedResult): number {
  return Buffer.byteLength(report) + key.length + 256;
}

/** Counts lookups by level. */
export class Lookups {
  readonly #levels = new Map<string, { hits: number; misses: number }>();

  count(level: string, hit: boolean): void {
    let counts = this.#levels.get(level);
    if (counts === undefined) {
      counts = { hits: 0, misses: 0 };
      this.#levels.set(level, counts);
    }
    if (hit) counts.hits++;
    else counts.misses++;
  }

  stats(): LookupCounts & Pick<CacheStats, 'perLevel'> {
    const total = { hits: 0, misses: 0 };
    for (const { hits, misses } of this.#levels.values()) {
      total.hits += hits;
      total.misses += misses;
    }
    const perLevel = [...this.#levels].map(([level, counts]) => [level, withRate(counts)]);
    return { ...withRate(total), perLevel: Object.fromEntries(perLevel) };
  }
}

function withRate({ hits, misses }: { hits: number; misses: number }): LookupCounts {
  return { hits, misses, hitRate: hits + misses === 0 ? undefined : hits / (hits + misses) };
}
