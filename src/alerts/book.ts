import { createHash } from 'node:crypto';
import {
  type Alert,
  type AlertEvent,
  type AlertsDocument,
  type ChannelName,
  type Cleared,
  CRITICAL,
  type Delivery,
  type Evidence,
  fingerprintOf,
  type Proof,
  type Raised,
} from './alert.js';
import { addEvidence, looksAsHard } from './evidence.js';
import { oneLine } from './plain-text.js';
import { silencedUntil } from './silences.js';

export interface BookSettings {
  /** Channels that are told. */
  readonly channels: readonly ChannelName[];
  readonly cooldownMs: number;
  /** What is not critical waits so long for company. */
  readonly groupWaitMs: number;
  /** 0: never. */
  readonly escalateAfterMs: number;
  /** 0: never. */
  readonly repeatMs: number;
}

/** What a result takes back. */
interface Withdrawal {
  readonly isTakenBack: (evidence: Evidence) => boolean;
  readonly proof: Proof;
  readonly resolution: string;
}

/** What changed in a turn of the book, for metrics and the log. */
export interface BookChange {
  readonly alert: Alert;
  readonly event: 'opened' | 'reopened' | 'worse' | 'resolved' | 'escalated' | 'reminder';
}

export const MOST_ALERTS = 500;
/** Of them, resolved ones. */
const MOST_RESOLVED = 200;
const LONGEST_TITLE = 160;
const LONGEST_TEXT = 800;
/** Messages of one alert that are kept after they went out. */
const MOST_CONCLUDED = 12;
/** Of one alert. */
const MOST_PROOFS = 8;
/** How often a condition that lasts is noted again. */
const REFRESH_MS = 300_000;

/**
 * The alerts of a chain: one per fingerprint (rule and what it speaks of). It works on the document that it is given,
 * which the caller has copied, and knows no clock: every time is the caller's `now`, in milliseconds since 1970.
 *
 * States of an alert:
 *
 *   (none) → open              a rule raises it; its opening is announced at once, or when a silence ends
 *   open → acknowledged        somebody deals with it: no reminders, no escalation
 *   acknowledged → open        it got worse
 *   open, acknowledged → resolved   a rule says that it is well; an accusation of the data only by a result that looked
 *                              as hard (evidence.ts)
 *   resolved → open            raised again within the cool-down: the same alert. It is announced at once if it is worse
 *                              than it was; else when the cool-down ends, if it lasts: who was told "resolved" must not
 *                              be left with that
 *
 * A resolved alert that is raised again later stays as it is, and a new one is opened.
 */
export class AlertBook {
  readonly #document: AlertsDocument;
  readonly #settings: BookSettings;
  readonly changes: BookChange[] = [];
  /** Whether the document is another one than it was. */
  changed = false;

  constructor(document: AlertsDocument, settings: BookSettings) {
    this.#document = document;
    this.#settings = settings;
  }

  /** The alert of this fingerprint that is not resolved. */
  active(fingerprint: string): Alert | undefined {
    return this.#document.alerts.find(
      (alert) => alert.fingerprint === fingerprint && alert.state !== 'resolved',
    );
  }

  raise(raised: Raised, now: number): void {
    const fingerprint = fingerprintOf(raised.rule, raised.subject);
    if (raised.evidence && this.#isDisproved(fingerprint, raised.evidence)) return;
    const active = this.active(fingerprint);
    if (active) {
      this.#seeAgain(active, raised, now);
      return;
    }
    const before = this.#document.alerts.findLast((alert) => alert.fingerprint === fingerprint);
    if (before?.resolvedAt !== undefined && now - before.resolvedAt < this.#settings.cooldownMs) {
      this.#reopen(before, before.resolvedAt, raised, now);
    } else {
      this.#open(fingerprint, raised, now);
    }
  }

  /** A condition is well again. What rests on evidence is not resolved by this. */
  clear({ rule, subject, resolution }: Cleared, now: number): void {
    const alert = this.active(fingerprintOf(rule, subject));
    if (alert && alert.evidence === undefined) this.resolve(alert, resolution, now);
  }

  /** Takes back the accusations of which `isTakenBack` says so; the alert is over when none is left. */
  withdraw(alert: Alert, { isTakenBack, proof, resolution }: Withdrawal, now: number): void {
    const { evidence = [] } = alert;
    const left = evidence.filter((one) => !isTakenBack(one));
    if (left.length === evidence.length) return;
    alert.takenBackBy = [...(alert.takenBackBy ?? []), proof].slice(-MOST_PROOFS);
    this.changed = true;
    if (left.length === 0) this.resolve(alert, resolution, now);
    else alert.evidence = left;
  }

  resolve(alert: Alert, resolution: string, now: number): void {
    alert.state = 'resolved';
    alert.resolvedAt = now;
    alert.resolution = resolution;
    // Nobody needs to be reminded any more of what is over.
    alert.deliveries = alert.deliveries.filter(
      ({ state, event, claimedBy }) =>
        state !== 'pending' || claimedBy !== undefined || event === 'opened' || event === 'resolved',
    );
    if (alert.announced) this.#queue(alert, 'resolved', now);
    alert.announced = false;
    alert.worseUntold = undefined;
    this.#note(alert, 'resolved');
  }

  acknowledge(alert: Alert, by: string, comment: string | undefined, now: number): void {
    if (alert.state === 'resolved') return;
    Object.assign(alert, { state: 'acknowledged', acknowledgedBy: by, acknowledgedAt: now, comment });
    alert.worseUntold = undefined;
    this.changed = true;
  }

  /** What becomes due with time alone: announcements, escalation, reminders, and the end of silences. */
  tick(now: number): void {
    const { escalateAfterMs, repeatMs } = this.#settings;
    for (const alert of this.#document.alerts) {
      if (alert.state === 'resolved' || this.#isSilenced(alert, now)) continue;
      this.#announce(alert, now);
      this.#tellWorse(alert, now);
      if (alert.state !== 'open' || !alert.announced) continue;
      const late = escalateAfterMs > 0 && now - alert.announceAt >= escalateAfterMs;
      if (late && alert.severity === CRITICAL && alert.escalatedAt === undefined) {
        alert.escalatedAt = now;
        this.#queue(alert, 'escalated', now);
        this.#note(alert, 'escalated');
      } else if (repeatMs > 0 && now - (alert.notifiedAt ?? now) >= repeatMs) {
        this.#remind(alert, now);
      }
    }
    const { silences } = this.#document;
    this.#document.silences = silences.filter(({ until }) => until > now);
    this.changed ||= this.#document.silences.length !== silences.length;
    this.#bound();
  }

  #open(fingerprint: string, raised: Raised, now: number): void {
    const { rule, severity, rank, evidence } = raised;
    const id = createHash('sha256').update(`${fingerprint}\n${now}`).digest('hex').slice(0, 20);
    const alert: Alert = {
      ...{ id, fingerprint, rule, severity, rank, state: 'open', ...textsOf(raised) },
      ...{ since: now, openedAt: now, lastSeenAt: now, count: 1 },
      ...(evidence && { evidence: [evidence] }),
      ...{ announced: false, announceAt: now, deliveries: [] },
    };
    this.#document.alerts.push(alert);
    this.#note(alert, 'opened');
    this.#announce(alert, now);
    this.#bound();
  }

  #reopen(alert: Alert, resolvedAt: number, raised: Raised, now: number): void {
    const worse = raised.rank > alert.rank;
    Object.assign(alert, textsOf(raised), {
      rank: raised.rank,
      severity: raised.severity,
      evidence: raised.evidence && [raised.evidence],
    });
    Object.assign(alert, { state: 'open', openedAt: now, lastSeenAt: now, count: alert.count + 1 });
    for (const field of [
      'resolvedAt',
      'resolution',
      'acknowledgedBy',
      'acknowledgedAt',
      'comment',
    ] as const) {
      alert[field] = undefined;
    }
    alert.escalatedAt = undefined;
    alert.announced = false;
    alert.announceAt = worse ? now : resolvedAt + this.#settings.cooldownMs;
    this.#note(alert, 'reopened');
    this.#announce(alert, now);
  }

  #seeAgain(alert: Alert, raised: Raised, now: number): void {
    const { rank, severity, evidence } = raised;
    if (raised.jobId !== undefined && raised.jobId === alert.jobId) return;
    const worse = rank > alert.rank;
    const isCondition = evidence === undefined;
    if (isCondition && rank === alert.rank && now - alert.lastSeenAt < REFRESH_MS) return;
    // What accuses the data stays as bad as the worst that was seen of it, until it is resolved.
    if (worse || isCondition) Object.assign(alert, { rank, severity });
    if (rank >= alert.rank) Object.assign(alert, textsOf(raised));
    if (evidence) alert.evidence = addEvidence(alert.evidence ?? [], evidence);
    alert.lastSeenAt = now;
    alert.count++;
    this.changed = true;
    if (!worse) return;
    alert.state = 'open';
    alert.escalatedAt = undefined;
    alert.announceAt = now;
    alert.worseUntold = alert.announced;
    this.#tellWorse(alert, now);
    this.#note(alert, 'worse');
    this.#announce(alert, now);
  }

  /** Told late, of a time before it was seen to be well. */
  #isDisproved(fingerprint: string, evidence: Evidence): boolean {
    const alerts = this.#document.alerts.filter((alert) => alert.fingerprint === fingerprint);
    const proofs = alerts.flatMap(({ takenBackBy = [] }) => takenBackBy);
    return proofs.some((proof) => looksAsHard(proof, proof.startedAt, evidence));
  }

  #announce(alert: Alert, now: number): void {
    if (alert.announced || alert.announceAt > now || this.#isSilenced(alert, now)) return;
    alert.announced = true;
    alert.announceAt = now;
    this.#queue(alert, 'opened', now, alert.severity === CRITICAL ? 0 : this.#settings.groupWaitMs);
  }

  #tellWorse(alert: Alert, now: number): void {
    if (!alert.worseUntold || this.#isSilenced(alert, now)) return;
    alert.worseUntold = undefined;
    this.#queue(alert, 'escalated', now);
  }

  /** Over the channels that have told what they were to tell: one that is down keeps no other from it. */
  #remind(alert: Alert, now: number): void {
    const { channels } = this.#settings;
    const free = channels.filter((channel) => !owesMessages(alert, channel));
    if (channels.length > 0 && free.length === 0) return;
    this.#queue(alert, 'reminder', now, 0, free);
    this.#note(alert, 'reminder');
  }

  /** A channel is not told over itself that it is down. */
  #queue(alert: Alert, event: AlertEvent, now: number, waitMs = 0, over = this.#settings.channels): void {
    const channels = over.filter(
      (channel) =>
        alert.fingerprint !== fingerprintOf('channel-down', channel) &&
        // One that has not gone out yet will tell of the alert as it is by then.
        !(event === 'escalated' && owesMessages(alert, channel, event)),
    );
    for (const channel of channels) {
      const number = alert.deliveries.filter((one) => one.channel === channel && one.event === event).length;
      const id = `${alert.id}.${channel}.${event}.${number}.${now}`;
      const delivery: Delivery = {
        ...{ id, channel, event, state: 'pending' },
        ...{ queuedAt: now, notBefore: now + waitMs, attempts: 0 },
      };
      alert.deliveries.push(delivery);
    }
    alert.notifiedAt = now;
    const concluded = alert.deliveries.filter(({ state }) => state !== 'pending');
    const dropped = new Set(concluded.slice(0, Math.max(0, concluded.length - MOST_CONCLUDED)));
    alert.deliveries = alert.deliveries.filter((delivery) => !dropped.has(delivery));
    this.changed = true;
  }

  #isSilenced(alert: Alert, now: number): boolean {
    return silencedUntil(alert, this.#document.silences, now) !== undefined;
  }

  #note(alert: Alert, event: BookChange['event']): void {
    this.changes.push({ alert, event });
    this.changed = true;
  }

  /** Resolved ones go first, the oldest of them first, and those that owe no message before those that do. */
  #bound(): void {
    const { alerts } = this.#document;
    const worth = (alert: Alert) =>
      (alert.state === 'resolved' ? 0 : 8) + (owesMessages(alert) ? 4 : 0) + Math.min(alert.rank, 3);
    let resolved = alerts.filter(({ state }) => state === 'resolved').length;
    while (alerts.length > MOST_ALERTS || resolved > MOST_RESOLVED) {
      const least = alerts.reduce((a, b) => (worth(b) < worth(a) ? b : a));
      alerts.splice(alerts.indexOf(least), 1);
      if (least.state === 'resolved') resolved--;
      this.changed = true;
    }
  }
}

const owesMessages = ({ deliveries }: Alert, over?: ChannelName, of?: AlertEvent): boolean =>
  deliveries.some(
    ({ state, channel, event }) =>
      state === 'pending' && (over ?? channel) === channel && (of ?? event) === event,
  );

/** What a rule says, bounded: what is in it may come from other machines. */
function textsOf({ title, what, action, place, jobId }: Raised) {
  return {
    title: oneLine(title, LONGEST_TITLE),
    what: oneLine(what, LONGEST_TEXT),
    action: oneLine(action, LONGEST_TEXT),
    where: place,
    jobId,
  };
}
