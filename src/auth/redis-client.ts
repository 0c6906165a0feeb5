/**
 * What is needed of Redis here: a connected ioredis client that fails at once instead of waiting when Redis is away
 * (`enableOfflineQueue: false`, `commandTimeout`), because a request is waiting.
 */
export interface CounterRedis {
  readonly status: string;
  // biome-ignore lint/suspicious/noExplicitAny: rate-limiter-flexible takes any client and finds out what it is.
  readonly [member: string]: any;
}
