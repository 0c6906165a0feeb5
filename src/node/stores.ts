import {
  createGeneration,
  createMemoryCache,
  createMemoryEvidence,
  createRedisCache,
  createRedisEvidence,
  type ResultCache,
} from '../cache/index.js';
import { createSealer } from '../fleet/index.js';
import type { EvidenceStore } from '../validation/index.js';
import type { Base } from './base.js';

const MEGABYTE = 1 << 20;
/** Shards of a thousand blocks each: a chain of a hundred million. */
const MAX_EVIDENCE = 100_000;
/** What was shown of bytes stays true of them; that it is not believed for ever bounds what a defect could do. */
const EVIDENCE_TTL_MS = 24 * 3_600_000;

/** The caches of a node: in memory, or in the fleet's Redis. */
export function openStores({ settings, documents, fleet, now, log }: Base): {
  readonly cache: ResultCache;
  readonly evidence: EvidenceStore;
} {
  const generation = createGeneration(documents);
  const { max_cache_entries, max_cache_size_mb } = settings.cache;
  const bounds = { maxEntries: max_cache_entries, maxBytes: Math.round(max_cache_size_mb * MEGABYTE) };
  const evidenceBounds = { maxEntries: MAX_EVIDENCE, ttlMs: EVIDENCE_TTL_MS };
  if (!fleet) {
    return {
      cache: createMemoryCache({ ...bounds, generation }),
      evidence: createMemoryEvidence({ ...evidenceBounds, generation }),
    };
  }
  const { prefix, secret } = fleet;
  const backend = { redis: fleet.redis.cache(), prefix, generation, log };
  return {
    cache: createRedisCache({ ...backend, ...bounds, sealer: createSealer(secret, 'cached-result'), now }),
    evidence: createRedisEvidence({
      ...backend,
      ...evidenceBounds,
      sealer: createSealer(secret, 'evidence'),
    }),
  };
}
