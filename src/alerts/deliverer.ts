import type { Log } from '../logging/index.js';
import { rest } from '../rest.js';
import { CHANNELS } from './alert.js';
import type { AlertStore } from './alert-store.js';
import type { Channel } from './channel.js';
import { type MessageContext, messageOf } from './message.js';
import { type Batch, claim, conclude, nextDue, type Outcome } from './outbox.js';

export interface DelivererOptions {
  readonly store: AlertStore;
  readonly channel: Channel;
  readonly context: MessageContext;
  readonly now: () => number;
  /** From 0 to 1. */
  readonly chance: () => number;
  readonly log: Log;
  readonly onDelivery?: (channel: Channel['name'], outcome: 'sent' | 'retried' | 'given_up') => void;
}

/** Beyond the time limit of one attempt: for the note of what came of it. */
const LEASE_MARGIN_MS = 15_000;
const LONGEST_SLEEP_MS = 30_000;
/** After the store could not be changed. */
const REST_MS = 1000;
const LONGEST_REST_MS = 8000;

/**
 * Sends what one channel is owed, one message at a time, at least once: a message is noted as sent only after the other
 * side has confirmed it. Who sends holds a lease on it; when its process ends in between, the message goes out again,
 * which is the one duplicate that can be.
 *
 * States: asleep (until something is due, or the document changes) → sending → asleep. Closed from any of them.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #stop = new AbortController();
  readonly #forget: () => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #wanted = false;

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#forget = options.store.onChange(() => this.wake());
    this.wake();
  }

  /** Looks whether something is due. */
  wake(): void {
    this.#wanted = true;
    if (this.#stop.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#wanted) this.wake();
      else this.#sleep();
    });
  }

  /** Ends an attempt under way; the message stays owed. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('the node stops'));
    this.#forget();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #sleep(): void {
    if (this.#stop.signal.aborted) return;
    const { store, channel, now, context } = this.#options;
    const due = nextDue(store.get(), channel.name, context.node, now());
    const ms = due === undefined ? LONGEST_SLEEP_MS : Math.min(LONGEST_SLEEP_MS, Math.max(0, due - now()));
    this.#timer = setTimeout(() => this.wake(), ms).unref();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { log, channel } = this.#options;
    let restMs = REST_MS;
    while (this.#wanted && !this.#stop.signal.aborted) {
      this.#wanted = false;
      try {
        while (!this.#stop.signal.aborted && (await this.#sendNext()));
        restMs = REST_MS;
      } catch (error) {
        // Said once of an outage: every further try would say the same.
        if (restMs === REST_MS) {
          const fields = { channel: channel.name, reason: String(error) };
          log.warn('the outbox of alerts could not be changed', fields);
        }
        await rest(restMs, this.#stop.signal);
        restMs = Math.min(2 * restMs, LONGEST_REST_MS);
        this.#wanted = true;
      }
    }
  }

  /** Whether there was something. */
  async #sendNext(): Promise<boolean> {
    const { store, channel, now, context } = this.#options;
    const due = nextDue(store.get(), channel.name, context.node, now());
    if (due === undefined || due > now()) return false;
    const leaseMs = channel.timeoutMs + LEASE_MARGIN_MS;
    const { batch } = await store.change((document) => {
      const claimed = claim(document, channel.name, context.node, now(), leaseMs, channel.mostAlerts);
      return { changed: claimed !== undefined, batch: claimed };
    });
    if (batch === undefined) return false;
    const outcome = await this.#attempt(batch, context);
    // A node that stops says nothing about the channel: who comes after it takes the message over.
    if (this.#stop.signal.aborted && !outcome.ok) return false;
    const { givenUp } = await this.#conclude(batch, outcome);
    this.#tell(batch, outcome, givenUp);
    return true;
  }

  /** Not to note what went out would send it again, so a store that is away is waited for. */
  async #conclude(batch: Batch, outcome: Outcome): Promise<{ readonly givenUp: boolean }> {
    const { store, now, chance, context } = this.#options;
    for (;;) {
      try {
        return await store.change((document) => ({
          changed: true,
          ...conclude(document, batch, context.node, outcome, now(), chance()),
        }));
      } catch (error) {
        if (this.#stop.signal.aborted) throw error;
        await rest(REST_MS, this.#stop.signal);
      }
    }
  }

  async #attempt(batch: Batch, context: MessageContext): Promise<Outcome> {
    const { channel, now } = this.#options;
    const late = AbortSignal.timeout(channel.timeoutMs);
    try {
      const signal = AbortSignal.any([late, this.#stop.signal]);
      let warning: string | undefined;
      await channel.send(messageOf(batch, context, now()), signal, (text) => {
        warning = text;
      });
      return { ok: true, ...(warning !== undefined && { warning }) };
    } catch (thrown) {
      return { ok: false, error: failureText(thrown, late, channel.timeoutMs) };
    }
  }

  #tell({ channel, event, alerts, id }: Batch, outcome: Outcome, givenUp: boolean): void {
    const { log, onDelivery } = this.#options;
    const fields = { channel, event, delivery: id, alerts: alerts.map((alert) => alert.id) };
    onDelivery?.(channel, outcome.ok ? 'sent' : givenUp ? 'given_up' : 'retried');
    if (outcome.ok && outcome.warning !== undefined) {
      log.warn('an alert was delivered, but not to everybody', { ...fields, reason: outcome.warning });
    } else if (outcome.ok) log.info('an alert was delivered', fields);
    else if (givenUp) log.error('an alert was given up', { ...fields, reason: outcome.error });
    else log.warn('an alert was not delivered; it is tried again', { ...fields, reason: outcome.error });
  }
}

/** Why an attempt failed, for the log and for people. */
export function failureText(thrown: unknown, late: AbortSignal, timeoutMs: number): string {
  if (late.aborted) return `no answer within ${timeoutMs / 1000} s`;
  if (!(thrown instanceof Error)) return String(thrown);
  // An error that joins those of several addresses has no message of its own.
  const [first] = thrown instanceof AggregateError ? (thrown.errors as unknown[]) : [];
  return thrown.message || (first instanceof Error ? first.message : thrown.name);
}

/** In the order in which they are named everywhere. */
export const inOrder = <T extends Pick<Channel, 'name'>>(channels: readonly T[]): readonly T[] =>
  [...channels].sort((a, b) => CHANNELS.indexOf(a.name) - CHANNELS.indexOf(b.name));
