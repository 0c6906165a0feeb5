import { STATUSES, type Status } from '../validation/index.js';
import type { ReplicaOutcome } from './job.js';

/** What is known of one replica at the end of a fleet job; `commonHash`: its block hash at the common height. */
export interface ReplicaVerdict {
  readonly outcome: ReplicaOutcome;
  readonly commonHash?: string | null;
}

export interface Agreement {
  /** True: one history. False: two. Null: some replica's bytes do not tell. */
  readonly agree: boolean | null;
  /** The worst; a replica that could not be checked counts as Incomplete, never as healthier. */
  readonly status: Status;
  readonly complete: boolean;
}

/**
 * What the replicas of one chain come to. Two different hashes at the same height are two histories, whatever else holds.
 * One history is only claimed where each replica was checked and its blocks do support the hash it names: a damaged one
 * names the same hash as an intact one and proves nothing by it.
 */
export function agreementOf(verdicts: readonly ReplicaVerdict[]): Agreement {
  const statuses = verdicts.map(({ outcome }) => outcome.status ?? 'Incomplete');
  const rank = Math.max(...statuses.map((status) => STATUSES.indexOf(status)), -1);
  const hashes = new Set(verdicts.flatMap(({ commonHash }) => commonHash ?? []));
  const sound = verdicts.every(
    ({ outcome, commonHash }) =>
      outcome.state === 'completed' &&
      (outcome.status === 'Healthy' || outcome.status === 'Warning') &&
      typeof commonHash === 'string',
  );
  return {
    agree: hashes.size > 1 ? false : sound && verdicts.length > 0 ? true : null,
    status: STATUSES[rank] ?? 'Incomplete',
    complete:
      verdicts.length > 0 &&
      verdicts.every(({ outcome }) => outcome.state === 'completed' && outcome.status !== 'Incomplete'),
  };
}
