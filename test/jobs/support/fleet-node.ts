import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type RedisServer, startRedis } from '../../support/redis.js';
import { connected, type FleetBackend, fleetBackend } from './fleet.js';
import { type NodeOptions, startNode, stopAllNodes, type TestNode } from './node.js';

export interface FleetTestNode extends TestNode {
  readonly backend: FleetBackend;
}

/** A node of a fleet, once it is connected. */
export async function startFleetNode(
  url: string,
  node: string,
  options: NodeOptions = {},
): Promise<FleetTestNode> {
  const { replica = 'r1', nodes } = options;
  const backend = fleetBackend({ url, node, replica, ...(nodes && { nodes }) });
  await connected(backend);
  return { ...(await startNode(backend, { ...options, node, replica })), backend };
}

export interface TestFleet {
  readonly redis: RedisServer;
  /** A folder of the running test. */
  readonly folder: string;
  start(node: string, options?: NodeOptions): Promise<FleetTestNode>;
}

/** A Redis for the tests of a `describe` block, emptied before each of them, and an end of their nodes after it. */
export function useFleet(): TestFleet {
  let redis: RedisServer;
  let folder = '';
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleet-'));
    await redis.command('FLUSHALL');
  });
  afterEach(async () => {
    await stopAllNodes();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get redis() {
      return redis;
    },
    get folder() {
      return folder;
    },
    start: (node, options) => startFleetNode(redis.url, node, options),
  };
}
