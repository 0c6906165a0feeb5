import { amount, filePath, label, redisUrl, secretText, section, setting, whole } from './setting.js';

export const redis = section('With a URL the node is part of a fleet; without, it stands alone.', {
  url: setting(redisUrl().optional(), {
    meaning: 'Redis of the queue; its maxmemory-policy must be noeviction',
    otherwise: 'REDIS_URL; without it the node is embedded',
    secret: 'url',
  }),
  cache_url: setting(redisUrl().optional(), {
    meaning: 'Redis of the cache, which may evict',
    otherwise: 'redis.url',
    secret: 'url',
  }),
  prefix: setting(label().default('provchain'), { meaning: 'begin of every key in Redis' }),
  shared_secret: setting(secretText().optional(), {
    meaning:
      'authenticates what nodes read from Redis, the same on every node; only a loopback Redis may go without',
    otherwise: 'REDIS_SHARED_SECRET',
    secret: 'value',
  }),
});

export const state = section(
  "The node's own database: job records, revoked tokens, settings changed at run time.",
  {
    directory: setting(filePath().default('provchain-state'), {
      meaning: 'where it is; each node has its own, outside of the chain directory',
    }),
  },
);

export const jobs = section('The queue of validations.', {
  max_queue_depth: setting(whole(1, 1_000_000).default(1000), {
    meaning: 'jobs that may wait; above it a request is answered 503 and nothing is accepted',
    unit: 'jobs',
  }),
  max_queue_depth_per_client: setting(whole(1, 1_000_000).optional(), {
    meaning: 'jobs of one client that may wait; above it 429',
    unit: 'jobs',
    otherwise: 'jobs.max_queue_depth',
  }),
  lock_seconds: setting(whole(1, 3600).default(30), {
    meaning: 'a worker that is silent for longer has lost its job to another; the same on every node',
    unit: 's',
  }),
  worker_threads: setting(whole(1, 128).optional(), {
    meaning: 'threads that validate',
    otherwise: 'one for each core',
  }),
  retention_hours: setting(amount(0.01, 87_600).default(168), {
    meaning: 'how long ended jobs and their reports are kept',
    unit: 'h',
  }),
  max_records: setting(whole(1, 10_000_000).default(10_000), {
    meaning: 'ended jobs that are kept; the oldest go first',
    unit: 'jobs',
  }),
});

export const cache = section('Results of validations, in Redis or in memory.', {
  max_cache_size_mb: setting(amount(1, 65_536).default(64), {
    meaning: 'memory for cached results',
    unit: 'MB',
  }),
  max_cache_entries: setting(whole(1, 1_000_000).default(1000), {
    meaning: "cached results; the guide's max_cache_size",
    unit: 'results',
  }),
});
