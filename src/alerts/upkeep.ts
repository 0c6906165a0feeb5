import {
  type AlertRule,
  type AlertsDocument,
  type ChannelName,
  type Delivery,
  fingerprintOf,
  type Raised,
  WARNING,
} from './alert.js';
import type { AlertBook } from './book.js';
import { silencedUntil } from './silences.js';

/** A channel that has failed for so long is an alert on the others. */
const CHANNEL_DOWN_MS = 300_000;
/** What no node has noted again for so long, nobody can see any more: the node or the replica is gone. */
const STALE_MS = 3_600_000;
/** Rules that note again every few minutes what lasts. */
const REPEATING = new Set<AlertRule>([
  'cache-hit-rate',
  'validation-time',
  'memory',
  'disk-space',
  'redis-away',
  'replica-behind',
]);

/** What a channel is owed is tried every few minutes; untried for so long, no node has the channel any more. */
const ABANDONED_MS = 3_600_000;

/**
 * Looks after the book itself: channels that do not get through or are switched off, and alerts that nobody speaks of any
 * more.
 *
 * @returns messages that were given up, because no node has their channel
 */
export function keepUp(
  book: AlertBook,
  document: AlertsDocument,
  enabled: readonly ChannelName[],
  chain: string,
  now: number,
): readonly Delivery[] {
  for (const [channel, health] of Object.entries(document.channels)) {
    const name = channel as ChannelName;
    const failing = health.failingSince === undefined ? 0 : now - health.failingSince;
    if (health.up || !enabled.includes(name)) {
      const resolution = health.up ? 'A message got through.' : 'The channel is switched off.';
      if (book.active(fingerprintOf('channel-down', name))) {
        book.clear({ rule: 'channel-down', subject: name, resolution }, now);
      }
    } else if (failing >= CHANNEL_DOWN_MS) {
      book.raise(channelDown(name, failing, health.lastError ?? '', chain), now);
    }
  }
  for (const alert of document.alerts) {
    const stale = alert.state !== 'resolved' && now - alert.lastSeenAt > STALE_MS;
    if (stale && REPEATING.has(alert.rule)) {
      book.resolve(alert, 'Nobody has seen it for an hour: what it was about is gone.', now);
    }
  }
  const abandoned = abandonedOf(document, enabled, now);
  for (const delivery of abandoned) {
    Object.assign(delivery, { state: 'given_up', lastError: 'the channel is switched off' });
    book.changed = true;
  }
  return abandoned;
}

/** Another node may have a channel that this one has not: what it still tries is left to it. Silenced ones wait. */
function abandonedOf(document: AlertsDocument, enabled: readonly ChannelName[], now: number): Delivery[] {
  return document.alerts
    .filter((alert) => silencedUntil(alert, document.silences, now) === undefined)
    .flatMap(({ deliveries }) => deliveries)
    .filter(
      ({ state, channel, notBefore, claimedUntil = 0 }) =>
        state === 'pending' &&
        !enabled.includes(channel) &&
        now - Math.max(notBefore, claimedUntil) >= ABANDONED_MS,
    );
}

function channelDown(name: ChannelName, failingMs: number, error: string, chain: string): Raised {
  return {
    ...{ rule: 'channel-down', subject: name, severity: WARNING, rank: 1 },
    title: `Alerts do not get through: ${name}`,
    what: `Messages to ${name} have failed for ${Math.round(failingMs / 60_000)} minutes. ${error}`,
    action: `Mend the channel and test it: "provchain alerts test ${name}". What it is owed goes out when it works again, for a day.`,
    place: { chain, blocks: [] },
  };
}
