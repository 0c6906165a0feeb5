import { STATUSES, type Status } from '../validation/index.js';
import { overallStatus } from './integrity-status.js';
import type { IntegrityAnswer } from './monitor-schemas.js';
import type { LastResult } from './snapshots.js';

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

const SAYS: Readonly<Record<Status, string>> = {
  Healthy: 'The chain is intact',
  Warning: 'The chain is intact, with warnings',
  Incomplete: 'It is not known whether the chain is intact',
  Critical: 'The chain is not intact',
  Corrupted: 'The chain cannot be read where it should be',
};

/**
 * "Is my chain intact, and how fresh is that answer?" in one sentence, from the results that count (see
 * {@link overallStatus}). Of those that say the same, the one with the freshest evidence speaks.
 *
 * @param height of the chain now, if it can be read
 * @param since since when results have said so
 */
export function integrityAnswer(
  results: readonly LastResult[],
  height: number | undefined,
  nowMs: number,
  since: (status: Status) => string | null,
): IntegrityAnswer {
  const status = overallStatus(results);
  const speaker = results
    .filter((result) => result.status === status)
    .reduce<LastResult | undefined>((best, one) => (best && best.asOf >= one.asOf ? best : one), undefined);
  if (status === 'Unknown' || speaker === undefined) {
    const text = 'Nobody has validated the chain yet, so nothing is known of it.';
    return { status: 'Unknown', text, level: null, evidenceAgeSeconds: null, since: null };
  }
  const evidenceAgeSeconds = Math.max(0, Math.round((nowMs - Date.parse(speaker.asOf)) / 1000));
  const fewer = fewerBlocks(speaker, height);
  if (fewer > 0 && STATUSES.indexOf(status) < STATUSES.indexOf('Incomplete')) {
    const text = `${SAYS.Incomplete}: it has ${grouped(fewer)} ${fewer === 1 ? 'block' : 'blocks'} fewer than when it was checked ${ageOf(evidenceAgeSeconds)}; the next validation tells.`;
    return { status: 'Incomplete', text, level: speaker.level, evidenceAgeSeconds, since: null };
  }
  const text = `${SAYS[status]}: ${evidenceOf(speaker, status, evidenceAgeSeconds)}${laterBlocks(speaker, height)}.`;
  return { status, text, level: speaker.level, evidenceAgeSeconds, since: since(status) };
}

function evidenceOf({ level, height }: LastResult, status: Status, ageSeconds: number): string {
  const blocks =
    height === null ? 'the chain' : `${height === 1 ? 'its one block' : `all ${grouped(height)} blocks`}`;
  const when = ageOf(ageSeconds);
  if (status === 'Incomplete') return `a validation at level ${level}, ${when}, could not check everything`;
  if (STATUSES.indexOf(status) > STATUSES.indexOf('Incomplete')) {
    return `a validation at level ${level} found damage ${when}`;
  }
  return `${blocks} were checked at level ${level} ${when}`.replace('one block were', 'one block was');
}

/** A chain only grows, so what was said of a longer one does not hold of a shorter one. No finding: only checks make those. */
const fewerBlocks = ({ height: then }: LastResult, now: number | undefined): number =>
  then === null || now === undefined ? 0 : Math.max(0, then - now);

/** A result says nothing about what came after it. */
function laterBlocks({ height: then }: LastResult, now: number | undefined): string {
  if (then === null || now === undefined || now <= then) return '';
  const blocks = now - then;
  return `; ${grouped(blocks)} ${blocks === 1 ? 'block' : 'blocks'} came later and ${blocks === 1 ? 'was' : 'were'} not checked yet`;
}

const grouped = (count: number) => count.toLocaleString('en-US');

/** "3 minutes ago". */
function ageOf(seconds: number): string {
  const units = [
    [DAY_S, 'day'],
    [HOUR_S, 'hour'],
    [MINUTE_S, 'minute'],
    [1, 'second'],
  ] as const;
  const [length, name] = units.find(([unit]) => seconds >= unit) ?? [1, 'second'];
  const count = Math.floor(seconds / length);
  return count === 0 ? 'just now' : `${count} ${name}${count === 1 ? '' : 's'} ago`;
}
