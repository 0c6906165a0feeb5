import { type Alert, type AlertEvent, type AlertRule, type AlertSeverity, INFO } from './alert.js';
import { whatCloses } from './evidence.js';
import type { Batch } from './outbox.js';
import { oneLine } from './plain-text.js';

/** One alert, as a message tells of it. Everything in it is one line of plain text (plain-text.ts). */
export interface MessageEntry {
  readonly title: string;
  readonly severity: AlertSeverity;
  /** Named facts in order: what, where, since when, what to do now. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** Absolute URLs; absent where nobody said under which address people reach a node. */
  readonly link?: string;
  readonly reportLink?: string;
}

/** What goes to every channel, before it takes the channel's form. */
export interface Message {
  /** The same in every attempt, so that a receiver can tell that it has it already. */
  readonly id: string;
  readonly event: AlertEvent | 'test';
  readonly subject: string;
  readonly entries: readonly MessageEntry[];
  readonly severity: AlertSeverity;
  /** Where it comes from. */
  readonly footer: string;
  readonly alerts: readonly Alert[];
}

export interface MessageContext {
  readonly chain: string;
  readonly node: string;
  /** Under which address people reach the dashboard, without a slash at the end. */
  readonly linkBase?: string;
}

const LONGEST_SUBJECT = 160;
const LONGEST_FACT = 1000;
const LONGEST_ID = 64;
const LISTED_BLOCKS = 10;

const PREFIX: Readonly<Record<Message['event'], string>> = {
  opened: '',
  escalated: 'ESCALATED: ',
  reminder: 'Still open: ',
  resolved: 'Resolved: ',
  test: 'Test: ',
};

/**
 * What happened, where, since when, and what to do now. Names of nodes and replicas, comments and messages of errors come
 * from users and from other machines: all of it passes {@link oneLine}, and each channel escapes it for its own markup.
 */
export function messageOf(batch: Batch, context: MessageContext, now: number): Message {
  const { alerts, event } = batch;
  const [first] = alerts;
  const worst = alerts.reduce((a, b) => (b.rank > a.rank ? b : a), first!);
  const more = alerts.length > 1 ? ` (and ${alerts.length - 1} more)` : '';
  const where = worst.where.replica ?? worst.where.node ?? worst.where.chain;
  const subject = `[${worst.severity}] ${PREFIX[event]}${worst.title}${more} - chain ${context.chain}, ${where}`;
  return {
    id: batch.id,
    event,
    subject: oneLine(subject, LONGEST_SUBJECT),
    entries: alerts.map((alert) => entryOf(alert, event, context, now)),
    severity: worst.severity,
    footer: footerOf(context),
    alerts,
  };
}

/** What a test of a channel sends: nothing is wrong. */
export function testMessage(id: string, by: string, context: MessageContext, now: number): Message {
  const facts = [
    { name: 'What', value: `A test, asked for by ${by}. Nothing is wrong; this channel works.` },
    { name: 'Where', value: `chain ${context.chain}, node ${context.node}` },
    { name: 'Sent', value: timeText(now) },
  ].map(({ name, value }) => ({ name, value: oneLine(value, LONGEST_FACT) }));
  const title = 'Test of the alerts';
  const link = context.linkBase === undefined ? {} : { link: `${context.linkBase}/#/alerts` };
  return {
    ...{ id, event: 'test', severity: INFO, alerts: [], footer: footerOf(context) },
    subject: oneLine(`[info] ${title} - chain ${context.chain}`, LONGEST_SUBJECT),
    entries: [{ title, severity: INFO, facts, ...link }],
  };
}

function entryOf(alert: Alert, event: AlertEvent, { linkBase }: MessageContext, now: number): MessageEntry {
  const { title, what, where, jobId, severity, resolution } = alert;
  const facts = [
    { name: 'What', value: what },
    { name: 'Where', value: placeText(where) },
    { name: 'Since', value: `${timeText(alert.since)} (${durationText(now - alert.since)})` },
    ...reasonFacts(alert, event),
    event === 'resolved'
      ? { name: 'Resolved', value: `${timeText(alert.resolvedAt ?? now)}. ${resolution ?? ''}` }
      : { name: 'What to do now', value: actionOf(alert) },
    { name: 'Rule', value: `${alert.rule}, seen ${alert.count} ${alert.count === 1 ? 'time' : 'times'}` },
  ];
  return {
    title: oneLine(title, LONGEST_SUBJECT),
    severity,
    facts: facts.map(({ name, value }) => ({ name, value: oneLine(value, LONGEST_FACT) })),
    ...(linkBase === undefined ? {} : { link: `${linkBase}${alertPath(alert.id)}` }),
    ...(linkBase === undefined || jobId === undefined
      ? {}
      : { reportLink: `${linkBase}/#/report/${encodeURIComponent(oneLine(jobId, LONGEST_ID))}` }),
  };
}

/** What to do now, and what has to be validated before the alert is over. */
export const actionOf = ({ action, evidence }: Alert): string =>
  oneLine(`${action} ${whatCloses(evidence)}`, LONGEST_FACT);

/** Where the dashboard shows the alert. */
export const alertPath = (id: string): string => `/#/alerts/${encodeURIComponent(id)}`;

function reasonFacts(alert: Alert, event: AlertEvent): { name: string; value: string }[] {
  if (alert.acknowledgedBy !== undefined) {
    const comment = alert.comment === undefined ? '' : `: ${alert.comment}`;
    return [{ name: 'Acknowledged', value: `by ${alert.acknowledgedBy}${comment}` }];
  }
  if (event !== 'escalated') return [];
  const value = alert.escalatedAt === undefined ? 'It got worse.' : 'Nobody has acknowledged it in time.';
  return [{ name: 'Escalated', value }];
}

function placeText({ chain, replica, node, blocks }: Alert['where']): string {
  const shown = blocks.slice(0, LISTED_BLOCKS).join(', ');
  const more = blocks.length > LISTED_BLOCKS ? ', …' : '';
  return [
    `chain ${chain}`,
    ...(replica === undefined ? [] : [`replica ${replica}`]),
    ...(node === undefined ? [] : [`node ${node}`]),
    ...(blocks.length === 0 ? [] : [`${blocks.length === 1 ? 'block' : 'blocks'} ${shown}${more}`]),
  ].join(', ');
}

const footerOf = ({ chain, node }: MessageContext): string =>
  oneLine(`Sent by the ProvChain node ${node} for chain ${chain}.`, LONGEST_FACT);

const timeText = (at: number): string => `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`;

function durationText(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 120) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}

/** For people who read plain text. */
export function plainMessage({ entries, footer }: Message): string {
  const blocks = entries.map(({ title, severity, facts, link, reportLink }) =>
    [
      `${title} [${severity}]`,
      '',
      ...facts.map(({ name, value }) => `${name}: ${value}`),
      ...(link === undefined ? [] : [`Alert: ${link}`]),
      ...(reportLink === undefined ? [] : [`Report: ${reportLink}`]),
    ].join('\n'),
  );
  return `${[...blocks, footer].join('\n\n')}\n`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]!);

const COLOURS: Readonly<Record<AlertSeverity, string>> = {
  critical: '#b00020',
  warning: '#8a5a00',
  info: '#1f5f8b',
};

/** The same as HTML: no script, no picture, nothing that is fetched. */
export function htmlMessage({ entries, footer, event }: Message): string {
  const blocks = entries.map(({ title, severity, facts, link, reportLink }) => {
    const colour = event === 'resolved' ? '#1b6e3c' : COLOURS[severity];
    const rows = facts.map(
      ({ name, value }) =>
        `<tr><th align="left" valign="top" style="padding:2px 12px 2px 0">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
    );
    const anchors = [
      ...(link === undefined ? [] : [`<a href="${escapeHtml(link)}">Open the alert</a>`]),
      ...(reportLink === undefined ? [] : [`<a href="${escapeHtml(reportLink)}">Open the report</a>`]),
    ];
    return `<h2 style="color:${colour}">${escapeHtml(title)}</h2><table>${rows.join('')}</table><p>${anchors.join(' &middot; ')}</p>`;
  });
  return `<!doctype html><html><body style="font-family:sans-serif">${blocks.join('<hr>')}<p><small>${escapeHtml(footer)}</small></p></body></html>`;
}

/** Names of rules are of a closed set, so they can stand in headers. */
export const rulesOf = ({ alerts }: Message): readonly AlertRule[] => [
  ...new Set(alerts.map(({ rule }) => rule)),
];
