import type { Channel } from './channel.js';
import { post } from './http-post.js';
import type { Message, MessageEntry } from './message.js';
import { oneLine } from './plain-text.js';

export interface SlackOptions {
  /** An incoming webhook: who knows it may write to the channel. */
  readonly webhookUrl: string;
  readonly timeoutMs: number;
  readonly channel?: string;
  readonly username?: string;
  readonly allowPrivateAddresses: boolean;
}

/** Limits of Slack's Block Kit; of blocks there may be 50, and an alert takes up to nine. */
const LONGEST_HEADER = 150;
const LONGEST_FIELD = 2000;
const MOST_ENTRIES = 5;

/** Slack's three: https://docs.slack.dev/messaging/formatting-message-text#escaping */
const escapeSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * Everything that may come from a user is in `plain_text` objects, in which Slack reads no markup, mentions or links. Only
 * our own links are `mrkdwn`.
 */
const plain = (text: string, most: number) => ({
  type: 'plain_text',
  text: oneLine(text, most),
  emoji: false,
});

export function createSlack(options: SlackOptions): Channel {
  const { webhookUrl: url, timeoutMs, allowPrivateAddresses } = options;
  return {
    name: 'slack',
    timeoutMs,
    mostAlerts: MOST_ENTRIES,
    send: (message, signal) =>
      post({
        ...{ url, allowPrivateAddresses, signal },
        headers: { 'content-type': 'application/json', 'user-agent': 'provchain-validator' },
        body: JSON.stringify(slackBody(message, options)),
      }),
  };
}

const SIGNS: Readonly<Record<string, string>> = { critical: '🔴', warning: '🟠', info: '🔵' };

function slackBody(message: Message, { channel, username }: Pick<SlackOptions, 'channel' | 'username'>) {
  const { subject, entries, footer } = message;
  const blocks = entries.slice(0, MOST_ENTRIES).flatMap((entry) => blocksOf(entry, message.event));
  return {
    // Shown in notifications; with these options Slack makes no links or mentions of names in it.
    text: escapeSlack(subject),
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    ...(channel === undefined ? {} : { channel }),
    ...(username === undefined ? {} : { username }),
    blocks: [...blocks, { type: 'context', elements: [plain(footer, LONGEST_FIELD)] }],
  };
}

function blocksOf(
  { title, severity, facts, link, reportLink }: MessageEntry,
  event: Message['event'],
): object[] {
  const sign = event === 'resolved' ? '🟢' : SIGNS[severity];
  const links = [
    ...(link === undefined ? [] : [`<${escapeSlack(link)}|Open the alert>`]),
    ...(reportLink === undefined ? [] : [`<${escapeSlack(reportLink)}|Open the report>`]),
  ];
  return [
    { type: 'header', text: plain(`${sign} ${title}`, LONGEST_HEADER) },
    ...facts.map(({ name, value }) => ({ type: 'section', text: plain(`${name}: ${value}`, LONGEST_FIELD) })),
    ...(links.length === 0
      ? []
      : [{ type: 'section', text: { type: 'mrkdwn', text: links.join('  ·  '), verbatim: true } }]),
  ];
}
