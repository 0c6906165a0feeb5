export { type CacheGeneration, createGeneration } from './generation.js';
export { type ResultIdentity, resultKey } from './keys.js';
export {
  createMemoryCache,
  createMemoryEvidence,
  type MemoryCacheOptions,
  type MemoryEvidenceOptions,
} from './memory-cache.js';
export {
  createRedisCache,
  createRedisEvidence,
  type RedisCacheOptions,
  type RedisEvidenceOptions,
} from './redis-cache.js';
export type { CachedResult, CacheStats, ResultCache } from './result-cache.js';
export { StorageFingerprints } from './storage-fingerprint.js';
