import type { BenchOptions } from '../group.js';

/** Without Redis on one machine, or as a node of a fleet with one. */
export type Mode = 'embedded' | 'fleet';

export interface LoadOptions extends BenchOptions {
  /** For the queue and the cache of a fleet, and for the peer that adds to a queue; undefined: there is none here. */
  readonly redisUrl: string | undefined;
}
