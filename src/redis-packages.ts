import { createRequire } from 'node:module';

type BullMq = typeof import('bullmq');
type IoRedis = typeof import('ioredis');

const require = createRequire(import.meta.url);
let loadedBullMq: BullMq | undefined;
let loadedIoRedis: IoRedis | undefined;

/**
 * BullMQ and ioredis, loaded at first use: a node without Redis, which is the usual one, has no use for their 20 MB of
 * memory and 0.3 s of start.
 */
export function bullMq(): BullMq {
  loadedBullMq ??= require('bullmq') as BullMq;
  return loadedBullMq;
}

export function ioRedis(): IoRedis {
  loadedIoRedis ??= require('ioredis') as IoRedis;
  return loadedIoRedis;
}
