import type { Redis } from 'ioredis';
import type { CacheBounds } from './result-cache.js';

export interface StoredText {
  readonly key: string;
  /** Takes the place of what is there only if that has no greater order. */
  readonly order: string;
  readonly text: string;
}

export interface StoreUsage {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Drops what has ended. KEYS: an index of entries by the time they end, and their sizes, with the sum under `total`; the
 * entries' own keys are made here, from the prefix ARGV[1]: this is for one Redis, not for a cluster of them.
 */
const DROP_ENDED = `
local index, sizes, prefix = KEYS[1], KEYS[2], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function drop(member)
  local size = redis.call('HGET', sizes, 'size:' .. member)
  if size then
    redis.call('HINCRBY', sizes, 'total', -size)
    redis.call('HDEL', sizes, 'size:' .. member)
  end
  redis.call('UNLINK', prefix .. member)
  redis.call('ZREM', index, member)
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, 1000)) do drop(member) end
`;

/** Writes ARGV[5…] (key, order, text; one after the other), and drops what ends soonest until the bounds hold. */
const PUT = `${DROP_ENDED}
local ttl, maxEntries, maxBytes = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
for i = 5, #ARGV, 3 do
  local member, order, text = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local held = redis.call('HGET', prefix .. member, 'order')
  if not held or held <= order then
    local size = #text + #member + 256
    local before = redis.call('HGET', sizes, 'size:' .. member) or 0
    redis.call('HSET', prefix .. member, 'order', order, 'text', text)
    redis.call('PEXPIRE', prefix .. member, ttl)
    redis.call('HSET', sizes, 'size:' .. member, size)
    redis.call('HINCRBY', sizes, 'total', size - before)
    redis.call('ZADD', index, now + ttl, member)
  end
end
while redis.call('ZCARD', index) > maxEntries or tonumber(redis.call('HGET', sizes, 'total') or 0) > maxBytes do
  local first = redis.call('ZRANGE', index, 0, 0)[1]
  if not first then break end
  drop(first)
end
local life = math.max(redis.call('PTTL', index), ttl + 60000)
redis.call('PEXPIRE', index, life)
redis.call('PEXPIRE', sizes, life)
return 1
`;

const USAGE = `${DROP_ENDED}
return {redis.call('ZCARD', index), tonumber(redis.call('HGET', sizes, 'total') or 0)}
`;

/** Drops a thousand entries; gives 1 while there may be more. */
const DROP = `
local members = redis.call('ZRANGE', KEYS[1], 0, 999)
for _, member in ipairs(members) do redis.call('UNLINK', ARGV[1] .. member) end
if #members < 1000 then
  redis.call('DEL', KEYS[1], KEYS[2])
  return 0
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, 999)
return 1
`;

const READS_AT_ONCE = 500;
const WRITES_AT_ONCE = 100;

export interface RedisStoreOptions extends CacheBounds {
  /** The `cache` profile. */
  readonly redis: Redis;
  /** Of every key. */
  readonly prefix: string;
}

/** Texts in Redis that end by themselves, bounded in number and bytes over all nodes. Every method may reject. */
export class RedisStore {
  readonly #options: RedisStoreOptions;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
  }

  async get(generation: number, key: string): Promise<string | null> {
    return this.#options.redis.hget(this.entryKey(generation, key), 'text');
  }

  /** In the order of the keys; null for each that is not there or could not be read. */
  async getAll(generation: number, keys: readonly string[]): Promise<(string | null)[]> {
    const found: (string | null)[] = [];
    for (let from = 0; from < keys.length; from += READS_AT_ONCE) {
      const pipeline = this.#options.redis.pipeline();
      for (const key of keys.slice(from, from + READS_AT_ONCE)) {
        pipeline.hget(this.entryKey(generation, key), 'text');
      }
      for (const [error, text] of (await pipeline.exec()) ?? []) found.push(error ? null : (text as string));
    }
    return found;
  }

  async put(generation: number, entries: readonly StoredText[], ttlMs: number): Promise<void> {
    const { redis, maxEntries, maxBytes } = this.#options;
    const base = this.#base(generation);
    const bounds = [`${base}:entry:`, Math.ceil(ttlMs), maxEntries, maxBytes];
    for (let from = 0; from < entries.length; from += WRITES_AT_ONCE) {
      const words = entries
        .slice(from, from + WRITES_AT_ONCE)
        .flatMap(({ key, order, text }) => [key, order, text]);
      await redis.eval(PUT, 2, `${base}:index`, `${base}:sizes`, ...bounds, ...words);
    }
  }

  async usage(generation: number): Promise<StoreUsage> {
    const base = this.#base(generation);
    const reply = await this.#options.redis.eval(
      USAGE,
      2,
      `${base}:index`,
      `${base}:sizes`,
      `${base}:entry:`,
    );
    const [entries, bytes] = reply as [number, number];
    return { entries, bytes: Math.max(0, bytes) };
  }

  async remove(generation: number, key: string): Promise<void> {
    await this.#options.redis.unlink(this.entryKey(generation, key));
  }

  /** Takes away everything of a generation that nobody reads any more; without that it would end by itself. */
  async drop(generation: number): Promise<void> {
    const base = this.#base(generation);
    const { redis } = this.#options;
    while ((await redis.eval(DROP, 2, `${base}:index`, `${base}:sizes`, `${base}:entry:`)) === 1);
  }

  entryKey(generation: number, key: string): string {
    return `${this.#base(generation)}:entry:${key}`;
  }

  #base(generation: number): string {
    return `${this.#options.prefix}:${generation}`;
  }
}
