import { afterAll, beforeAll, describe } from 'vitest';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';
import { describeJobs } from './contract.js';
import { connected, fleetBackend } from './support/fleet.js';

describe.skipIf(!redisInstalled())('with a real Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  describeJobs('BullMQ', () => ({
    async make(node) {
      const backend = fleetBackend({ url: redis.url, node });
      await connected(backend);
      return backend;
    },
    async reset() {
      await redis.command('FLUSHALL');
    },
  }));
});
