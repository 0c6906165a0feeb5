import {
  createLocalRegistry,
  createNodeRegistry,
  createSealer,
  type NodeEntry,
  type NodeRegistry,
} from '../fleet/index.js';
import type { JobStats } from '../jobs/index.js';
import type { Base } from './base.js';
import type { LocalReplica } from './local-replica.js';

const LOOK_EVERY_MS = 1000;

interface RegistryParts {
  readonly roles: readonly string[];
  readonly startedAt: Date;
  readonly version: string;
  readonly url: () => string | undefined;
  readonly writer: boolean;
  readonly replica: LocalReplica;
  readonly load: () => Pick<JobStats, 'queued' | 'active'>;
}

/** Who is there. Height and head are read every second, so that a heartbeat never waits for the store. */
export function openRegistry(base: Base, parts: RegistryParts): NodeRegistry {
  const { nodeId, files, fleet, log } = base;
  let pin: { height: number; headHash: string } | undefined;
  const look = async () => {
    pin = (await parts.replica.state().catch(() => undefined))?.pin;
  };
  void look();
  const timer = setInterval(() => void look(), LOOK_EVERY_MS).unref();
  const describe = (): NodeEntry => {
    const { queued, active } = parts.load();
    return {
      ...{ nodeId, url: parts.url(), roles: parts.roles, version: parts.version },
      chainId: files.trust.chainId,
      replica: files.replicaId,
      height: pin?.height ?? null,
      headHash: pin?.headHash ?? null,
      writer: parts.writer,
      startedAt: parts.startedAt.toISOString(),
      load: { active, queued },
    };
  };
  const registry = fleet
    ? createNodeRegistry({
        ...{ describe, log, prefix: fleet.prefix },
        redis: fleet.redis.control(),
        sealer: createSealer(fleet.secret, 'node'),
      })
    : createLocalRegistry(describe);
  const close = () => {
    clearInterval(timer);
    return registry.close();
  };
  return { ...bound(registry), close };
}

const bound = (registry: NodeRegistry): Omit<NodeRegistry, 'close'> => ({
  self: () => registry.self(),
  list: () => registry.list(),
  announce: () => registry.announce(),
});
