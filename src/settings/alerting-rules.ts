import type { Settings } from './schema.js';
import { secretProblem } from './secret-strength.js';
import type { Verdict } from './verdict.js';

const ALERTING = ['integrity', 'alerting'] as const;
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
/** What the connection and the message itself decide. */
const OWN_HEADERS =
  /^(?:host|content-length|transfer-encoding|connection|expect|upgrade|te|trailer|x-provchain-.*)$/i;
const MOST_HEADERS = 50;

/** A channel that is switched on has all that it needs. */
export function checkAlerting({ integrity: { alerting } }: Settings): Verdict[] {
  return [...checkEmail(alerting), ...checkWebhook(alerting), ...checkSlack(alerting)];
}

type Alerting = Settings['integrity']['alerting'];

function missing(channel: 'email' | 'webhook' | 'slack', key: string, hint = ''): Verdict {
  return {
    path: [...ALERTING, channel, key],
    message: `is missing; enable_${channel} needs it${hint}`,
    given: [[...ALERTING, `enable_${channel}`]],
  };
}

function checkEmail({ enable_email, email }: Alerting): Verdict[] {
  if (!enable_email) return [];
  const { smtp_server, recipients, from, username, password, security } = email;
  const path = (key: string) => [...ALERTING, 'email', key];
  const verdicts: Verdict[] = [];
  if (smtp_server === undefined) verdicts.push(missing('email', 'smtp_server'));
  if (recipients.length === 0) verdicts.push(missing('email', 'recipients'));
  if (from === undefined) verdicts.push(missing('email', 'from', ', or a username that is an address'));
  if (username !== undefined && password === undefined) {
    const message = 'has no password (PROVCHAIN_EMAIL_PASSWORD): nobody logs in';
    verdicts.push({ path: path('username'), message, only: 'warning', given: [path('password')] });
  }
  if (security === 'none') {
    const message = 'is "none": the mail and its password cross the network in the clear';
    verdicts.push({ path: path('security'), message, only: 'warning' });
  }
  return verdicts;
}

function checkWebhook({ enable_webhook, webhook }: Alerting): Verdict[] {
  const { url, headers, secret } = webhook;
  const path = (...keys: string[]) => [...ALERTING, 'webhook', ...keys];
  const verdicts: Verdict[] = [];
  const names = Object.keys(headers);
  if (names.length > MOST_HEADERS) {
    verdicts.push({
      path: path('headers'),
      message: `has ${names.length} entries; ${MOST_HEADERS} are allowed`,
    });
  }
  for (const name of names) {
    if (!TOKEN.test(name)) verdicts.push({ path: path('headers', name), message: 'is no name of a header' });
    else if (OWN_HEADERS.test(name)) {
      verdicts.push({ path: path('headers', name), message: 'is set by the program itself' });
    }
  }
  const weak = secret === undefined ? undefined : secretProblem(secret);
  if (weak !== undefined) verdicts.push({ path: path('secret'), message: weak });
  if (!enable_webhook) return verdicts;
  if (url === undefined) verdicts.push(missing('webhook', 'url'));
  else if (new URL(url).protocol === 'http:' && !webhook.allow_private_addresses) {
    const message = 'is not https: alerts and their headers cross the network in the clear';
    verdicts.push({ path: path('url'), message, only: 'warning' });
  }
  return verdicts;
}

function checkSlack({ enable_slack, slack: { webhook_url } }: Alerting): Verdict[] {
  if (!enable_slack) return [];
  if (webhook_url === undefined) return [missing('slack', 'webhook_url')];
  if (!webhook_url.includes('YOUR/SLACK/WEBHOOK')) return [];
  const message = 'is the placeholder of the guide; put the URL of your incoming webhook there';
  return [{ path: [...ALERTING, 'slack', 'webhook_url'], message }];
}
