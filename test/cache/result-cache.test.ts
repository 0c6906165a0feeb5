import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createGeneration,
  createMemoryCache,
  createMemoryEvidence,
  createRedisCache,
  createRedisEvidence,
  type ResultCache,
} from '../../src/cache/index.js';
import { ProvChainError } from '../../src/errors.js';
import { connectRedis, createSealer, type RedisConnections } from '../../src/fleet/index.js';
import { silentLog } from '../../src/logging/index.js';
import type { EvidenceStore } from '../../src/validation/index.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';
import { result, TestDocuments } from './caches.js';

const SECRET = Buffer.from('a secret that is long enough to be one');
const HOUR = 3_600_000;
const key = (name: string) => hash('sha256', name);

interface Caches {
  readonly results: ResultCache;
  readonly evidence: EvidenceStore;
}
interface Bounds {
  readonly maxEntries?: number;
  readonly maxBytes?: number;
}
/** A node's caches; those of one `documents` are one fleet. */
type OpenCaches = (documents: TestDocuments, bounds?: Bounds) => Caches;

/** What must hold wherever results are kept. */
function describeContract(kind: string, openCaches: OpenCaches): void {
  describe(`ResultCache, ${kind}`, () => {
    const opened: ResultCache[] = [];
    const open = (bounds?: Bounds, documents = new TestDocuments()) => {
      const { results } = openCaches(documents, bounds);
      opened.push(results);
      return results;
    };
    afterEach(() => Promise.all(opened.splice(0).map((cache) => cache.close())));

    it('gives back exactly what was put, and nothing under another key', async () => {
      const cache = open();
      const entry = result('one', { status: 'Critical', fence: 1002, bytes: 5000 });
      await cache.put(key('a'), entry, HOUR, 'Full');
      expect(await cache.get(key('a'), 'Full')).toEqual(entry);
      expect(await cache.get(key('b'), 'Full')).toBeUndefined();
    });

    it('forgets a result when its time is over, and keeps one of no time not at all', async () => {
      const cache = open();
      await cache.put(key('a'), result('short'), 60, 'Full');
      await cache.put(key('b'), result('none'), 0, 'Full');
      expect(await cache.get(key('a'), 'Full')).toBeDefined();
      expect(await cache.get(key('b'), 'Full')).toBeUndefined();
      await vi.waitFor(async () => expect(await cache.get(key('a'), 'Full')).toBeUndefined(), 3000);
      expect(await cache.stats()).toMatchObject({ entries: 0 });
    });

    it('holds no more entries than it may', async () => {
      const cache = open({ maxEntries: 5 });
      for (let i = 0; i < 12; i++) await cache.put(key(`k${i}`), result(`r${i}`), HOUR + i * 1000, 'Full');
      expect(await cache.stats()).toMatchObject({ entries: 5 });
      expect(await cache.get(key('k11'), 'Full')).toEqual(result('r11'));
      expect(await cache.get(key('k0'), 'Full')).toBeUndefined();
    });

    it('holds no more bytes than it may, and not what is larger than all of it', async () => {
      const cache = open({ maxBytes: 10_000 });
      for (let i = 0; i < 12; i++) {
        await cache.put(key(`k${i}`), result(`r${i}`, { bytes: 2000 }), HOUR + i * 1000, 'Full');
      }
      const { entries, bytes } = await cache.stats();
      expect(entries).toBeGreaterThanOrEqual(3);
      expect(bytes).toBeLessThanOrEqual(10_000);
      await cache.put(key('large'), result('large', { bytes: 20_000 }), HOUR, 'Full');
      expect(await cache.get(key('large'), 'Full')).toBeUndefined();
    });

    it('keeps the result with the later evidence, and of the same the one of the later attempt', async () => {
      const cache = open();
      const at = (second: number, fence: number) =>
        result(`${second}/${fence}`, { asOf: `2030-01-01T00:00:0${second}.000Z`, fence });
      const held = async () => JSON.parse((await cache.get(key('a'), 'Full'))!.report).name;
      await cache.put(key('a'), at(5, 2), HOUR, 'Full');
      for (const [entry, expected] of [
        [at(4, 9), '5/2'],
        [at(5, 1), '5/2'],
        [at(5, 3), '5/3'],
        [at(6, 1), '6/1'],
        [at(5, 1000), '6/1'],
      ] as const) {
        await cache.put(key('a'), entry, HOUR, 'Full');
        expect(await held()).toBe(expected);
      }
    });

    it('counts hits and misses by level, with no rate before the first lookup', async () => {
      const cache = open();
      const { hits, misses, hitRate, perLevel } = await cache.stats();
      expect({ hits, misses, hitRate, perLevel }).toEqual({
        hits: 0,
        misses: 0,
        hitRate: undefined,
        perLevel: {},
      });
      await cache.put(key('a'), result('a'), HOUR, 'Full');
      for (let i = 0; i < 3; i++) await cache.get(key('a'), 'Full');
      await cache.get(key('b'), 'Full');
      await cache.get(key('b'), 'Minimal');
      expect(await cache.stats()).toMatchObject({
        hits: 3,
        misses: 2,
        hitRate: 0.6,
        entries: 1,
        perLevel: {
          Full: { hits: 3, misses: 1, hitRate: 0.75 },
          Minimal: { hits: 0, misses: 1, hitRate: 0 },
        },
      });
    });

    it('is empty after clearing, says what there was, and takes new results', async () => {
      const cache = open();
      for (let i = 0; i < 3; i++) await cache.put(key(`k${i}`), result(`r${i}`), HOUR, 'Full');
      const before = await cache.stats();
      expect(await cache.clear('ada')).toEqual({ entries: 3, bytes: before.bytes });
      expect(await cache.get(key('k0'), 'Full')).toBeUndefined();
      expect(await cache.stats()).toMatchObject({ entries: 0, bytes: 0 });
      await cache.put(key('k0'), result('new'), HOUR, 'Full');
      expect(await cache.get(key('k0'), 'Full')).toEqual(result('new'));
    });

    it('is emptied by another node too', async () => {
      const documents = new TestDocuments();
      const [a, b] = [open(undefined, documents), open(undefined, documents)];
      await b.put(key('a'), result('a'), HOUR, 'Full');
      expect(await b.get(key('a'), 'Full')).toBeDefined();
      await a.clear('ada');
      expect(await b.get(key('a'), 'Full')).toBeUndefined();
    });

    it('fails to clear with the error of those who could not be told', async () => {
      const documents = new TestDocuments();
      const cache = open(undefined, documents);
      documents.failure = new ProvChainError('QUEUE_UNAVAILABLE', 'away');
      await expect(cache.clear('ada')).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    });
  });

  describe(`EvidenceStore, ${kind}`, () => {
    const keys = Array.from({ length: 1200 }, (_, i) => key(`shard ${i}`));

    it('knows when each shard was found clean, in the order of the keys', async () => {
      const { evidence } = openCaches(new TestDocuments());
      expect(await evidence.read(keys.slice(0, 2))).toEqual([undefined, undefined]);
      await evidence.write(keys.slice(0, 1000), '2030-01-01T00:00:00.000Z');
      await evidence.write([keys[7]!], '2031-01-01T00:00:00.000Z');
      await evidence.write([keys[7]!], '2029-01-01T00:00:00.000Z');
      const known = await evidence.read([...keys].reverse());
      const expected: (string | undefined)[] = keys.map((_, i) =>
        i < 1000 ? '2030-01-01T00:00:00.000Z' : undefined,
      );
      expected[7] = '2031-01-01T00:00:00.000Z';
      expect(known).toEqual(expected.reverse());
    });

    it('holds no more shards than it may', async () => {
      const { evidence } = openCaches(new TestDocuments(), { maxEntries: 50 });
      await evidence.write(keys.slice(0, 200), '2030-01-01T00:00:00.000Z');
      const known = (await evidence.read(keys.slice(0, 200))).filter((at) => at !== undefined);
      expect(known).toHaveLength(50);
    });

    it('knows nothing after the cache was cleared', async () => {
      const { evidence, results } = openCaches(new TestDocuments());
      await evidence.write(keys.slice(0, 2), '2030-01-01T00:00:00.000Z');
      await results.clear('ada');
      expect(await evidence.read(keys.slice(0, 2))).toEqual([undefined, undefined]);
    });
  });
}

const bounded = ({ maxEntries = 1000, maxBytes = 1 << 20 }: Bounds = {}) => ({ maxEntries, maxBytes });
const evidenceBounds = ({ maxEntries = 10_000 }: Bounds = {}) => ({ maxEntries, ttlMs: HOUR });

describeContract('in memory', (documents, bounds) => {
  const generation = createGeneration(documents);
  return {
    results: createMemoryCache({ ...bounded(bounds), generation }),
    evidence: createMemoryEvidence({ ...evidenceBounds(bounds), generation }),
  };
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
    await vi.waitFor(() => connections.cache().ping(), { timeout: 3000, interval: 5 });
  });
  afterEach(() => connections.close());

  let fleets = 0;
  const prefixes = new WeakMap<TestDocuments, string>();
  const prefixOf = (documents: TestDocuments) => {
    const prefix = prefixes.get(documents) ?? `test-${fleets++}`;
    prefixes.set(documents, prefix);
    return prefix;
  };
  const openCaches: OpenCaches = (documents, bounds) => {
    const backend = {
      redis: connections.cache(),
      prefix: prefixOf(documents),
      generation: createGeneration(documents),
      log: silentLog,
    };
    return {
      results: createRedisCache({
        ...backend,
        ...bounded(bounds),
        now: () => new Date(),
        sealer: createSealer(SECRET, 'cached-result'),
      }),
      evidence: createRedisEvidence({
        ...backend,
        ...evidenceBounds(bounds),
        sealer: createSealer(SECRET, 'evidence'),
      }),
    };
  };

  describeContract('in Redis', openCaches);

  it('shares results between nodes', async () => {
    const documents = new TestDocuments();
    const [a, b] = [openCaches(documents), openCaches(documents)];
    await a.results.put(key('a'), result('a', { bytes: 100_000 }), HOUR, 'Full');
    expect(await b.results.get(key('a'), 'Full')).toEqual(result('a', { bytes: 100_000 }));
    await a.evidence.write([key('s')], '2030-01-01T00:00:00.000Z');
    expect(await b.evidence.read([key('s')])).toEqual(['2030-01-01T00:00:00.000Z']);
  });

  it('asks Redis once for a result, and then answers with the very same object', async () => {
    const documents = new TestDocuments();
    await openCaches(documents).results.put(key('a'), result('a'), HOUR, 'Full');
    const { results } = openCaches(documents);
    const first = await results.get(key('a'), 'Full');
    await redis.command('FLUSHALL');
    expect(await results.get(key('a'), 'Full')).toBe(first);
  });

  it('bounds what the nodes hold together', async () => {
    const documents = new TestDocuments();
    const [a, b] = [openCaches(documents, { maxEntries: 4 }), openCaches(documents, { maxEntries: 4 })];
    for (let i = 0; i < 6; i++)
      await (i % 2 ? a : b).results.put(key(`k${i}`), result(`r${i}`), HOUR + i, 'Full');
    expect(await a.results.stats()).toMatchObject({ entries: 4 });
    const left = (await redis.command('KEYS', '*:entry:*')).match(/:entry:/g);
    expect(left).toHaveLength(4);
  });

  it('leaves nothing behind in Redis when it is cleared', async () => {
    const { results } = openCaches(new TestDocuments());
    for (let i = 0; i < 30; i++) await results.put(key(`k${i}`), result('r'), HOUR, 'Full');
    await results.clear('ada');
    expect(await redis.command('DBSIZE')).toBe(':0\r\n');
  });

  it('lets everything in Redis end by itself', async () => {
    const { results, evidence } = openCaches(new TestDocuments());
    await results.put(key('a'), result('r'), 1000, 'Full');
    await evidence.write([key('s')], '2030-01-01T00:00:00.000Z');
    const names = (await redis.command('KEYS', '*')).match(/test-[^\r]+/g)!;
    expect(names).toHaveLength(6);
    for (const name of names) expect(Number((await redis.command('PTTL', name)).slice(1))).toBeGreaterThan(0);
  });

  it('takes for missing what was not sealed by the fleet, or for another key or purpose, and heals', async () => {
    const documents = new TestDocuments();
    const prefix = prefixOf(documents);
    const writer = openCaches(documents).results;
    const text = `{"status":"Healthy","storedAt":"","asOf":"","fence":1,"endsAt":9999999999999}\n"forged"`;
    const strange = createSealer(
      Buffer.from('another secret, which is as long as the first'),
      'cached-result',
    );
    const forgeries = [
      text,
      strange.seal(text, key('a')),
      createSealer(SECRET, 'cached-result').seal(text, key('b')),
      createSealer(SECRET, 'job-result').seal(text, key('a')),
    ];
    for (const forgery of forgeries) {
      const entry = `${prefix}:results:0:entry:${key('a')}`;
      await redis.command('HSET', entry, 'text', forgery, 'order', '9999');
      const reader = openCaches(documents).results;
      expect(await reader.get(key('a'), 'Full')).toBeUndefined();
      expect(await reader.stats()).toMatchObject({ hits: 0, misses: 1 });
      await writer.put(key('a'), result('ours'), HOUR, 'Full');
      expect(await openCaches(documents).results.get(key('a'), 'Full')).toEqual(result('ours'));
    }
    await redis.command('HSET', `${prefix}:evidence:0:entry:${key('s')}`, 'text', '2030-01-01T00:00:00.000Z');
    expect(await openCaches(documents).evidence.read([key('s')])).toEqual([undefined]);
  });

  it('is a miss while Redis is away or silent, serves what is near, and recovers', async () => {
    const { results, evidence } = openCaches(new TestDocuments());
    await results.put(key('near'), result('near'), HOUR, 'Full');
    redis.pause();
    expect(await results.get(key('far'), 'Full')).toBeUndefined();
    expect(await evidence.read([key('s')])).toEqual([undefined]);
    redis.resume();
    await redis.shutDown('SIGKILL');
    expect(await results.get(key('near'), 'Full')).toEqual(result('near'));
    expect(await results.get(key('far'), 'Full')).toBeUndefined();
    expect(await evidence.read([key('s')])).toEqual([undefined]);
    await evidence.write([key('s')], '2030-01-01T00:00:00.000Z');
    await results.put(key('meanwhile'), result('meanwhile'), HOUR, 'Full');
    expect(await results.get(key('meanwhile'), 'Full')).toEqual(result('meanwhile'));
    expect(await results.stats()).toMatchObject({ entries: 2 });
    await redis.start();
    const documents = new TestDocuments();
    await vi.waitFor(
      async () => {
        await openCaches(documents).results.put(key('later'), result('later'), HOUR, 'Full');
        expect(await openCaches(documents).results.get(key('later'), 'Full')).toBeDefined();
      },
      { timeout: 5000, interval: 50 },
    );
  });

  it('does not keep near what was read while the cache was being cleared', async () => {
    const documents = new TestDocuments();
    await openCaches(documents).results.put(key('a'), result('a'), HOUR, 'Full');
    const { results } = openCaches(documents);
    const reading = results.get(key('a'), 'Full');
    await documents.update('cache-generation', 0);
    expect(await reading).toBeDefined();
    await sleep(5);
    expect(await results.get(key('a'), 'Full')).toBeUndefined();
  });
});
