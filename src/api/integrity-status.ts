import { LEVELS, STATUSES, type Status } from '../validation/index.js';
import type { LastResult } from './snapshots.js';

const worse = (one: Status, other: Status): Status =>
  STATUSES.indexOf(one) >= STATUSES.indexOf(other) ? one : other;

/**
 * The results that still count: each level's last, unless a level that checks the same and more was begun after it and
 * has come to an end. A weaker level can't take back what a stronger one has found.
 */
function standing(results: readonly LastResult[]): readonly LastResult[] {
  return results.filter(
    (result) =>
      !results.some(
        (other) =>
          LEVELS.indexOf(other.level) > LEVELS.indexOf(result.level) &&
          other.complete &&
          Date.parse(other.startedAt) >= Date.parse(result.finishedAt),
      ),
  );
}

/** What is known of the chain in one word; before the first validation nothing is. */
export function overallStatus(results: readonly LastResult[]): Status | 'Unknown' {
  const counted = standing(results);
  if (counted.length === 0) return 'Unknown';
  return counted.map(({ status }) => status).reduce(worse);
}
