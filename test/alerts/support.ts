import {
  type Alert,
  type AlertsDocument,
  type ChannelName,
  CRITICAL,
  type Evidence,
  emptyAlerts,
} from '../../src/alerts/alert.js';
import { AlertBook, type BookSettings } from '../../src/alerts/book.js';
import type { FleetResult, ReplicaResult } from '../../src/alerts/results.js';
import { LEVEL_CHECKS, type Level } from '../../src/validation/index.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
/** Any moment will do. */
export const START = Date.parse('2026-03-01T12:00:00.000Z');

const SETTINGS: BookSettings = {
  channels: ['email', 'webhook'],
  cooldownMs: 10 * MINUTE,
  groupWaitMs: 5_000,
  escalateAfterMs: 30 * MINUTE,
  repeatMs: 24 * HOUR,
};

export const THRESHOLDS = { critical: 3, warning: 5 };

export interface ResultOptions extends Partial<Omit<ReplicaResult, 'kind' | 'level' | 'scope'>> {
  readonly level?: Level;
  readonly scope?: Evidence['scope'];
}

let jobs = 0;

/** A result of the whole chain, Healthy unless said otherwise. */
export function result(options: ResultOptions = {}): ReplicaResult {
  const { level = 'Standard', startedAt = START } = options;
  return {
    kind: 'replica',
    jobId: `job-${++jobs}`,
    chain: 'test-chain',
    replica: 'replica-1',
    node: 'node-1',
    level,
    checks: LEVEL_CHECKS[level],
    requireAnchor: true,
    scope: { from: 0, to: 100, partial: false },
    startedAt,
    finishedAt: startedAt + 1000,
    status: 'Healthy',
    complete: true,
    findingCounts: {},
    worst: [],
    isRound: true,
    ...options,
  };
}

export function altered(options: ResultOptions = {}): ReplicaResult {
  return result({
    status: 'Critical',
    findingCounts: { PAYLOAD_DIGEST_MISMATCH: 1 },
    worst: [{ code: 'PAYLOAD_DIGEST_MISMATCH', severity: 'Critical', block: 7 }],
    ...options,
  });
}

export function incomplete(options: ResultOptions = {}): ReplicaResult {
  return result({
    status: 'Incomplete',
    complete: false,
    findingCounts: { TIME_LIMIT: 1 },
    worst: [{ code: 'TIME_LIMIT', severity: 'Incomplete', block: null }],
    ...options,
  });
}

export function fleetResult(options: Partial<FleetResult> = {}): FleetResult {
  const { startedAt = START } = options;
  return {
    kind: 'fleet',
    jobId: `job-${++jobs}`,
    chain: 'test-chain',
    checks: LEVEL_CHECKS.Standard,
    requireAnchor: true,
    scope: { from: 0, to: 0, partial: false },
    startedAt,
    finishedAt: startedAt + 1000,
    complete: true,
    agree: true,
    commonHeight: 100,
    replicas: ['replica-1', 'replica-2'],
    ...options,
  };
}

/** A document that is worked on directly, as a store does on its copy. */
export class Desk {
  document: AlertsDocument = emptyAlerts();
  readonly settings: BookSettings;

  constructor(settings: Partial<BookSettings> = {}) {
    this.settings = { ...SETTINGS, ...settings };
  }

  /** One turn of the book; what it was in between it has been through JSON, as in a state. */
  turn<T>(work: (book: AlertBook, document: AlertsDocument) => T): T {
    const document = JSON.parse(JSON.stringify(this.document)) as AlertsDocument;
    const outcome = work(new AlertBook(document, this.settings), document);
    this.document = document;
    return outcome;
  }

  /** `event` of every delivery of the channel, in order. */
  events(channel: ChannelName = 'email'): string[] {
    return this.document.alerts
      .flatMap(({ deliveries }) => deliveries)
      .filter((delivery) => delivery.channel === channel)
      .map(({ event }) => event);
  }

  states(): string[] {
    return this.document.alerts.map(({ rule, state }) => `${rule} ${state}`);
  }
}

export const CONTEXT = { chain: 'test-chain', node: 'node-1', linkBase: 'https://node.example' };

/** Everything that text from outside could try at once. */
export const HOSTILE =
  'x\r\nBcc: evil@example.com\r\n\r\n<script>alert(1)</script> <!channel> <@U123> <https://evil.example|click> *b* [a](b) &amp; \u202Etxt.exe\u0000\u001b[31m\u200b\ud800 "quoted" \'single\'';

export function alertOf(part: Partial<Alert> = {}): Alert {
  return {
    id: 'alert-1',
    fingerprint: 'integrity-critical/replica-1',
    rule: 'integrity-critical',
    severity: CRITICAL,
    rank: 2,
    state: 'open',
    title: 'Chain altered',
    what: 'Replica replica-1 is Critical',
    action: 'Stop appending.',
    where: { chain: 'test-chain', replica: 'replica-1', node: 'node-1', blocks: [7] },
    since: START,
    openedAt: START,
    lastSeenAt: START,
    count: 1,
    jobId: 'job-9',
    announced: true,
    announceAt: START,
    deliveries: [],
    ...part,
  };
}
