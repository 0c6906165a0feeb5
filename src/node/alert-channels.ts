import { readFile } from 'node:fs/promises';
import { type Channel, createEmail, createSlack, createWebhook } from '../alerts/index.js';
import { ProvChainError } from '../errors.js';
import type { Settings } from '../settings/index.js';

interface ChannelContext {
  readonly chain: string;
  readonly node: string;
  readonly linkBase?: string;
  readonly now: () => number;
}

/** The channels that are switched on. Errors: FILE_UNREADABLE for the certificate of a mail server. */
export async function openChannels(
  { integrity: { alerting } }: Settings,
  context: ChannelContext,
): Promise<readonly Channel[]> {
  const { enable_email, enable_webhook, enable_slack } = alerting;
  return [
    ...(enable_email ? [await openEmail(alerting.email)] : []),
    ...(enable_webhook ? openWebhook(alerting.webhook, context) : []),
    ...(enable_slack ? openSlack(alerting.slack) : []),
  ];
}

type Alerting = Settings['integrity']['alerting'];

async function openEmail(email: Alerting['email']): Promise<Channel> {
  const { smtp_server: host, smtp_port: port, security, username, password, from, recipients } = email;
  // Rules of the settings: what is switched on has these.
  if (host === undefined || from === undefined) {
    throw new ProvChainError('CONFIG_INVALID', 'integrity.alerting.email names no server or no sender');
  }
  const timeoutMs = email.timeout_seconds * 1000;
  const ca = email.ca_file === undefined ? undefined : await readAuthority(email.ca_file);
  return createEmail({ host, port, security, username, password, from, recipients, ca, timeoutMs });
}

async function readAuthority(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const message = `the authority of the mail server cannot be read: ${String(cause)}`;
    throw new ProvChainError('FILE_UNREADABLE', message, { cause, place: { source: file } });
  }
}

function openWebhook(webhook: Alerting['webhook'], context: ChannelContext): Channel[] {
  const { url, timeout_seconds, headers, secret, allow_private_addresses: allowPrivateAddresses } = webhook;
  if (url === undefined) return [];
  const timeoutMs = timeout_seconds * 1000;
  return [createWebhook({ ...context, url, timeoutMs, headers, secret, allowPrivateAddresses })];
}

function openSlack(slack: Alerting['slack']): Channel[] {
  const { webhook_url: webhookUrl, timeout_seconds, channel, username } = slack;
  if (webhookUrl === undefined) return [];
  const allowPrivateAddresses = slack.allow_private_addresses;
  const timeoutMs = timeout_seconds * 1000;
  return [createSlack({ webhookUrl, timeoutMs, channel, username, allowPrivateAddresses })];
}
