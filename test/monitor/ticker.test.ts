import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectRedis, type RedisConnections } from '../../src/fleet/index.js';
import { silentLog } from '../../src/logging/index.js';
import { startBullTicker, startTimer, type Ticker, type TickerOptions } from '../../src/monitor/index.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';

const INTERVAL_MS = 300;
const soon = { timeout: 10_000, interval: 10 };

type Start = (options: TickerOptions) => Ticker;

/** What must hold of every ticker. */
function describeContract(kind: string, start: () => Start): void {
  describe(`Ticker, ${kind}`, () => {
    const dues: number[] = [];
    const tickers: Ticker[] = [];
    const open = (options: Partial<TickerOptions> = {}) => {
      const ticker = start()({
        intervalMs: INTERVAL_MS,
        lastDueMs: () => dues.at(-1),
        take: async (dueMs) => {
          dues.push(dueMs);
        },
        now: () => Date.now(),
        ...options,
      });
      tickers.push(ticker);
      return ticker;
    };
    beforeEach(() => {
      dues.length = 0;
    });
    afterEach(async () => {
      await Promise.all(tickers.splice(0).map((ticker) => ticker.close()));
    });

    it('ticks at once when there was no tick before', async () => {
      open({ intervalMs: 60_000 });
      await vi.waitFor(() => expect(dues.length).toBe(1), soon);
      expect(dues[0]).toBeLessThanOrEqual(Date.now());
    });

    it('ticks at every interval', async () => {
      open({ intervalMs: 600 });
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(4), soon);
      for (const [at, due] of dues.slice(1).entries()) expect(due - dues[at]!).toBeGreaterThanOrEqual(300);
    });

    it('waits until the interval of the last tick is over, wherever that was', async () => {
      const lastMs = Date.now();
      open({ intervalMs: 1000, lastDueMs: () => dues.at(-1) ?? lastMs });
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(1), soon);
      expect(dues[0]).toBe(lastMs + 1000);
    });

    it('ticks at once when the last tick is older than the interval, or from a clock that was wrong', async () => {
      const before = Date.now();
      open({ lastDueMs: () => dues.at(-1) ?? before - 3_600_000 });
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(1), soon);
      expect(dues[0]).toBeGreaterThanOrEqual(before);
      await tickers.pop()!.close();
      dues.length = 0;
      open({ intervalMs: 500, lastDueMs: () => dues.at(-1) ?? before + 3_600_000 });
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(1), soon);
      expect(dues[0]).toBeLessThan(before + 3_000_000);
    });

    it('goes on after a tick that failed', async () => {
      let ticks = 0;
      open({
        take: async () => {
          ticks++;
          throw new Error('refused');
        },
      });
      await vi.waitFor(() => expect(ticks).toBeGreaterThanOrEqual(3), soon);
    });

    it('joins no tick to one that takes longer than the interval', async () => {
      let [running, most, ticks] = [0, 0, 0];
      open({
        intervalMs: 100,
        take: async () => {
          ticks++;
          most = Math.max(most, ++running);
          await sleep(350);
          running--;
        },
      });
      await vi.waitFor(() => expect(ticks).toBeGreaterThanOrEqual(3), soon);
      expect(most).toBe(1);
    });

    it('begins no tick after it was closed, and waits for the one under way', async () => {
      let ended = false;
      const ticker = open({
        take: async (dueMs) => {
          dues.push(dueMs);
          await sleep(200);
          ended = true;
        },
      });
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(1), soon);
      await ticker.close();
      expect(ended).toBe(true);
      const before = dues.length;
      await sleep(3 * INTERVAL_MS);
      expect(dues.length).toBe(before);
    });
  });
}

describeContract('of a node alone', () => startTimer);

describe.skipIf(!redisInstalled())('with Redis', () => {
  let redis: RedisServer;
  let connections: RedisConnections;
  let count = 0;
  let name = '';
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => {
    connections = connectRedis({ url: redis.url, log: silentLog });
    name = `rounds-${count++}`;
  });
  afterEach(() => connections.close());

  const start: Start = (options) =>
    startBullTicker({
      ...options,
      ...{ name, prefix: 'test', log: silentLog },
      producer: connections.queue(),
      consumer: connections.worker(),
    });

  describeContract('of a fleet', () => start);

  describe('several nodes', () => {
    const dues: number[] = [];
    const tickers: Ticker[] = [];
    const open = (intervalMs = INTERVAL_MS) => {
      const take = async (dueMs: number) => {
        dues.push(dueMs);
      };
      const ticker = start({ intervalMs, lastDueMs: () => dues.at(-1), take, now: () => Date.now() });
      tickers.push(ticker);
      return ticker;
    };
    beforeEach(() => {
      dues.length = 0;
    });
    afterEach(async () => {
      await Promise.all(tickers.splice(0).map((ticker) => ticker.close()));
    });

    it('get each tick once, whoever of them gets it', async () => {
      for (let node = 0; node < 3; node++) open();
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(8), soon);
      expect(new Set(dues).size).toBe(dues.length);
      for (const [at, due] of dues.slice(1).entries())
        expect(due - dues[at]!).toBeGreaterThanOrEqual(INTERVAL_MS / 2);
    });

    it('go on when one of them is gone', async () => {
      const first = open();
      open();
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(2), soon);
      await first.close();
      const before = dues.length;
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(before + 3), soon);
    });

    it('put the scheduler back after FLUSHALL, in step with the last tick', async () => {
      open(500);
      open(500);
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(2), soon);
      await redis.command('FLUSHALL');
      const before = dues.length;
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(before + 3), soon);
      for (const [at, due] of dues.slice(1).entries()) expect(due - dues[at]!).toBeGreaterThanOrEqual(250);
    });

    it('begin when Redis comes, and go on when it was away', async () => {
      await redis.shutDown('SIGKILL');
      open();
      await sleep(500);
      expect(dues).toEqual([]);
      await redis.start();
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(2), soon);
      await redis.shutDown('SIGKILL');
      await redis.start();
      const before = dues.length;
      await vi.waitFor(() => expect(dues.length).toBeGreaterThanOrEqual(before + 2), soon);
    });

    it('take a tick that somebody made up for one that is due now', async () => {
      open(60_000);
      await vi.waitFor(() => expect(dues.length).toBe(1), soon);
      const jobId = 'repeat:round:9999999999999';
      const key = `test:${name}:${jobId}`;
      await redis.command(
        'HSET',
        key,
        'name',
        'round',
        'data',
        '{}',
        'opts',
        '{}',
        'timestamp',
        '1',
        'delay',
        '0',
        'priority',
        '0',
      );
      await redis.command('LPUSH', `test:${name}:wait`, jobId);
      await redis.command('ZADD', `test:${name}:marker`, '0', '0');
      await vi.waitFor(() => expect(dues.length).toBe(2), soon);
      expect(dues[1]).toBeLessThanOrEqual(Date.now());
    });
  });
});
