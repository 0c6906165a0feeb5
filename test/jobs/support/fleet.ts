import { connectRedis, createSealer, type RedisConnections } from '../../../src/fleet/index.js';
import { createRedisBackend, type FleetNode, type JobBackend } from '../../../src/jobs/index.js';
import { silentLog } from '../../../src/logging/index.js';

const SECRET = Buffer.from('a shared secret of a fleet of tests');
export const PREFIX = 'test';
/** Short enough for tests, long enough that a busy machine does not lose a lock that it renews. */
const LOCKS = { lockMs: 1500, stalledCheckMs: 300, maxStalled: 2 };

export interface FleetBackendOptions {
  readonly url: string;
  readonly node: string;
  readonly replica?: string;
  readonly nodes?: () => readonly FleetNode[];
  readonly secret?: Uint8Array;
}

export interface FleetBackend extends JobBackend {
  readonly connections: RedisConnections;
}

/** The backend of one node of a fleet; its connections end with it. */
export function fleetBackend(options: FleetBackendOptions): FleetBackend {
  const { url, node, replica = 'r1', nodes, secret = SECRET } = options;
  const connections = connectRedis({ url, name: node, log: silentLog });
  const backend = createRedisBackend({
    node,
    chainId: 'chain',
    replica,
    connections,
    prefix: PREFIX,
    sealers: (purpose) => createSealer(secret, purpose),
    nodes: { list: nodes ?? (() => []) },
    threads: 2,
    retentionMs: 3_600_000,
    locks: LOCKS,
    retry: { attempts: 2, backoffMs: 10 },
    log: silentLog,
  });
  const close = async () => {
    await backend.close();
    await connections.close();
  };
  return { ...backend, connections, close };
}

/** Resolves once the connections that a request needs are there. */
export async function connected({ connections }: FleetBackend): Promise<void> {
  for (const redis of [connections.queue(), connections.control()]) {
    if (redis.status === 'ready') continue;
    await new Promise<void>((resolve) => redis.once('ready', () => resolve()));
  }
}
