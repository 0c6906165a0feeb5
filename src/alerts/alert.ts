import type { Check } from '../validation/index.js';

/** From the least to the worst. */
export const ALERT_SEVERITIES = ['info', 'warning', 'critical'] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];
export const CRITICAL: AlertSeverity = 'critical';
export const WARNING: AlertSeverity = 'warning';
export const INFO: AlertSeverity = 'info';

export const ALERT_STATES = ['open', 'acknowledged', 'resolved'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** Every rule that can open an alert, by the name that it has in messages, metrics and silences. */
export const ALERT_RULES = [
  'integrity-critical',
  'integrity-warning',
  'critical-threshold',
  'warning-threshold',
  'replicas-disagree',
  'validation-failed',
  'monitor-silent',
  'scrub-overdue',
  'cache-hit-rate',
  'validation-time',
  'memory',
  'disk-space',
  'replica-behind',
  'redis-away',
  'channel-down',
] as const;
export type AlertRule = (typeof ALERT_RULES)[number];

export const CHANNELS = ['email', 'webhook', 'slack'] as const;
export type ChannelName = (typeof CHANNELS)[number];

/** What a message tells. Escalated: it got worse, or nobody has acknowledged it in time. */
export const ALERT_EVENTS = ['opened', 'escalated', 'reminder', 'resolved'] as const;
export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** Half-open. */
export interface EvidenceScope {
  readonly from: number;
  readonly to: number;
  readonly partial: boolean;
}

/** What an accusation rests on: only a result that looked at least as hard can take it back. */
export interface Evidence {
  /** A fleet job compares replicas; its accusations are taken back by fleet jobs only. */
  readonly kind: 'replica' | 'fleet';
  /** The level that was asked for, for people: what counts are the checks. */
  readonly level?: string;
  readonly checks: readonly Check[];
  readonly scope: EvidenceScope;
  /** When the last byte of it had been read, in milliseconds since 1970. */
  readonly readUntil: number;
  /** Of a fleet job: the replicas that were compared. */
  readonly replicas?: readonly string[];
  /** Of a fleet job: how many blocks of each were compared; null when that is not known. */
  readonly commonHeight?: number | null;
}

/** A result that has taken an accusation back: how hard it looked, and when it began to, in milliseconds since 1970. */
export interface Proof extends Omit<Evidence, 'level' | 'readUntil'> {
  readonly startedAt: number;
}

/** Where it happened; `blocks` are the first affected ones, in order. */
interface AlertPlace {
  readonly chain: string;
  readonly replica?: string;
  readonly node?: string;
  readonly blocks: readonly number[];
}

/** What a rule says: this is wrong now. */
export interface Raised {
  readonly rule: AlertRule;
  /** Of what the rule speaks: a replica, a node, a volume. With the rule it makes the fingerprint. */
  readonly subject: string;
  readonly severity: AlertSeverity;
  /** Compares two of one fingerprint: a higher one is worse. */
  readonly rank: number;
  readonly title: string;
  readonly what: string;
  readonly action: string;
  readonly place: AlertPlace;
  readonly jobId?: string;
  readonly evidence?: Evidence;
}

/** What a rule says: this is well now, and why that is known. */
export interface Cleared {
  readonly rule: AlertRule;
  readonly subject: string;
  readonly resolution: string;
}

/** One message that is owed to one channel. Times are milliseconds since 1970. */
export interface Delivery {
  readonly id: string;
  readonly channel: ChannelName;
  readonly event: AlertEvent;
  state: 'pending' | 'sent' | 'given_up';
  readonly queuedAt: number;
  /** Not tried before. */
  notBefore: number;
  attempts: number;
  firstAttemptAt?: number;
  /** Who is sending it, and until when nobody else may. */
  claimedBy?: string;
  claimedUntil?: number;
  /** Those of one batch are one message, in every attempt the same. */
  batch?: string;
  lastError?: string;
  sentAt?: number;
}

/** An alert as it is kept. Times are milliseconds since 1970. */
export interface Alert {
  readonly id: string;
  readonly fingerprint: string;
  readonly rule: AlertRule;
  severity: AlertSeverity;
  rank: number;
  state: AlertState;
  title: string;
  what: string;
  action: string;
  where: AlertPlace;
  readonly since: number;
  /** When it was opened the last time. */
  openedAt: number;
  lastSeenAt: number;
  resolvedAt?: number;
  resolution?: string;
  /** How often it was seen. */
  count: number;
  jobId?: string;
  acknowledgedBy?: string;
  acknowledgedAt?: number;
  comment?: string;
  escalatedAt?: number;
  /** Whether its opening was put into the outbox; `announceAt` says when that is due, or was done. */
  announced: boolean;
  announceAt: number;
  /** It got worse while it was silenced; to be told when the silence ends. */
  worseUntold?: boolean;
  notifiedAt?: number;
  /** What it is accused of, each taken back by itself (evidence.ts); absent for a condition. */
  evidence?: Evidence[];
  /** What has taken accusations back, the latest last: what was read before one of them began was known to it. */
  takenBackBy?: Proof[];
  deliveries: Delivery[];
}

export interface SilenceMatch {
  readonly rule?: AlertRule;
  readonly severity?: AlertSeverity;
  readonly replica?: string;
  readonly fingerprint?: string;
}

/** No message goes out for what it matches, until it expires; what it matches is visible all the same. */
export interface Silence {
  readonly id: string;
  readonly match: SilenceMatch;
  readonly reason: string;
  readonly by: string;
  readonly createdAt: number;
  readonly until: number;
}

/** How a channel fares. */
interface ChannelHealth {
  /** Of the last attempt. */
  up: boolean;
  lastSuccessAt?: number;
  lastFailureAt?: number;
  failingSince?: number;
  lastError?: string;
}

/** A round that could not check what it was to check, counted until one can. */
export interface FailedRound {
  readonly replica: string;
  readonly evidence: Evidence;
  readonly count: number;
  readonly since: number;
  readonly what: string;
}

/** Everything that nodes share about alerts: one document, so that no part of it can contradict another. */
export interface AlertsDocument {
  alerts: Alert[];
  silences: Silence[];
  channels: Partial<Record<ChannelName, ChannelHealth>>;
  failures: FailedRound[];
  /** Jobs that have changed something here, so that one that is given twice counts once. */
  seen: string[];
}

export const emptyAlerts = (): AlertsDocument => ({
  alerts: [],
  silences: [],
  channels: {},
  failures: [],
  seen: [],
});

export const fingerprintOf = (rule: AlertRule, subject: string): string => `${rule}/${subject}`;
