import { createHash } from 'node:crypto';
import type { Alert, AlertEvent, AlertsDocument, ChannelName, Delivery } from './alert.js';
import { oneLine } from './plain-text.js';
import { silencedUntil } from './silences.js';

/** What is to go out as one message. */
export interface Batch {
  readonly id: string;
  readonly channel: ChannelName;
  readonly event: AlertEvent;
  readonly alerts: readonly Alert[];
}

/** `warning`: what went wrong though the message counts as sent. */
export type Outcome =
  | { readonly ok: true; readonly warning?: string }
  | { readonly ok: false; readonly error: string };

/** Alerts that one message may tell of. */
const BATCH = 20;
const FIRST_REST_MS = 2_000;
const LONGEST_REST_MS = 300_000;
/** A message that nobody could be given for so long is given up. */
export const GIVE_UP_MS = 86_400_000;
const LONGEST_ERROR = 300;

interface Waiting {
  readonly alert: Alert;
  readonly delivery: Delivery;
}

/**
 * The first delivery of each alert that the channel is owed: those of one alert go out in the order in which they were
 * queued, so that a recovery never comes before what it recovers from. Silenced ones wait.
 */
function firstOfEach(document: AlertsDocument, channel: ChannelName, now: number): Waiting[] {
  return document.alerts.flatMap((alert) => {
    const delivery = alert.deliveries.find((one) => one.channel === channel && one.state === 'pending');
    if (delivery === undefined || silencedUntil(alert, document.silences, now) !== undefined) return [];
    return [{ alert, delivery }];
  });
}

/**
 * Until when somebody else may be sending it. A node sends one message of a channel at a time, so what it finds claimed by
 * itself is what an earlier process of it has left.
 */
function leasedUntil({ claimedBy, claimedUntil }: Delivery, sender: string): number {
  return claimedBy === undefined || claimedBy === sender ? 0 : (claimedUntil ?? 0);
}

/** When the channel has something to send next, in milliseconds since 1970; undefined: nothing is owed. */
export function nextDue(
  document: AlertsDocument,
  channel: ChannelName,
  sender: string,
  now: number,
): number | undefined {
  const times = firstOfEach(document, channel, now).map(({ delivery }) =>
    Math.max(delivery.notBefore, leasedUntil(delivery, sender)),
  );
  return times.length === 0 ? undefined : Math.min(...times);
}

/**
 * Takes what is due on the channel: the longest waiting, and with it what tells the same of other alerts and has not been
 * tried either, though its time to wait for company is not over. What was tried before goes out as the same batch again,
 * so that a receiver can tell that it has it already. The worst alerts come first. Changes the document.
 *
 * @param most alerts that the channel can name in one message
 */
export function claim(
  document: AlertsDocument,
  channel: ChannelName,
  sender: string,
  now: number,
  leaseMs: number,
  most = BATCH,
): Batch | undefined {
  const free = firstOfEach(document, channel, now).filter(
    ({ delivery }) => leasedUntil(delivery, sender) <= now,
  );
  const due = free.filter(({ delivery }) => delivery.notBefore <= now);
  const first = due.sort((a, b) => a.delivery.queuedAt - b.delivery.queuedAt)[0];
  if (first === undefined) return undefined;
  const { batch, event } = first.delivery;
  const members =
    batch === undefined
      ? free
          .filter(({ delivery }) => delivery.batch === undefined && delivery.event === event)
          .sort((a, b) => Number(b === first) - Number(a === first) || worstFirst(a, b))
          .slice(0, most)
      : free.filter(({ delivery }) => delivery.batch === batch);
  members.sort(worstFirst);
  const id = batch ?? batchId(members);
  for (const { delivery } of members) {
    delivery.batch = id;
    delivery.claimedBy = sender;
    delivery.claimedUntil = now + leaseMs;
    delivery.firstAttemptAt ??= now;
    delivery.attempts++;
  }
  return { id, channel, event, alerts: members.map(({ alert }) => alert) };
}

/** Of equals the longest waiting. */
const worstFirst = (a: Waiting, b: Waiting): number =>
  b.alert.rank - a.alert.rank || a.delivery.queuedAt - b.delivery.queuedAt;

function batchId(members: readonly Waiting[]): string {
  const hash = createHash('sha256');
  for (const id of members.map(({ delivery }) => delivery.id).sort()) hash.update(`${id}\n`);
  return hash.digest('hex').slice(0, 32);
}

/**
 * Notes what came of a batch. Changes the document. A batch that somebody else has taken over or concluded meanwhile
 * stays as it is, except that one that did go out is sent.
 *
 * @param chance from 0 to 1: spreads the attempts of several nodes and messages
 * @returns whether it was given up
 */
export function conclude(
  document: AlertsDocument,
  { id, channel }: Pick<Batch, 'id' | 'channel'>,
  sender: string,
  outcome: Outcome,
  now: number,
  chance: number,
): { readonly givenUp: boolean } {
  let givenUp = false;
  for (const delivery of document.alerts.flatMap(({ deliveries }) => deliveries)) {
    if (delivery.batch !== id || delivery.channel !== channel || delivery.state !== 'pending') continue;
    // That it was not sent by one who has lost the lease says nothing about who has it now.
    if (!outcome.ok && delivery.claimedBy !== sender) continue;
    delivery.claimedBy = undefined;
    delivery.claimedUntil = undefined;
    if (outcome.ok) {
      delivery.state = 'sent';
      delivery.sentAt = now;
      delivery.lastError = undefined;
      continue;
    }
    delivery.lastError = oneLine(outcome.error, LONGEST_ERROR);
    delivery.notBefore = now + restMs(delivery.attempts, chance);
    if (now - (delivery.firstAttemptAt ?? now) >= GIVE_UP_MS) {
      delivery.state = 'given_up';
      givenUp = true;
    }
  }
  noteHealth(document, channel, outcome, now);
  if (outcome.ok) hurry(document, channel, now);
  return { givenUp };
}

const restMs = (attempts: number, chance: number): number =>
  Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(attempts - 1, 20)) * (0.8 + 0.4 * chance);

function noteHealth(document: AlertsDocument, channel: ChannelName, outcome: Outcome, now: number): void {
  const before = document.channels[channel];
  document.channels[channel] = outcome.ok
    ? {
        up: true,
        lastSuccessAt: now,
        lastFailureAt: before?.lastFailureAt,
        lastError:
          outcome.warning === undefined ? before?.lastError : oneLine(outcome.warning, LONGEST_ERROR),
      }
    : {
        up: false,
        lastSuccessAt: before?.lastSuccessAt,
        lastFailureAt: now,
        failingSince: before?.failingSince ?? now,
        lastError: oneLine(outcome.error, LONGEST_ERROR),
      };
}

/** The channel works again: what rests after a failure need not wait any longer. */
function hurry(document: AlertsDocument, channel: ChannelName, now: number): void {
  for (const { deliveries } of document.alerts) {
    for (const delivery of deliveries) {
      const resting = delivery.channel === channel && delivery.state === 'pending' && delivery.attempts > 0;
      if (resting && delivery.claimedBy === undefined) delivery.notBefore = Math.min(delivery.notBefore, now);
    }
  }
}

/** Messages that the channel is owed. */
export function countPending(document: AlertsDocument, channel: ChannelName): number {
  return document.alerts
    .flatMap(({ deliveries }) => deliveries)
    .filter((delivery) => delivery.channel === channel && delivery.state === 'pending').length;
}
