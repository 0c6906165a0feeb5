import { availableParallelism } from 'node:os';
import type { JobOptions } from './messages.js';

const MOST_THREADS = 8;

/** Worker threads for a validation: what was asked for, or as many as pay for themselves; 0: the calling thread. */
export async function threadsFor(_dir: string, { workers }: JobOptions): Promise<number> {
  return workers ?? Math.min(availableParallelism(), MOST_THREADS);
}
