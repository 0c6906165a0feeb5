import { EXIT } from '../errors.js';
import type { Status } from './finding.js';

const EXIT_OF: Readonly<Record<Status, number>> = {
  Healthy: EXIT.healthy,
  Warning: EXIT.warning,
  Incomplete: EXIT.incomplete,
  Critical: EXIT.tampered,
  Corrupted: EXIT.tampered,
};

/** The exit code that stands for a status on the command line. */
export function exitCodeOf(status: Status): number {
  return EXIT_OF[status];
}
