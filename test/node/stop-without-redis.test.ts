import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { startNode } from '../support/node.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';

describe.skipIf(!redisInstalled())('a node of a fleet whose Redis is gone', () => {
  const folder = temporaryFolder();
  const dir = join(folder.path, 'chain');
  let redis: RedisServer;

  beforeAll(async () => {
    await smallChain(dir, 5);
    redis = await startRedis();
  });
  afterAll(async () => {
    await redis?.stop();
    folder.remove();
  });

  it('stops when it is told to, and ends by itself', async () => {
    const toml = `redis.url = "${redis.url}"\nintegrity.background_monitoring = { enabled = true }`;
    const node = await startNode({ dir, name: 'n1', toml });
    await redis.shutDown('SIGKILL');
    expect(await node.stop()).toBe(0);
  });
});
