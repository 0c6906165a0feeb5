import type { FindingFact } from './finding.js';
import type { Range } from './plan.js';
import type { StopReason } from './shard.js';

/** The facts that stand for what could not be checked. */

/** What an error says about the data: damage is a verdict, anything else is none. */
export function failureFact(range: Range | null, error: { code: string; message: string }): FindingFact {
  const details = { ...(range && { from: range.from, to: range.to }), reason: error.message };
  const block = range?.from ?? null;
  if (error.code === 'STORE_CORRUPT') return { code: 'STORE_UNREADABLE', block, details };
  if (error.code === 'STORE_UNAVAILABLE') return { code: 'STORE_UNAVAILABLE', block, details };
  return { code: 'SHARD_FAILED', block, details: { ...details, error: error.code } };
}

export function shardFailed({ from, to }: Range, reason: string): FindingFact {
  return { code: 'SHARD_FAILED', block: from, details: { from, to, reason } };
}

/** @param coveredBlocks blocks of the scope that every check has seen */
export function stoppedFact(stop: StopReason, coveredBlocks: number, scope: Range): FindingFact {
  const code = stop === 'cancelled' ? 'CANCELLED' : 'TIME_LIMIT';
  return { code, block: null, details: { coveredBlocks, plannedBlocks: scope.to - scope.from } };
}
