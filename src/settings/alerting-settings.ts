import {
  amount,
  emailAddress,
  filePath,
  flag,
  headerText,
  hostName,
  listOf,
  oneOf,
  passwordText,
  secretText,
  section,
  setting,
  shortText,
  textsByName,
  webUrl,
  whole,
} from './setting.js';

const A_DAY_MINUTES = 1440;
const MOST_RECIPIENTS = 50;
const privateAddresses = () =>
  setting(flag().default(false), {
    meaning: 'messages may go to loopback, private and link-local addresses',
  });

const email = section('Mail over SMTP.', {
  smtp_server: setting(hostName().optional(), { meaning: 'server that takes the mail' }),
  smtp_port: setting(whole(1, 65_535).default(587), { meaning: 'its port; 465 with security = "tls"' }),
  security: setting(oneOf(['starttls', 'tls', 'none']).default('starttls'), {
    meaning: '"starttls": nothing is sent before the connection is encrypted; "none": in the clear',
  }),
  ca_file: setting(filePath().optional(), {
    meaning: "PEM file of an authority of your own that vouches for the server's certificate",
  }),
  username: setting(shortText().optional(), { meaning: 'who logs in; nobody when left out' }),
  password: setting(passwordText().optional(), {
    meaning: 'its password',
    otherwise: 'PROVCHAIN_EMAIL_PASSWORD',
    secret: 'value',
  }),
  from: setting(emailAddress().optional(), { meaning: 'address of the sender', otherwise: 'username' }),
  recipients: setting(listOf(emailAddress(), 'mail addresses', MOST_RECIPIENTS).default([]), {
    meaning: 'who gets the mail',
  }),
  timeout_seconds: setting(whole(1, 300).default(30), { meaning: 'for one message', unit: 's' }),
});

const webhook = section('A POST of JSON, schema provchain-alert/1 (docs/alerts.md).', {
  url: setting(webUrl().optional(), { meaning: 'where to; a redirect is not followed', secret: 'url' }),
  timeout_seconds: setting(whole(1, 300).default(30), { meaning: 'for one answer', unit: 's' }),
  headers: setting(
    textsByName(
      setting(headerText(), { meaning: 'value of a header of the request', secret: 'value' }),
    ).default({}),
    { meaning: 'headers of the request, such as Authorization', secret: 'value' },
  ),
  secret: setting(secretText().optional(), {
    meaning: 'signs every body: X-ProvChain-Signature is HMAC-SHA-256 with it',
    secret: 'value',
  }),
  allow_private_addresses: privateAddresses(),
});

const slack = section('An incoming webhook of Slack.', {
  webhook_url: setting(webUrl().optional(), {
    meaning: 'its URL; who knows it may write to the channel',
    secret: 'value',
  }),
  channel: setting(shortText().optional(), { meaning: 'another channel than that of the webhook' }),
  username: setting(shortText().optional(), { meaning: 'another name of the sender' }),
  timeout_seconds: setting(whole(1, 300).default(30), { meaning: 'for one answer', unit: 's' }),
  allow_private_addresses: privateAddresses(),
});

const custom = section('Alerts about figures. What is left out is not watched.', {
  cache_hit_rate_threshold: setting(amount(0, 1).optional(), {
    meaning: 'alert when a smaller share of requests is answered from the cache',
  }),
  validation_time_threshold_ms: setting(amount(1, 86_400_000).optional(), {
    meaning: 'alert when validations take longer on average',
    unit: 'ms',
  }),
  memory_usage_threshold_percent: setting(amount(1, 100).optional(), {
    meaning: 'alert when the validator process takes more of resource_limits.max_memory_mb',
    unit: '%',
  }),
  disk_free_percent_threshold: setting(amount(0, 100).default(10), {
    meaning: 'alert when less of the volume of the chain or the state is free; 0: never',
    unit: '%',
  }),
  replica_behind_seconds: setting(whole(1, 86_400).default(300), {
    meaning: 'alert when a replica lacks blocks that another has had for so long',
    unit: 's',
  }),
});

export const alerting = section(
  'Who is told what, and when. Alerts are kept and shown also with no channel enabled.',
  {
    enable_email: setting(flag().default(false), { meaning: 'tell by mail' }),
    enable_webhook: setting(flag().default(false), { meaning: 'tell a webhook' }),
    enable_slack: setting(flag().default(false), { meaning: 'tell Slack' }),
    critical_threshold: setting(whole(1, 1_000_000).default(3), {
      meaning: 'one more alert for so many critical findings in one result; a single one is an alert already',
      unit: 'findings',
    }),
    warning_threshold: setting(whole(1, 1_000_000).default(5), {
      meaning: 'one more alert for so many warnings in one result',
      unit: 'findings',
    }),
    cooldown_seconds: setting(whole(0, 86_400).default(300), {
      meaning:
        'what comes back so soon after it was resolved is the same alert, and is told when the time is over, if it lasts',
      unit: 's',
    }),
    group_wait_seconds: setting(whole(0, 3600).default(5), {
      meaning: 'what is not critical waits so long, so that what comes together is one message',
      unit: 's',
    }),
    escalate_after_minutes: setting(whole(0, 7 * A_DAY_MINUTES).default(30), {
      meaning: 'a critical alert that nobody has acknowledged is told once more; 0: never',
      unit: 'min',
    }),
    repeat_hours: setting(amount(0, 720).default(24), {
      meaning: 'what is open is told again so often; 0: never',
      unit: 'h',
    }),
    link_base: setting(webUrl().optional(), {
      meaning: 'where people reach the dashboard, for the links in messages',
      otherwise: 'network.api.public_url; without it there are no links',
    }),
    email,
    webhook,
    slack,
    custom,
  },
);
