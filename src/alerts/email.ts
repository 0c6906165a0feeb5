import { connect, type Socket } from 'node:net';
import type { Channel } from './channel.js';
import { htmlMessage, type Message, plainMessage, rulesOf } from './message.js';

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  /** `starttls`: nothing is sent before the connection is encrypted. `none`: in the clear. */
  readonly security: 'starttls' | 'tls' | 'none';
  readonly username?: string;
  readonly password?: string;
  readonly from: string;
  readonly recipients: readonly string[];
  /** PEM of the authority that signs the server's certificate, beside those that the system knows. */
  readonly ca?: string;
  readonly timeoutMs: number;
}

const LISTED_ADDRESSES = 5;

/**
 * Mail over SMTP. What one of several recipients was accepted for counts as sent, with a warning that names the others: to
 * send it again would only repeat it to those who have it. The Message-ID is that of the message, the same in every attempt, so that a mail system that gets it
 * twice can show it once. Subject and body are plain text of one line each (plain-text.ts), so they can end no header; the
 * addresses are those of the settings.
 */
export function createEmail(options: EmailOptions): Channel {
  const { from, recipients, timeoutMs } = options;
  const domain = from.slice(from.lastIndexOf('@') + 1).replace(/[^A-Za-z0-9.-]/g, '');
  return {
    name: 'email',
    timeoutMs,
    async send(message, signal, warn) {
      const socket = connect({ host: options.host, port: options.port });
      // Sockets time out when nothing comes; the signal also ends the one to a server that drips.
      const end = () => socket.destroy();
      // What it says after nobody asks any more is nobody's error.
      socket.on('error', () => {});
      signal.addEventListener('abort', end);
      try {
        // Loaded with the first message: most nodes have no mail server.
        const [{ createTransport }] = await Promise.all([
          import('nodemailer'),
          orAborted(connected(socket), signal),
        ]);
        const transport = createTransport(transportOptions(options, socket));
        const { accepted, rejected } = await orAborted(
          transport.sendMail({
            from,
            to: [...recipients],
            subject: message.subject,
            text: plainMessage(message),
            html: htmlMessage(message),
            messageId: `<${message.id}@${domain}>`,
            references: message.alerts.map(({ id }) => `<${id}@${domain}>`),
            headers: headersOf(message),
            disableFileAccess: true,
            disableUrlAccess: true,
          }),
          signal,
        );
        if (accepted.length === 0) throw new Error(`no recipient was accepted (${rejected.length} refused)`);
        if (rejected.length > 0) warn?.(refusedText(rejected.map(String)));
      } finally {
        signal.removeEventListener('abort', end);
        socket.destroy();
      }
    },
  };
}

/** Addresses are those of the settings. */
function refusedText(refused: readonly string[]): string {
  const more = refused.length > LISTED_ADDRESSES ? ' and others' : '';
  return `the server refused ${refused.length} of the recipients: ${refused.slice(0, LISTED_ADDRESSES).join(', ')}${more}`;
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
}

function transportOptions(
  { host, port, security, username, password, ca, timeoutMs }: EmailOptions,
  connection: Socket,
) {
  return {
    ...{ host, port, connection },
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(username === undefined || password === undefined ? {} : { auth: { user: username, pass: password } }),
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
    dnsTimeout: timeoutMs,
    tls: { minVersion: 'TLSv1.2' as const, ...(ca === undefined ? {} : { ca }) },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function headersOf(message: Message): Record<string, string> {
  return {
    'Auto-Submitted': 'auto-generated',
    'X-ProvChain-Event': message.event,
    'X-ProvChain-Delivery': message.id,
    'X-ProvChain-Rules': rulesOf(message).join(', '),
    ...(message.severity === 'critical' ? { Importance: 'high' } : {}),
  };
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
