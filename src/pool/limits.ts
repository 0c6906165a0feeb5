/** What the validator may use of its machine. */
export interface PoolLimits {
  /** Worker threads: shards at a time, of all jobs together. As many of them as the memory allows are started. */
  readonly workers: number;
  /** Resident memory of the validator process, in MB; over it the process is started anew. */
  readonly maxMemoryMb?: number;
  /** Of each worker thread's time, in percent: the rest it sleeps. Default 100. */
  readonly maxCpuPercent?: number;
}

/** What Node, RocksDB and the checks take before the first block, all threads but their heaps together. */
const BASE_MB = 160;
/** What a thread holds beside its heap while it works: batches of blocks, the engines that the sample is held against. */
const BUFFERS_MB = 48;
const LEAST_HEAP_MB = 64;
/** A block is checked in some ten times its size; Buffers are not counted in it. */
const DEFAULT_HEAP_MB = 1024;

/** Worker threads to start: as many as are wanted, if there is memory for each to check something. At least one. */
export function threadsWithin({ workers, maxMemoryMb }: PoolLimits): number {
  if (maxMemoryMb === undefined) return workers;
  const affordable = Math.floor((maxMemoryMb - BASE_MB) / (BUFFERS_MB + LEAST_HEAP_MB));
  return Math.max(1, Math.min(workers, affordable));
}

/** Limit of one thread's JavaScript heap, in MB: a shard over it fails alone, long before the process is ended. */
export function heapPerThreadMb(limits: PoolLimits): number {
  if (limits.maxMemoryMb === undefined) return DEFAULT_HEAP_MB;
  const share = Math.floor((limits.maxMemoryMb - BASE_MB) / threadsWithin(limits)) - BUFFERS_MB;
  return Math.max(LEAST_HEAP_MB, Math.min(DEFAULT_HEAP_MB, share));
}
