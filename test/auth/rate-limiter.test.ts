import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRateLimiter, type RateLimiter } from '../../src/auth/index.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';

let prefixes = 0;
const newPrefix = () => `test${prefixes++}`;

/** How many of `count` requests were allowed, one after another, turn by turn at each limiter. */
async function allowedOf(limiters: readonly RateLimiter[], key: string, count: number): Promise<number> {
  let allowed = 0;
  for (let i = 0; i < count; i++) {
    const decision = await limiters[i % limiters.length]?.consume(key);
    if (decision?.allowed) allowed += 1;
    else expect(decision?.retryAfterMs).toBeGreaterThan(0);
  }
  return allowed;
}

describe('a rate limiter alone', () => {
  it('allows the points of each key and counts them down', async () => {
    const limiter = createRateLimiter({ points: 3, durationSeconds: 60 });
    const decisions = [];
    for (let i = 0; i < 4; i++) decisions.push(await limiter.consume('a'));
    expect(decisions.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
      [true, 2],
      [true, 1],
      [true, 0],
      [false, 0],
    ]);
    expect(decisions[3]?.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect((await limiter.consume('b')).allowed).toBe(true);
  });

  it('allows them again in the next window', async () => {
    const limiter = createRateLimiter({ points: 2, durationSeconds: 1 });
    expect(await allowedOf([limiter], 'a', 3)).toBe(2);
    const { retryAfterMs } = await limiter.consume('a');
    await sleep(retryAfterMs + 20);
    expect(await allowedOf([limiter], 'a', 3)).toBe(2);
  });

  it('allows no more when all come at once', async () => {
    const limiter = createRateLimiter({ points: 100, durationSeconds: 60 });
    const decisions = await Promise.all(Array.from({ length: 300 }, () => limiter.consume('a')));
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(100);
  });
});

describe.skipIf(!redisInstalled())('rate limiters of a fleet', () => {
  let server: RedisServer;
  let clients: Redis[];

  beforeAll(async () => {
    server = await startRedis();
    clients = [1, 2].map(() => {
      const client = new Redis(server.url, {
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        commandTimeout: 200,
        retryStrategy: () => 50,
      });
      client.on('error', () => {});
      return client;
    });
    await Promise.all(clients.map((client) => new Promise((resolve) => client.once('ready', resolve))));
  });

  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server?.stop();
  });

  const open = (points: number, durationSeconds = 60) => {
    const prefix = newPrefix();
    return clients.map((redis) => createRateLimiter({ points, durationSeconds, redis, prefix }));
  };

  it.each([1, 7, 20, 100, 105])('allow %d points together, not each', async (points) => {
    expect(await allowedOf(open(points), 'a', points * 3)).toBe(points);
  });

  it('allow no more when all come at once', async () => {
    const limiters = open(100);
    const decisions = await Promise.all(
      Array.from({ length: 400 }, (_, i) => (limiters[i % 2] as RateLimiter).consume('a')),
    );
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(100);
  });

  it('ask Redis once for many requests, and not at all about a key that was refused', async () => {
    const [limiter] = open(200) as [RateLimiter];
    await server.command('CONFIG', 'RESETSTAT');
    await allowedOf([limiter], 'a', 1000);
    const stats = await server.command('INFO', 'commandstats');
    // A script that Redis does not know yet is called once more.
    const calls = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].map(([, count]) => Number(count));
    const total = calls.reduce((sum, count) => sum + count, 0);
    expect([20, 21]).toContain(total);
  });

  it('go on in memory while Redis is away or frozen', async () => {
    const limiters = open(10);
    server.pause();
    expect((await limiters[0]?.consume('frozen'))?.allowed).toBe(true);
    server.resume();
    await server.shutDown('SIGKILL');
    expect(await allowedOf([limiters[0] as RateLimiter], 'b', 30)).toBe(10);
    await server.start();
  });
});
