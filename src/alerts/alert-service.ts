import { randomUUID } from 'node:crypto';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import {
  ALERT_SEVERITIES,
  type Alert,
  type AlertRule,
  type AlertSeverity,
  type AlertsDocument,
  CHANNELS,
  type ChannelName,
  type Cleared,
  fingerprintOf,
  type Raised,
  type Silence,
  type SilenceMatch,
} from './alert.js';
import type { AlertStore } from './alert-store.js';
import { applyResult, matters } from './apply-result.js';
import { AlertBook, type BookChange, type BookSettings } from './book.js';
import type { Channel } from './channel.js';
import { Deliverer, failureText, inOrder } from './deliverer.js';
import { type MessageContext, testMessage } from './message.js';
import { countPending } from './outbox.js';
import { oneLine } from './plain-text.js';
import type { ReplicaResult, Result, Thresholds } from './results.js';
import { keepUp } from './upkeep.js';
import {
  type AlertView,
  type ChannelView,
  type SilenceView,
  viewOfAlert,
  viewOfChannel,
  viewOfSilence,
} from './view.js';

export interface AlertServiceOptions {
  /** What the fleet shares. */
  readonly store: AlertStore;
  /** What only this node knows; absent on a node without Redis, which has nothing to share. */
  readonly localStore?: AlertStore;
  readonly channels: readonly Channel[];
  readonly book: Omit<BookSettings, 'channels'>;
  readonly thresholds: Thresholds;
  readonly context: MessageContext;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly chance: () => number;
  readonly onOpened?: (rule: AlertRule, severity: AlertSeverity) => void;
  readonly onDelivery?: (channel: ChannelName, outcome: 'sent' | 'retried' | 'given_up') => void;
}

export interface AlertQuery {
  readonly state: 'open' | 'resolved' | 'all';
  readonly limit: number;
}

/** For metrics and the dashboard. */
export interface AlertFigures {
  readonly open: Readonly<Record<AlertSeverity, number>>;
  readonly acknowledged: number;
  readonly pending: Readonly<Partial<Record<ChannelName, number>>>;
  /** Absent where no attempt was made yet. */
  readonly up: Readonly<Partial<Record<ChannelName, boolean>>>;
}

/** Alerts of rules that tell of the way to Redis cannot be shared over it. */
const LOCAL_RULES = new Set<AlertRule>(['redis-away']);
const MOST_SILENCES = 100;
/** The rules' findings, the book of alerts and the outbox, on one node. */
export class AlertService {
  readonly #options: AlertServiceOptions;
  readonly #stores: readonly AlertStore[];
  readonly #deliverers: readonly Deliverer[];

  constructor(options: AlertServiceOptions) {
    this.#options = options;
    const { store, localStore, channels, context, log, now, chance, onDelivery } = options;
    this.#stores = localStore ? [store, localStore] : [store];
    this.#deliverers = this.#stores.flatMap((one) =>
      channels.map(
        (channel) => new Deliverer({ store: one, channel, context, now, chance, log, onDelivery }),
      ),
    );
  }

  /**
   * Takes the result of a job that has ended. One that is given twice counts once.
   *
   * Errors: those of the store; then the result is to be given again.
   */
  async observe(result: Result): Promise<void> {
    const { store, thresholds, now } = this.#options;
    if (!matters(store.get(), result, thresholds)) return;
    await this.#turn(store, (book, document) => applyResult(book, document, result, thresholds, now()));
  }

  /** A round that could not even be asked for. Counts as one that could not check anything. */
  async roundRefused(
    round: Pick<ReplicaResult, 'chain' | 'replica' | 'node' | 'level' | 'checks'> & { reason: string },
  ): Promise<void> {
    const at = this.#options.now();
    const { reason, ...rest } = round;
    await this.observe({
      ...rest,
      ...{ kind: 'replica', jobId: `refused-${randomUUID()}`, requireAnchor: true, isRound: true },
      ...{ scope: { from: 0, to: 0, partial: false }, startedAt: at, finishedAt: at },
      ...{
        complete: false,
        findingCounts: {},
        worst: [],
        error: `The round was refused: ${oneLine(reason, 300)}`,
      },
    });
  }

  /** Takes what the rules say of everything beside the data, and does what is due with time. */
  async evaluate(raised: readonly Raised[], cleared: readonly Cleared[]): Promise<void> {
    const { now, channels, context, log, onDelivery } = this.#options;
    const names = channels.map(({ name }) => name);
    // One that cannot be changed must not keep the other from it: the local one tells that Redis is away.
    const turns = this.#stores.map(async (store) => {
      const mine = ({ rule }: { readonly rule: AlertRule }) => this.#storeOf(rule) === store;
      const { found: givenUp } = await this.#turn(store, (book, document) => {
        for (const one of raised.filter(mine)) book.raise(one, now());
        for (const one of cleared.filter(mine)) book.clear(one, now());
        const abandoned = keepUp(book, document, names, context.chain, now());
        book.tick(now());
        return abandoned;
      });
      for (const { id, channel, event, lastError: reason } of givenUp) {
        onDelivery?.(channel, 'given_up');
        log.error('an alert was given up', { channel, event, delivery: id, reason });
      }
    });
    const failed = (await Promise.allSettled(turns)).find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }

  /** The alert of this rule and subject that is not resolved; not to be changed. */
  active(rule: AlertRule, subject: string): Readonly<Alert> | undefined {
    const fingerprint = fingerprintOf(rule, subject);
    return this.#storeOf(rule)
      .get()
      .alerts.find((alert) => alert.fingerprint === fingerprint && alert.state !== 'resolved');
  }

  /** Newest first; what is open or acknowledged counts as open. */
  list({ state, limit }: AlertQuery): {
    alerts: AlertView[];
    silences: SilenceView[];
    channels: ChannelView[];
  } {
    const now = this.#options.now();
    const alerts = this.#stores.flatMap((store) => {
      const { alerts: all, silences } = store.get();
      return all.map((alert) => ({ alert, view: () => viewOfAlert(alert, silences, now) }));
    });
    const wanted = alerts.filter(
      ({ alert }) => state === 'all' || (alert.state === 'resolved') === (state === 'resolved'),
    );
    const document = this.#options.store.get();
    const enabled = new Set(this.#options.channels.map(({ name }) => name));
    return {
      alerts: wanted
        .sort((a, b) => b.alert.openedAt - a.alert.openedAt)
        .slice(0, limit)
        .map(({ view }) => view()),
      silences: document.silences.filter(({ until }) => until > now).map(viewOfSilence),
      channels: CHANNELS.map((name) => viewOfChannel(document, name, enabled.has(name))),
    };
  }

  /** To acknowledge what is over changes nothing. Errors: NOT_FOUND. */
  async acknowledge(id: string, by: string, comment: string | undefined): Promise<AlertView> {
    const { now } = this.#options;
    for (const store of this.#stores) {
      const { found, document } = await this.#turn(store, (book, copy) => {
        const alert = copy.alerts.find((one) => one.id === id);
        if (alert)
          book.acknowledge(alert, by, comment === undefined ? undefined : oneLine(comment, 500), now());
        return alert;
      });
      if (found) return viewOfAlert(found, document.silences, now());
    }
    throw new ProvChainError('NOT_FOUND', `there is no alert ${id}`);
  }

  /** Errors: OVERLOADED when there are very many silences. */
  async silence(match: SilenceMatch, minutes: number, reason: string, by: string): Promise<SilenceView> {
    const { now } = this.#options;
    const createdAt = now();
    const silence: Silence = {
      ...{ id: randomUUID(), match, by, createdAt, reason: oneLine(reason, 500) },
      until: createdAt + minutes * 60_000,
    };
    await this.#eachStore((book, document) => {
      document.silences = document.silences.filter(({ until }) => until > createdAt);
      if (document.silences.length >= MOST_SILENCES) {
        throw new ProvChainError('OVERLOADED', `there are ${MOST_SILENCES} silences; remove some first`);
      }
      document.silences.push(silence);
      book.changed = true;
    });
    return viewOfSilence(silence);
  }

  /** Errors: NOT_FOUND. */
  async endSilence(id: string): Promise<void> {
    let found = false;
    await this.#eachStore((book, document) => {
      const left = document.silences.filter((silence) => silence.id !== id);
      if (left.length === document.silences.length) return;
      document.silences = left;
      book.changed = true;
      found = true;
    });
    if (!found) throw new ProvChainError('NOT_FOUND', `there is no silence ${id}`);
  }

  /** Sends a message that says that it is a test, at once, past the outbox. Errors: NOT_FOUND for a channel that is off. */
  async test(
    name: ChannelName | undefined,
    by: string,
  ): Promise<readonly { channel: ChannelName; ok: boolean; error: string | null }[]> {
    const { channels, context, now } = this.#options;
    const chosen = inOrder(channels).filter((channel) => name === undefined || channel.name === name);
    if (name !== undefined && chosen.length === 0) {
      throw new ProvChainError(
        'NOT_FOUND',
        `the channel ${name} is not enabled (integrity.alerting.enable_${name})`,
      );
    }
    return Promise.all(
      chosen.map(async (channel) => {
        const late = AbortSignal.timeout(channel.timeoutMs);
        try {
          const id = randomUUID().replaceAll('-', '');
          let warning: string | undefined;
          await channel.send(testMessage(id, by, context, now()), late, (text) => {
            warning = oneLine(text, 300);
          });
          return { channel: channel.name, ok: true, error: warning ?? null };
        } catch (thrown) {
          const error = oneLine(failureText(thrown, late, channel.timeoutMs), 300);
          return { channel: channel.name, ok: false, error };
        }
      }),
    );
  }

  figures(): AlertFigures {
    const documents = this.#stores.map((store) => store.get());
    const alerts = documents.flatMap((document) => document.alerts);
    const count = (severity: AlertSeverity) =>
      alerts.filter((alert) => alert.state !== 'resolved' && alert.severity === severity).length;
    const names = this.#options.channels.map(({ name }) => name);
    const owed = (name: ChannelName) =>
      documents.reduce((sum, document) => sum + countPending(document, name), 0);
    const health = this.#options.store.get().channels;
    return {
      open: Object.fromEntries(ALERT_SEVERITIES.map((one) => [one, count(one)])) as AlertFigures['open'],
      acknowledged: alerts.filter(({ state }) => state === 'acknowledged').length,
      pending: Object.fromEntries(names.map((name) => [name, owed(name)])),
      up: Object.fromEntries(names.flatMap((name) => (health[name] ? [[name, health[name].up]] : []))),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#deliverers.map((deliverer) => deliverer.close()));
  }

  #storeOf(rule: AlertRule): AlertStore {
    const { store, localStore } = this.#options;
    return LOCAL_RULES.has(rule) ? (localStore ?? store) : store;
  }

  async #eachStore(turn: (book: AlertBook, document: AlertsDocument) => void): Promise<void> {
    for (const store of this.#stores) await this.#turn(store, turn);
  }

  /** One change of the book, with what is told of it once it is durable. */
  async #turn<T>(
    store: AlertStore,
    turn: (book: AlertBook, document: AlertsDocument) => T,
  ): Promise<{ found: T; document: AlertsDocument }> {
    const { book: settings, channels } = this.#options;
    const names = inOrder(channels).map(({ name }) => name);
    const result = await store.change((document) => {
      const book = new AlertBook(document, { ...settings, channels: names });
      const found = turn(book, document);
      return { changed: book.changed, changes: book.changes, found, document };
    });
    if (result.changed) for (const change of result.changes) this.#tell(change);
    return result;
  }

  #tell({ alert, event }: BookChange): void {
    const { log, onOpened } = this.#options;
    const { id, fingerprint, rule, severity, jobId, title, what } = alert;
    if (event === 'opened' || event === 'reopened') onOpened?.(rule, severity);
    const tone = event === 'resolved' ? 'info' : severity === 'critical' ? 'error' : 'warn';
    log[tone](`an alert is ${TOLD[event]}`, {
      alert: id,
      fingerprint,
      rule,
      alertSeverity: severity,
      jobId,
      title,
      what,
    });
  }
}

const TOLD: Readonly<Record<BookChange['event'], string>> = {
  opened: 'open',
  reopened: 'open again',
  worse: 'worse',
  resolved: 'resolved',
  escalated: 'escalated',
  reminder: 'still open',
};
