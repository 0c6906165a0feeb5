import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import type { CounterRedis } from './redis-client.js';

export interface RateLimiterOptions {
  /** Requests that one key may make in `durationSeconds`, at all nodes together. */
  readonly points: number;
  readonly durationSeconds: number;
  /** Shared by the fleet; without it, or while it is away, this node counts alone. */
  readonly redis?: CounterRedis;
  /** Of the keys in Redis. */
  readonly prefix?: string;
}

export interface RateDecision {
  readonly allowed: boolean;
  /** Zero when allowed. */
  readonly retryAfterMs: number;
  /** What this key has left, as far as this node knows; other nodes may have used some of it. */
  readonly remaining: number;
}

export interface RateLimiter {
  consume(key: string): Promise<RateDecision>;
}

/** A share of this part of the points is taken from Redis at once, so that most requests need no round trip. */
const SHARE = 20;
/** A Redis that took so long is left alone for a while: requests wait for it. */
const SLOW_MS = 150;
const REST_MS = 1000;
/** Keys with an open share or a refusal; the client chooses how many there are. */
const MOST_KEYS = 50_000;

/** What a node may still allow a key without asking. Until `endsAtMs`, on the clock of `performance.now()`. */
interface Share {
  credit: number;
  remaining: number;
  endsAtMs: number;
  asking: Promise<void> | undefined;
}

/**
 * A limit of requests per key in windows of fixed length. Redis is asked once for a twentieth of the points, which are
 * then given out from memory, and not again for a key that was refused until its window ends: asking on every request
 * would cost a fifth of a node's rate. The fleet never allows more than `points`; shares that a node has not used up
 * when the window ends are lost, so a client that is spread over n nodes may get (n − 1) / 20 less.
 */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { points, durationSeconds, redis, prefix = 'provchain' } = options;
  const common = { keyPrefix: `${prefix}:rate`, points, duration: durationSeconds };
  const memory = new RateLimiterMemory(common);
  const limiter = redis
    ? new RateLimiterRedis({
        ...common,
        storeClient: redis,
        rejectIfRedisNotReady: true,
        insuranceLimiter: memory,
      })
    : memory;
  const size = redis ? Math.max(1, Math.floor(points / SHARE)) : 1;
  const shares = new LRUCache<string, Share>({ max: MOST_KEYS });

  let restsUntilMs = 0;

  const ask = async (key: string, share: Share): Promise<void> => {
    const beganMs = performance.now();
    const counter = beganMs < restsUntilMs ? memory : limiter;
    const { granted, remaining, endsInMs } = await takePoints(counter, key, size);
    if (performance.now() - beganMs > SLOW_MS) restsUntilMs = performance.now() + REST_MS;
    share.credit = granted;
    share.remaining = remaining;
    share.endsAtMs = performance.now() + endsInMs;
  };

  return {
    async consume(key) {
      let share = shares.get(key);
      if (!share) {
        share = { credit: 0, remaining: points, endsAtMs: 0, asking: undefined };
        shares.set(key, share);
      }
      for (;;) {
        const leftMs = share.endsAtMs - performance.now();
        if (leftMs > 0 && share.credit > 0) {
          share.credit -= 1;
          return { allowed: true, retryAfterMs: 0, remaining: share.remaining + share.credit };
        }
        if (leftMs > 0 && share.remaining === 0) {
          return { allowed: false, retryAfterMs: Math.ceil(leftMs), remaining: 0 };
        }
        const current = share;
        share.asking ??= ask(key, current).finally(() => {
          current.asking = undefined;
        });
        await share.asking;
      }
    },
  };
}

/** Takes up to `wanted` points of a key. `remaining`: what nobody has taken yet. */
async function takePoints(
  limiter: RateLimiterMemory | RateLimiterRedis,
  key: string,
  wanted: number,
): Promise<{ granted: number; remaining: number; endsInMs: number }> {
  const taken = await limiter.consume(key, wanted).then(
    (result) => result,
    (refusal: unknown) => {
      if (refusal instanceof Error) throw refusal;
      return refusal as RateLimiterRes;
    },
  );
  const { consumedPoints, msBeforeNext } = taken;
  const granted = Math.max(0, Math.min(wanted, limiter.points - (consumedPoints - wanted)));
  return {
    granted,
    remaining: Math.max(0, limiter.points - consumedPoints),
    endsInMs: Math.max(1, msBeforeNext),
  };
}
