import type { DashboardAnswer, IntegrityStatus, KnownStatus } from '../api/answers.js';
import { formatAge, formatCount } from '../show/format.js';

interface ShownAnswer {
  readonly status: KnownStatus;
  readonly text: string;
}

const WORDS: Readonly<Record<KnownStatus, string>> = {
  Healthy: 'The chain is intact',
  Warning: 'The chain is intact, but something beside it needs a look',
  Incomplete: 'Not everything could be checked',
  Critical: 'The chain was altered',
  Corrupted: 'The store is damaged',
  Unknown: 'Nobody has checked this chain yet',
};

/**
 * Whether the chain is intact and how fresh that answer is. The node's own sentence, or one made from the last result of
 * each level; undefined while neither is known.
 */
export function answerFrom(
  dashboard: DashboardAnswer | undefined,
  status: IntegrityStatus | undefined,
): ShownAnswer | undefined {
  if (dashboard !== undefined) {
    const { answer } = dashboard;
    return { status: answer.status, text: answer.text };
  }
  if (status === undefined) return undefined;
  const known = status.levels.filter(({ validated, status: one }) => validated && one === status.status);
  const best = known.at(-1);
  const since = best?.blocksSince ?? 0;
  const later =
    since > 0 ? ` ${formatCount(since)} ${since === 1 ? 'block was' : 'blocks were'} appended since.` : '';
  const age = best?.ageSeconds ?? null;
  const when =
    best === undefined || age === null ? '' : `: ${best.level}, ${formatAge(age)}${age < 5 ? '' : ' ago'}`;
  return { status: status.status, text: `${WORDS[status.status]}${when}.${later}` };
}
