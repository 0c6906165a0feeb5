import { createHmac } from 'node:crypto';
import type { Channel } from './channel.js';
import { post } from './http-post.js';
import type { Message } from './message.js';
import { viewOfAlert } from './view.js';

export interface WebhookOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Signs every body when there is one. */
  readonly secret?: string;
  readonly allowPrivateAddresses: boolean;
  readonly chain: string;
  readonly node: string;
  readonly linkBase?: string;
  readonly now: () => number;
}

/**
 * A POST of `provchain-alert/1` (docs/alerts.md). `X-ProvChain-Delivery` is the same in every attempt. With a secret,
 * `X-ProvChain-Signature: t=SECONDS,v1=HEX` is HMAC-SHA-256 over `SECONDS.DELIVERY.BODY`, so that nobody can replay an old
 * body as a new delivery, or later than the receiver cares to take it.
 */
export function createWebhook(options: WebhookOptions): Channel {
  const { url, timeoutMs, secret, allowPrivateAddresses } = options;
  return {
    name: 'webhook',
    timeoutMs,
    send(message, signal) {
      const body = webhookBody(message, options);
      const seconds = Math.floor(options.now() / 1000);
      const signature: Record<string, string> =
        secret === undefined
          ? {}
          : { 'x-provchain-signature': `t=${seconds},v1=${sign(secret, seconds, message.id, body)}` };
      const headers = {
        'user-agent': 'provchain-validator',
        ...lowerCased(options.headers),
        'content-type': 'application/json',
        'x-provchain-delivery': message.id,
        'x-provchain-event': message.event,
        ...signature,
      };
      return post({ url, headers, body, allowPrivateAddresses, signal });
    },
  };
}

const sign = (secret: string, seconds: number, delivery: string, body: string): string =>
  createHmac('sha256', secret).update(`${seconds}.${delivery}.${body}`).digest('hex');

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function webhookBody(message: Message, { chain, node, linkBase }: WebhookOptions): string {
  const { id, event, severity, subject, alerts, entries } = message;
  return JSON.stringify({
    schema: 'provchain-alert/1',
    delivery: id,
    event,
    severity,
    subject,
    chain,
    node,
    alerts: alerts.map((alert, at) => {
      const { deliveries: _deliveries, silencedUntil: _silenced, link, ...view } = viewOfAlert(alert, [], 0);
      const url = linkBase === undefined ? null : `${linkBase}${link}`;
      return { ...view, url, reportUrl: entries[at]?.reportLink ?? null };
    }),
  });
}
