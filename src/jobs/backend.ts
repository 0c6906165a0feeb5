import type { Redis } from 'ioredis';
import type { Log } from '../logging/index.js';
import { createBullQueue, type LockOptions } from './bull-queue.js';
import type { FleetNodes, Sealers } from './dependencies.js';
import { createMemoryQueue } from './memory-queue.js';
import type { JobQueue, RetryOptions } from './queue.js';
import type { RecordMirror } from './record-mirror.js';
import { RedisMirror } from './redis-mirror.js';
import { RedisShards } from './redis-shards.js';
import type { ShardExchange } from './shard-exchange.js';

/** Where jobs wait and how nodes work together: in this process alone, or over Redis. */
export interface JobBackend {
  /** The queue of the jobs of one replica. */
  queueOf(replica: string): JobQueue;
  readonly sealers: Sealers;
  /** How other nodes see the jobs; without it there are none. */
  readonly mirror?: RecordMirror;
  readonly shards?: ShardExchange;
  close(): Promise<void>;
}

/** What does not leave this process needs no seal. */
const NO_SEAL: Sealers = () => ({ seal: (text) => text, open: (sealed) => sealed ?? undefined });

/** One node, without Redis. */
export function createMemoryBackend(options: { readonly retry?: RetryOptions } = {}): JobBackend {
  const queue = createMemoryQueue(options.retry);
  return { queueOf: () => queue, sealers: NO_SEAL, close: () => queue.close() };
}

/** Connections as `connectRedis` of src/fleet makes them. */
export interface JobConnections {
  /** Fails at once when Redis is away; for BullMQ's producers. */
  queue(): Redis;
  /** Fails at once when Redis is away; for records and cancellation. */
  control(): Redis;
  /** Waits for Redis; a new one each time. */
  worker(): Redis;
  subscriber(): Redis;
}

export interface RedisBackendOptions {
  readonly node: string;
  readonly chainId: string;
  /** Of the directory that this node sees. */
  readonly replica: string;
  readonly connections: JobConnections;
  /** First part of every key; the chain is the second one. */
  readonly prefix: string;
  readonly sealers: Sealers;
  readonly nodes: FleetNodes;
  /** Shards that a node works on at a time. */
  readonly threads: number;
  readonly retentionMs: number;
  /** The same on every node of the fleet. */
  readonly locks?: LockOptions;
  readonly retry?: RetryOptions;
  readonly log: Log;
}

/** A node of a fleet. The connections stay open when it is closed. */
export function createRedisBackend(options: RedisBackendOptions): JobBackend {
  const { node, chainId, replica, connections, sealers, nodes, threads, retentionMs, locks, retry, log } =
    options;
  const prefix = `${options.prefix}:${chainId}`;
  const queues = new Map<string, JobQueue>();
  const redis = connections.control();
  const subscriber = connections.subscriber();
  const mirror = new RedisMirror({ redis, subscriber, prefix, sealers, retentionMs, log });
  const shards = new RedisShards({
    ...{ node, replica, prefix, subscriber, sealers, nodes, threads, log },
    redis: connections.queue(),
    consumer: () => connections.worker(),
    ...(locks && { locks }),
  });
  return {
    sealers,
    mirror,
    shards,
    queueOf(name) {
      let queue = queues.get(name);
      if (!queue) {
        const producer = connections.queue();
        queue = createBullQueue({
          ...{ name: `jobs-${name}`, prefix, producer, consumer: () => connections.worker(), log },
          ...(locks && { locks }),
          ...(retry && { retry }),
        });
        queues.set(name, queue);
      }
      return queue;
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await shards.close();
      await mirror.close();
    },
  };
}
