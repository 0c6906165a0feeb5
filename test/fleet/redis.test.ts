import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  checkRedisPolicy,
  connectRedis,
  createLocalRegistry,
  createNodeRegistry,
  createSealer,
  type NodeEntry,
  PRODUCER_OPTIONS,
  type RedisConnections,
} from '../../src/fleet/index.js';
import { silentLog } from '../../src/logging/index.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';

const entry = (nodeId: string, height = 1): NodeEntry => ({
  nodeId,
  url: `http://${nodeId}`,
  roles: ['api', 'worker'],
  chainId: 'chain',
  replica: 'replica',
  height,
  headHash: 'ab',
  writer: false,
  startedAt: '2030-01-01T00:00:00.000Z',
  load: { active: 0, queued: 0 },
  version: '0.0.0',
});

describe('createLocalRegistry', () => {
  it('lists this node, as it is now', async () => {
    let height = 1;
    const registry = createLocalRegistry(() => entry('alone', height));
    height = 2;
    expect(registry.list()).toEqual([entry('alone', 2)]);
    await registry.close();
  });
});

describe.skipIf(!redisInstalled())('with Redis', () => {
  let redis: RedisServer;
  let connections: RedisConnections;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    await redis.command('FLUSHALL');
    connections = connectRedis({ url: redis.url, log: silentLog });
  });
  afterEach(() => connections.close());

  describe('checkRedisPolicy', () => {
    it('takes noeviction, and warns of a missing append-only file', async () => {
      const log = { ...silentLog, warn: vi.fn() };
      await checkRedisPolicy(connections.queue(), log);
      expect(log.warn).toHaveBeenCalledOnce();
      await redis.command('CONFIG', 'SET', 'appendonly', 'yes');
      await checkRedisPolicy(connections.queue(), log);
      expect(log.warn).toHaveBeenCalledOnce();
      await redis.command('CONFIG', 'SET', 'appendonly', 'no');
    });

    it.each(['allkeys-lru', 'volatile-ttl'])('fails with CONFIG_INVALID under %s', async (policy) => {
      await redis.command('CONFIG', 'SET', 'maxmemory-policy', policy);
      await expect(checkRedisPolicy(connections.queue(), silentLog)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(policy),
      });
      await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    });
  });

  describe('connectRedis', () => {
    it('lets BullMQ add over its producer connection, fail at once while Redis is away, and go on', async () => {
      await redis.shutDown();
      const queue = new Queue('contract', { connection: connections.queue(), ...PRODUCER_OPTIONS });
      queue.on('error', () => {});
      await expect(queue.add('job', {})).rejects.toThrow();
      await redis.start();
      await vi.waitFor(() => queue.add('job', {}), { timeout: 5000, interval: 20 });
      expect(await queue.getWaitingCount()).toBe(1);
      await queue.close();
    });

    it('shares one connection per profile, except those that BullMQ blocks', () => {
      expect(connections.cache()).toBe(connections.cache());
      expect(connections.cache()).not.toBe(connections.control());
      expect(connections.worker()).not.toBe(connections.worker());
    });

    it('connects to a Redis with a password, and names its connections', async () => {
      const guarded = await startRedis({ password: 'word' });
      const theirs = connectRedis({ url: guarded.url, name: 'node-7', log: silentLog });
      await vi.waitFor(() => theirs.control().ping(), { timeout: 3000, interval: 20 });
      expect(await guarded.command('CLIENT', 'LIST')).toContain('name=node-7-control');
      await theirs.close();
      await guarded.stop();
    });
  });

  describe('NodeRegistry', () => {
    const sealer = createSealer(Buffer.from('a secret that is long enough to be one'), 'node');
    const join = (describeNode: () => NodeEntry, timing: { beatMs?: number; ttlMs?: number } = {}) =>
      createNodeRegistry({
        describe: describeNode,
        redis: connections.control(),
        prefix: 'test',
        sealer,
        log: silentLog,
        beatMs: 50,
        ttlMs: 500,
        ...timing,
      });
    const ids = (nodes: readonly NodeEntry[]) => nodes.map(({ nodeId }) => nodeId);
    const soon = { timeout: 3000, interval: 10 };

    it('lists every node, this one first, with what they say now, and forgets who leaves', async () => {
      let height = 1;
      const a = join(() => entry('a', height));
      const b = join(() => entry('b'));
      const c = join(() => entry('c'));
      await vi.waitFor(() => expect(ids(b.list())).toEqual(['b', 'a', 'c']), soon);
      height = 7;
      await vi.waitFor(() => expect(b.list()[1]).toMatchObject({ nodeId: 'a', height: 7 }), soon);
      await c.close();
      await vi.waitFor(() => expect(ids(b.list())).toEqual(['b', 'a']), soon);
      await a.close();
      await b.close();
    });

    it('drops a node that is no longer heard of', async () => {
      const silent = join(() => entry('silent'), { beatMs: 100_000 });
      const a = join(() => entry('a'));
      await vi.waitFor(() => expect(ids(a.list())).toEqual(['a', 'silent']), soon);
      await vi.waitFor(() => expect(ids(a.list())).toEqual(['a']), soon);
      await silent.close();
      await a.close();
    });

    it('keeps the others while a Redis that was emptied has not heard of them again', async () => {
      const silent = join(() => entry('silent'), { beatMs: 100_000 });
      const a = join(() => entry('a'), { ttlMs: 2000 });
      await vi.waitFor(() => expect(ids(a.list())).toEqual(['a', 'silent']), soon);
      await redis.command('FLUSHALL');
      await vi.waitFor(
        async () => expect(await redis.command('HKEYS', 'test:nodes')).toContain('\na\r'),
        soon,
      );
      await a.announce();
      expect(ids(a.list())).toEqual(['a', 'silent']);
      await vi.waitFor(() => expect(ids(a.list())).toEqual(['a']), soon);
      await silent.close();
      await a.close();
    });

    it('ignores entries that were not sealed by the fleet, or for another node', async () => {
      const a = join(() => entry('a'), { ttlMs: 60_000 });
      const stranger = createSealer(Buffer.from('another secret, which is as long as the first'), 'node');
      const [time] = (await redis.command('TIME')).match(/\d{10,}/)!;
      const put = (id: string, text: string) => redis.command('HSET', 'test:nodes', id, `${time}000 ${text}`);
      await put('plain', JSON.stringify(entry('plain')));
      await put('strange', stranger.seal(JSON.stringify(entry('strange')), 'strange'));
      await put('other', sealer.seal(JSON.stringify(entry('named')), 'named'));
      await put('good', sealer.seal(JSON.stringify(entry('good')), 'good'));
      await vi.waitFor(() => expect(ids(a.list())).toEqual(['a', 'good']), soon);
      await a.close();
    });

    it('is left with this node while Redis is away, and whole again when it is back', async () => {
      const a = join(() => entry('a'));
      const b = join(() => entry('b'));
      await vi.waitFor(() => expect(ids(a.list())).toEqual(['a', 'b']), soon);
      await redis.shutDown('SIGKILL');
      await vi.waitFor(() => expect(ids(a.list())).toEqual(['a']), soon);
      await redis.start();
      await vi.waitFor(() => expect(ids(a.list())).toEqual(['a', 'b']), soon);
      await a.close();
      await b.close();
    });
  });
});

describe('without a Redis', () => {
  const url = 'redis://127.0.0.1:1';

  it('fails at once: the producer, the control and the cache connection', async () => {
    const connections = connectRedis({ url, log: silentLog });
    for (const redis of [connections.queue(), connections.control(), connections.cache()]) {
      await expect(redis.get('key')).rejects.toThrow();
    }
    expect(connections.connected('queue')).toBe(false);
    await connections.close();
  });

  it('fails the check with QUEUE_UNAVAILABLE', async () => {
    const connections = connectRedis({ url, log: silentLog });
    await expect(checkRedisPolicy(connections.queue(), silentLog)).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
    });
    await connections.close();
  });

  it('logs that it is away once, however often it tries', async () => {
    const log = { ...silentLog, warn: vi.fn() };
    const connections = connectRedis({ url, log });
    let attempts = 0;
    connections.control().on('close', () => attempts++);
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(2), { timeout: 5000 });
    expect(log.warn).toHaveBeenCalledOnce();
    await connections.close();
  });
});
