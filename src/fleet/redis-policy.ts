import type { Redis } from 'ioredis';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import { whenReady } from './redis-connections.js';

const READY_TIMEOUT_MS = 3000;
/** BullMQ's scripts want it. */
const OLDEST_VERSION = '6.2.0';

/**
 * Holds the queue's Redis against what the queue needs: under any policy but `noeviction` a Redis that is full throws
 * jobs away without a word. Without its append-only file a restart loses every job that waits; they are added again
 * from the records of the nodes, so that is a warning.
 *
 * Errors: CONFIG_INVALID under another policy, or when it is older than 6.2; QUEUE_UNAVAILABLE when Redis does not answer.
 */
export async function checkRedisPolicy(redis: Redis, log: Log): Promise<void> {
  const facts = await redisFacts(redis);
  const version = facts.get('redis_version') ?? '';
  if (compareVersions(version, OLDEST_VERSION) < 0) {
    throw new ProvChainError(
      'CONFIG_INVALID',
      `Redis ${version} is too old; ${OLDEST_VERSION} or later is needed`,
    );
  }
  const policy = facts.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    throw new ProvChainError(
      'CONFIG_INVALID',
      `the Redis of the queue has maxmemory-policy ${policy}, under which it may throw jobs away; set noeviction, ` +
        'and give the cache a Redis of its own (redis.cache_url) if that one is to evict',
    );
  }
  if (facts.get('aof_enabled') === '0') {
    log.warn('the Redis of the queue has no append-only file: a restart loses what waits in it', {
      setting: 'appendonly',
    });
  }
}

function compareVersions(a: string, b: string): number {
  const [as, bs] = [a, b].map((version) => version.split('.').map(Number));
  const at = as!.findIndex((part, i) => part !== bs![i]);
  return at < 0 ? 0 : as![at]! - (bs![at] ?? 0);
}

/** INFO rather than CONFIG GET, which services that run Redis for others often forbid. */
async function redisFacts(redis: Redis): Promise<Map<string, string>> {
  try {
    await whenReady(redis, READY_TIMEOUT_MS);
    const sections = ['server', 'memory', 'persistence'].map((section) => redis.info(section));
    const lines = (await Promise.all(sections))
      .join('\n')
      .split(/\r?\n/)
      .filter((line) => line.includes(':'));
    return new Map(
      lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ProvChainError('QUEUE_UNAVAILABLE', `Redis does not answer: ${message}`, { cause: error });
  }
}
