import { LRUCache } from 'lru-cache';
import type { EvidenceStore } from '../validation/index.js';
import type { CacheGeneration } from './generation.js';
import {
  type CacheBounds,
  type CachedResult,
  Lookups,
  type ResultCache,
  sizeOf,
  supersedes,
} from './result-cache.js';

export interface MemoryCacheOptions extends CacheBounds {
  readonly generation: CacheGeneration;
  /** Milliseconds, never going back; the process's own clock when left out. */
  readonly clock?: { now(): number };
}

/** Results in the memory of this process. */
export function createMemoryCache({ generation, clock, ...bounds }: MemoryCacheOptions): ResultCache {
  const entries = createNearCache(bounds, clock);
  const lookups = new Lookups();
  const stop = generation.onChange(() => entries.clear());
  const usage = () => {
    entries.purgeStale();
    return { entries: entries.size, bytes: entries.calculatedSize };
  };
  return {
    get(key, level) {
      const entry = entries.get(key);
      lookups.count(level, entry !== undefined);
      return Promise.resolve(entry);
    },
    async put(key, entry, ttlMs) {
      if (ttlMs > 0 && supersedes(entry, entries.peek(key))) keepNear(entries, key, entry, ttlMs);
    },
    async clear(by) {
      const cleared = usage();
      entries.clear();
      await generation.advance(by);
      return cleared;
    },
    stats: async () => ({ ...lookups.stats(), ...usage() }),
    async close() {
      stop();
      entries.clear();
    },
  };
}

export type NearCache = LRUCache<string, CachedResult>;

/** Bounded by both; what was used least recently goes first. */
export function createNearCache(bounds: CacheBounds, clock: { now(): number } = performance): NearCache {
  return new LRUCache({ max: bounds.maxEntries, maxSize: bounds.maxBytes, perf: clock, ttlAutopurge: false });
}

export function keepNear(entries: NearCache, key: string, entry: CachedResult, ttlMs: number): void {
  entries.set(key, entry, { ttl: Math.ceil(ttlMs), size: sizeOf(key, entry) });
}

export interface EvidenceBounds {
  readonly maxEntries: number;
  /** How long evidence is good for. */
  readonly ttlMs: number;
}

export interface MemoryEvidenceOptions extends EvidenceBounds {
  readonly generation: CacheGeneration;
  readonly clock?: { now(): number };
}

/** What is known of shards, in the memory of this process. It ends with it, or when the cache is cleared. */
export function createMemoryEvidence({
  generation,
  maxEntries,
  ttlMs,
  clock = performance,
}: MemoryEvidenceOptions): EvidenceStore {
  const known = new LRUCache<string, string>({ max: maxEntries, ttl: ttlMs, perf: clock });
  generation.onChange(() => known.clear());
  return {
    read: async (keys) => keys.map((key) => known.get(key)),
    async write(keys, at) {
      for (const key of keys) if ((known.peek(key) ?? '') <= at) known.set(key, at);
    },
  };
}
