import { availableParallelism } from 'node:os';
import type { PoolLimits } from '../pool/index.js';
import type { RuntimeSettings, Settings } from '../settings/index.js';

/** What the validator process may take, by the settings in force. */
export function validatorLimits(
  { max_memory_mb, max_cpu_percent }: RuntimeSettings,
  { jobs }: Settings,
): PoolLimits {
  return {
    workers: jobs.worker_threads ?? availableParallelism(),
    maxMemoryMb: max_memory_mb,
    maxCpuPercent: max_cpu_percent,
  };
}
