import { type MailServer, selfSigned, startMailServer } from './mail-server.js';
import { type Receiver, startReceiver } from './receiver.js';

/** One of each channel, real ones, and what has arrived over them. */
export interface AlertChannels {
  /** TOML of a node that tells all three. */
  readonly toml: string;
  readonly mail: MailServer;
  readonly webhook: Receiver;
  readonly slack: Receiver;
  /** Events of the messages that arrived, in order, tests aside: by their delivery id, each once. */
  events(channel: ChannelName): string[];
  /** Delivery ids, as often as they arrived. */
  deliveries(channel: ChannelName): string[];
  close(): Promise<void>;
}

export type ChannelName = 'email' | 'webhook' | 'slack';
export const ALL: readonly ChannelName[] = ['email', 'webhook', 'slack'];

export async function startAlertChannels(): Promise<AlertChannels> {
  const certificate = selfSigned();
  const login = { user: 'alerts@company.example', pass: 'correct horse' };
  const mail = await startMailServer({ key: certificate.key, cert: certificate.cert, login });
  const [webhook, slack] = [await startReceiver(), await startReceiver()];
  const arrived = (channel: ChannelName): { id: string; event: string }[] => {
    if (channel === 'email') {
      return mail.received.map(({ raw }) => ({
        id: /^X-ProvChain-Delivery: (\S+)/im.exec(raw)?.[1] ?? '',
        event: /^X-ProvChain-Event: (\S+)/im.exec(raw)?.[1] ?? '',
      }));
    }
    if (channel === 'webhook') {
      return webhook.received.map(({ body }) => {
        const { delivery, event } = JSON.parse(body) as { delivery: string; event: string };
        return { id: delivery, event };
      });
    }
    // Slack gets no id of the message, but links to the alerts that it tells of.
    return slack.received.map(({ body }) => {
      const { text } = JSON.parse(body) as { text: string };
      const event = text.includes('Resolved: ')
        ? 'resolved'
        : text.includes('ESCALATED')
          ? 'escalated'
          : 'opened';
      const alerts = [...body.matchAll(/#\/alerts\/([^|]+)\|/g)].map(([, id]) => id);
      return { id: `${event} ${alerts.join()}`, event };
    });
  };
  return {
    ...{ mail, webhook, slack },
    toml: `
[integrity.alerting]
enable_email = true
enable_webhook = true
enable_slack = true
cooldown_seconds = 0
group_wait_seconds = 0
link_base = "https://provchain.example"

[integrity.alerting.email]
smtp_server = "localhost"
timeout_seconds = 5
smtp_port = ${mail.port}
ca_file = ${JSON.stringify(certificate.file)}
username = "${login.user}"
password = "${login.pass}"
recipients = ["admin@company.example"]

[integrity.alerting.webhook]
url = "${webhook.url}/hook"
timeout_seconds = 5
headers = { Authorization = "Bearer \${WEBHOOK_TOKEN}" }
allow_private_addresses = true

[integrity.alerting.slack]
webhook_url = "${slack.url}/services/T/B/X"
timeout_seconds = 5
allow_private_addresses = true
`,
    events: (channel) => {
      const once = new Map(arrived(channel).map(({ id, event }) => [id, event]));
      return [...once.values()];
    },
    deliveries: (channel) => arrived(channel).map(({ id }) => id),
    async close() {
      await Promise.all([mail.close(), webhook.close(), slack.close()]);
      certificate.remove();
    },
  };
}
