import type { Redis } from 'ioredis';
import type { Log } from '../logging/index.js';
import type { EvidenceStore, Status } from '../validation/index.js';
import type { CacheGeneration } from './generation.js';
import { createNearCache, type EvidenceBounds, keepNear, type NearCache } from './memory-cache.js';
import { RedisStore } from './redis-store.js';
import {
  type CacheBounds,
  type CachedResult,
  type CacheStats,
  Lookups,
  orderOf,
  type ResultCache,
  supersedes,
} from './result-cache.js';

/** What is needed to believe a text that comes from Redis (`src/fleet`). */
interface CacheSealer {
  seal(text: string, context: string): string;
  open(sealed: string | null | undefined, context: string): string | undefined;
}

interface RedisBackend {
  /** The `cache` profile. */
  readonly redis: Redis;
  /** Of every key. */
  readonly prefix: string;
  readonly generation: CacheGeneration;
  readonly sealer: CacheSealer;
  readonly log: Log;
}

export interface RedisCacheOptions extends CacheBounds, RedisBackend {
  readonly now: () => Date;
}

/** Results in Redis, with those that this node has used in its memory: the bounds hold for each of the two. */
export function createRedisCache(options: RedisCacheOptions): ResultCache {
  return new RedisCache(options);
}

/** What stands before the report's text: the entry without it, and when it ends (milliseconds since 1970). */
interface Envelope {
  readonly status: Status;
  readonly storedAt: string;
  readonly asOf: string;
  readonly fence: number;
  readonly endsAt: number;
}

class RedisCache implements ResultCache {
  readonly #options: RedisCacheOptions;
  readonly #near: NearCache;
  readonly #store: RedisStore;
  readonly #lookups = new Lookups();
  readonly #stop: () => void;

  constructor(options: RedisCacheOptions) {
    this.#options = options;
    this.#near = createNearCache(options);
    this.#store = new RedisStore({ ...options, prefix: `${options.prefix}:results` });
    this.#stop = options.generation.onChange(() => this.#near.clear());
  }

  get(key: string, level: string): Promise<CachedResult | undefined> {
    const near = this.#near.get(key);
    if (near === undefined) return this.#fetch(key, level);
    this.#lookups.count(level, true);
    return Promise.resolve(near);
  }

  async #fetch(key: string, level: string): Promise<CachedResult | undefined> {
    const generation = this.#options.generation.current();
    const sealed = await this.#store.get(generation, key).catch((error) => this.#miss(error));
    const opened = sealed === null ? undefined : this.#open(key, sealed);
    if (sealed !== null && opened === undefined) await this.#discard(generation, key);
    this.#lookups.count(level, opened !== undefined);
    if (opened === undefined) return undefined;
    const left = opened.endsAt - this.#options.now().getTime();
    // What came while the cache was being cleared is not kept.
    if (left > 0 && generation === this.#options.generation.current()) {
      keepNear(this.#near, key, opened.entry, left);
    }
    return opened.entry;
  }

  async put(key: string, entry: CachedResult, ttlMs: number): Promise<void> {
    if (ttlMs <= 0) return;
    const { generation, sealer, now } = this.#options;
    if (supersedes(entry, this.#near.peek(key))) keepNear(this.#near, key, entry, ttlMs);
    const { report, status, storedAt, asOf, fence } = entry;
    const envelope: Envelope = { status, storedAt, asOf, fence, endsAt: now().getTime() + ttlMs };
    const text = sealer.seal(`${JSON.stringify(envelope)}\n${report}`, key);
    await this.#store
      .put(generation.current(), [{ key, order: orderOf(entry), text }], ttlMs)
      .catch((error) => this.#miss(error));
  }

  async clear(by: string): Promise<{ entries: number; bytes: number }> {
    const { generation } = this.#options;
    const before = generation.current();
    const { entries, bytes } = await this.#usage();
    this.#near.clear();
    await generation.advance(by);
    await this.#store.drop(before).catch((error) => this.#miss(error));
    return { entries, bytes };
  }

  async stats(): Promise<CacheStats> {
    return { ...this.#lookups.stats(), ...(await this.#usage()) };
  }

  async close(): Promise<void> {
    this.#stop();
    this.#near.clear();
  }

  async #usage(): Promise<{ entries: number; bytes: number }> {
    try {
      return await this.#store.usage(this.#options.generation.current());
    } catch {
      this.#near.purgeStale();
      return { entries: this.#near.size, bytes: this.#near.calculatedSize };
    }
  }

  /** Whoever can write to Redis chooses the text: it counts only if it was sealed, and for this key. */
  #open(key: string, sealed: string): { entry: CachedResult; endsAt: number } | undefined {
    const text = this.#options.sealer.open(sealed, key);
    if (text === undefined) return undefined;
    const end = text.indexOf('\n');
    const { endsAt, ...rest } = JSON.parse(text.slice(0, end)) as Envelope;
    return { entry: { ...rest, report: text.slice(end + 1) }, endsAt };
  }

  async #discard(generation: number, key: string): Promise<void> {
    this.#options.log.warn('a cached result in Redis is not sealed by this fleet', { key });
    await this.#store.remove(generation, key).catch((error) => this.#miss(error));
  }

  /** That Redis is away is logged by its connection. */
  #miss(error: unknown): null {
    this.#options.log.debug('the cache was not reached', { reason: String(error) });
    return null;
  }
}

export interface RedisEvidenceOptions extends EvidenceBounds, RedisBackend {}

const EVIDENCE_BYTES = 512;

/** What is known of shards, in Redis: any node that checks the replica again finds it. Away: nothing is known. */
export function createRedisEvidence(options: RedisEvidenceOptions): EvidenceStore {
  const { generation, sealer, log, ttlMs, maxEntries } = options;
  const bounds = { maxEntries, maxBytes: maxEntries * EVIDENCE_BYTES };
  const store = new RedisStore({ ...bounds, redis: options.redis, prefix: `${options.prefix}:evidence` });
  const unreached = (error: unknown) => log.debug('the cache was not reached', { reason: String(error) });
  return {
    async read(keys) {
      try {
        const sealed = await store.getAll(generation.current(), keys);
        return keys.map((key, i) => sealer.open(sealed[i], key));
      } catch (error) {
        unreached(error);
        return keys.map(() => undefined);
      }
    },
    async write(keys, at) {
      const entries = keys.map((key) => ({ key, order: at, text: sealer.seal(at, key) }));
      await store.put(generation.current(), entries, ttlMs).catch(unreached);
    },
  };
}
