import type {
  Alert,
  AlertEvent,
  AlertRule,
  AlertSeverity,
  AlertState,
  AlertsDocument,
  ChannelName,
  Silence,
  SilenceMatch,
} from './alert.js';
import { actionOf, alertPath } from './message.js';
import { countPending } from './outbox.js';
import { silencedUntil } from './silences.js';

/** An alert as everybody sees it. Times are ISO 8601; null: there is none. */
export interface AlertView {
  readonly id: string;
  readonly fingerprint: string;
  readonly rule: AlertRule;
  readonly severity: AlertSeverity;
  readonly state: AlertState;
  readonly title: string;
  readonly what: string;
  readonly where: {
    readonly chain: string;
    readonly replica: string | null;
    readonly node: string | null;
    readonly blocks: number[];
  };
  readonly since: string;
  readonly lastSeenAt: string;
  readonly resolvedAt: string | null;
  /** Why it counts as over. */
  readonly resolution: string | null;
  readonly count: number;
  readonly action: string;
  readonly jobId: string | null;
  /** Path in the dashboard. */
  readonly link: string;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: string | null;
  readonly comment: string | null;
  readonly escalatedAt: string | null;
  readonly silencedUntil: string | null;
  readonly deliveries: DeliveryView[];
}

interface DeliveryView {
  readonly channel: ChannelName;
  readonly event: AlertEvent;
  readonly state: 'pending' | 'sent' | 'given_up';
  readonly attempts: number;
  readonly lastError: string | null;
  readonly sentAt: string | null;
}

export interface SilenceView {
  readonly id: string;
  readonly match: SilenceMatch;
  readonly reason: string;
  readonly by: string;
  readonly createdAt: string;
  readonly until: string;
}

export interface ChannelView {
  readonly name: ChannelName;
  readonly enabled: boolean;
  /** Whether the last attempt got through; null: none was made yet. */
  readonly up: boolean | null;
  readonly lastSuccessAt: string | null;
  readonly lastFailureAt: string | null;
  readonly lastError: string | null;
  readonly pending: number;
}

const timeOf = (at: number): string => new Date(at).toISOString();
const timeOrNull = (at: number | undefined): string | null => (at === undefined ? null : timeOf(at));

export function viewOfAlert(alert: Alert, silences: readonly Silence[], now: number): AlertView {
  const { chain, replica, node, blocks } = alert.where;
  return {
    id: alert.id,
    fingerprint: alert.fingerprint,
    rule: alert.rule,
    severity: alert.severity,
    state: alert.state,
    title: alert.title,
    what: alert.what,
    where: { chain, replica: replica ?? null, node: node ?? null, blocks: [...blocks] },
    since: timeOf(alert.since),
    lastSeenAt: timeOf(alert.lastSeenAt),
    resolvedAt: timeOrNull(alert.resolvedAt),
    resolution: alert.resolution ?? null,
    count: alert.count,
    action: actionOf(alert),
    jobId: alert.jobId ?? null,
    link: alertPath(alert.id),
    acknowledgedBy: alert.acknowledgedBy ?? null,
    acknowledgedAt: timeOrNull(alert.acknowledgedAt),
    comment: alert.comment ?? null,
    escalatedAt: timeOrNull(alert.escalatedAt),
    silencedUntil: timeOrNull(silencedUntil(alert, silences, now)),
    deliveries: alert.deliveries.map(({ channel, event, state, attempts, lastError, sentAt }) => ({
      ...{ channel, event, state, attempts },
      lastError: lastError ?? null,
      sentAt: timeOrNull(sentAt),
    })),
  };
}

export function viewOfSilence({ id, match, reason, by, createdAt, until }: Silence): SilenceView {
  return { id, match, reason, by, createdAt: timeOf(createdAt), until: timeOf(until) };
}

export function viewOfChannel(document: AlertsDocument, name: ChannelName, enabled: boolean): ChannelView {
  const health = document.channels[name];
  return {
    name,
    enabled,
    up: health?.up ?? null,
    lastSuccessAt: timeOrNull(health?.lastSuccessAt),
    lastFailureAt: timeOrNull(health?.lastFailureAt),
    lastError: health?.lastError ?? null,
    pending: countPending(document, name),
  };
}
