import type { Redis, RedisOptions } from 'ioredis';
import type { Log } from '../logging/index.js';
import { ioRedis } from '../redis-packages.js';

export interface RedisConnectionsOptions {
  /** Redis of queue, documents and registry: `redis://` or `rediss://`, with user, password and database if any. */
  readonly url: string;
  /** Redis of the cache; the same one when left out. */
  readonly cacheUrl?: string;
  /** Shown by CLIENT LIST. */
  readonly name?: string;
  readonly log: Log;
}

/**
 * How connections meet a Redis that is away, which is the one thing they differ in:
 *
 * - `queue` (BullMQ's producers, with {@link PRODUCER_OPTIONS}): a command fails at
 *   once, so that a request is answered with an error and nothing is accepted that may be lost.
 * - `worker` (BullMQ's Workers and QueueEvents): commands wait as long as it takes.
 * - `control` (documents, registry, cancellation): fails at once, and after a second if Redis is connected but silent.
 * - `cache`: fails at once, or after 200 ms; the cache makes a miss of it.
 */
const PROFILES = {
  queue: { enableOfflineQueue: false, maxRetriesPerRequest: 1 },
  worker: { maxRetriesPerRequest: null },
  control: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 1000 },
  cache: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 200 },
} as const satisfies Record<string, RedisOptions>;

type RedisProfile = keyof typeof PROFILES;

/**
 * For a BullMQ `Queue` over {@link RedisConnections.queue}. Without the first, `add` waits for ever when Redis is away
 * as the queue is made; without the second, it then fails for ever, since the one question for the version has failed
 * ({@link checkRedisPolicy} asks it).
 */
export const PRODUCER_OPTIONS = { skipWaitingForReady: true, skipVersionCheck: true } as const;

const LONGEST_RECONNECT_MS = 500;
const CLOSE_TIMEOUT_MS = 1000;

/** The connections of one node. Making them waits for nothing: Redis may come later, or go and come back. */
export interface RedisConnections {
  /** One of each, shared by its users; opened when it is first asked for. */
  queue(): Redis;
  control(): Redis;
  cache(): Redis;
  /** A new one each time: BullMQ blocks the connection of a Worker. */
  worker(): Redis;
  /** For SUBSCRIBE, which keeps a connection from anything else; a new one each time. */
  subscriber(): Redis;
  /** Whether the connection of this profile is ready now; undefined when it was never asked for. */
  connected(profile: 'queue' | 'control' | 'cache'): boolean | undefined;
  /** Ends all of them. Idempotent. */
  close(): Promise<void>;
}

/** Opens no connection yet. Errors: none; those of connections are logged once each time that one is lost. */
export function connectRedis(options: RedisConnectionsOptions): RedisConnections {
  const shared = new Map<RedisProfile, Redis>();
  const all = new Set<Redis>();
  const open = (profile: RedisProfile): Redis => {
    const redis = openConnection(options, profile);
    all.add(redis);
    return redis;
  };
  const sharedOne = (profile: RedisProfile): Redis => {
    const known = shared.get(profile) ?? open(profile);
    shared.set(profile, known);
    return known;
  };
  return {
    queue: () => sharedOne('queue'),
    control: () => sharedOne('control'),
    cache: () => sharedOne('cache'),
    worker: () => open('worker'),
    subscriber: () => open('worker'),
    connected(profile) {
      const redis = shared.get(profile);
      return redis && redis.status === 'ready';
    },
    async close() {
      await Promise.all([...all].map(closeConnection));
      all.clear();
    },
  };
}

function openConnection(
  { url, cacheUrl, name = 'provchain', log }: RedisConnectionsOptions,
  profile: RedisProfile,
): Redis {
  const redis = new (ioRedis().Redis)(profile === 'cache' ? (cacheUrl ?? url) : url, {
    ...PROFILES[profile],
    connectionName: `${name}-${profile}`,
    connectTimeout: 2000,
    // The default grows to five seconds; a fleet is to be whole again soon after Redis is.
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt - 1, 8), LONGEST_RECONNECT_MS),
  });
  let lost = false;
  redis.on('error', (error: Error) => {
    if (!lost) log.warn('Redis is away', { profile, reason: error.message });
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) log.info('Redis is back', { profile });
    lost = false;
  });
  return redis;
}

/** QUIT lets answers under way arrive; a Redis that does not answer is not waited for. */
async function closeConnection(redis: Redis): Promise<void> {
  if (redis.status === 'end') return;
  if (redis.status === 'ready') {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    });
    await Promise.race([redis.quit().catch(() => {}), timeout]);
    clearTimeout(timer);
  }
  redis.disconnect();
}

/** A connection that was just asked for takes some milliseconds, during which commands may fail. Rejects after `timeoutMs`. */
export function whenReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      if (error) reject(error);
      else resolve();
    };
    const onReady = () => settle();
    const timer = setTimeout(() => settle(new Error(`no connection after ${timeoutMs} ms`)), timeoutMs);
    redis.on('ready', onReady);
  });
}
