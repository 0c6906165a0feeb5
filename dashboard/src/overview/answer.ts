import type { DashboardAnswer, IntegrityStatus, KnownStatus } from '../api/answers.js';
import { isFresh, type Polled } from '../live/polled.js';
import { formatAge, formatCount } from '../show/format.js';

interface ShownAnswer {
  readonly status: KnownStatus;
  readonly text: string;
  /** What the node said when it last answered, where that is not what it says now. */
  readonly lastKnown?: string;
}

/** How often the node is asked for the answer, in milliseconds. */
export const ANSWER_EVERY_MS = 10_000;

const WORDS: Readonly<Record<KnownStatus, string>> = {
  Healthy: 'The chain is intact',
  Warning: 'The chain is intact, but something beside it needs a look',
  Incomplete: 'Not everything could be checked',
  Critical: 'The chain was altered',
  Corrupted: 'The store is damaged',
  Unknown: 'Nobody has checked this chain yet',
};

/**
 * Whether the chain is intact and how fresh that answer is: the node's own sentence, or one made from the last result of
 * each level. When the node says neither now, it is Unknown, with the age of what was last known, which grows.
 * Undefined while nothing was ever known.
 *
 * @param nowMs by the clock of this browser, as `answeredMs` of what was polled
 */
export function answerFrom(
  dashboard: Polled<DashboardAnswer>,
  status: Polled<IntegrityStatus>,
  nowMs: number,
): ShownAnswer | undefined {
  if (dashboard.data !== undefined && isFresh(dashboard, ANSWER_EVERY_MS, nowMs)) {
    const { answer } = dashboard.data;
    return { status: answer.status, text: answer.text };
  }
  if (status.data !== undefined && isFresh(status, ANSWER_EVERY_MS, nowMs)) {
    return fromLevels(status.data, secondsSince(status, nowMs));
  }
  const byStatus = (status.answeredMs ?? 0) > (dashboard.answeredMs ?? 0);
  const lastStatus = byStatus ? status.data?.status : dashboard.data?.answer.status;
  if (lastStatus === undefined) return undefined;
  const toldAge = secondsSince(byStatus ? status : dashboard, nowMs);
  const evidenceAge = byStatus
    ? bestLevel(status.data!)?.ageSeconds
    : dashboard.data?.answer.evidenceAgeSeconds;
  const error = status.error ?? dashboard.error;
  const why =
    error === undefined
      ? 'The node has not answered of late'
      : error.status === 0
        ? 'The node does not answer'
        : 'The node can’t tell how the chain is now';
  return {
    status: 'Unknown',
    text: `${why}; what was last known is ${ageWords(toldAge + (evidenceAge ?? 0))} old`,
    lastKnown: `The node last answered ${ageWords(toldAge)} ago: ${lastStatus}. ${WORDS[lastStatus]}.`,
  };
}

const secondsSince = ({ answeredMs }: Polled<unknown>, nowMs: number): number =>
  Math.max(0, (nowMs - (answeredMs ?? nowMs)) / 1000);

const ageWords = (seconds: number): string => (seconds < 5 ? 'a few seconds' : formatAge(seconds));

const bestLevel = ({ status, levels }: IntegrityStatus) =>
  levels.filter(({ validated, status: one }) => validated && one === status).at(-1);

/** @param sinceSeconds since the node said so */
function fromLevels(answer: IntegrityStatus, sinceSeconds: number): ShownAnswer {
  const { status } = answer;
  const best = bestLevel(answer);
  const since = best?.blocksSince ?? 0;
  if (since < 0) {
    const fewer = `${formatCount(-since)} ${since === -1 ? 'block' : 'blocks'} fewer`;
    return { status: 'Incomplete', text: `The chain has ${fewer} than when it was checked.` };
  }
  const later =
    since > 0 ? ` ${formatCount(since)} ${since === 1 ? 'block was' : 'blocks were'} appended since.` : '';
  const age = best === undefined || best.ageSeconds === null ? null : best.ageSeconds + sinceSeconds;
  const when =
    best === undefined || age === null ? '' : `: ${best.level}, ${formatAge(age)}${age < 5 ? '' : ' ago'}`;
  return { status, text: `${WORDS[status]}${when}.${later}` };
}
