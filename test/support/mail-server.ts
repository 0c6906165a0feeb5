import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A message as it arrived. */
interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user?: string;
  readonly secure: boolean;
  /** Head and body, to the byte. */
  readonly raw: string;
}

/** A real SMTP server that keeps what it gets. */
export interface MailServer {
  readonly port: number;
  readonly received: ReceivedMail[];
  close(): Promise<void>;
}

export interface MailServerOptions extends SMTPServerOptions {
  readonly port?: number;
  /** Who may send, and with what; anybody when not given. */
  readonly login?: { readonly user: string; readonly pass: string };
  /** Called before a message is confirmed. */
  readonly onMail?: (mail: ReceivedMail) => void | Promise<void>;
}

export async function startMailServer({
  port = 0,
  login,
  onMail,
  ...options
}: MailServerOptions = {}): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: login === undefined,
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onAuth: ({ username, password }, _session, done) => {
      const known = username === login?.user && password === login?.pass;
      done(known ? null : new Error('no such login'), { user: username });
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail = {
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          user: session.user === undefined ? undefined : String(session.user),
          secure: session.secure,
          raw: Buffer.concat(chunks).toString('utf8'),
        };
        received.push(mail);
        await onMail?.(mail);
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  const bound = (server.server.address() as AddressInfo).port;
  return {
    port: bound,
    received,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A certificate for `localhost` and 127.0.0.1 that signs itself. */
export function selfSigned(): {
  readonly key: string;
  readonly cert: string;
  readonly file: string;
  remove(): void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'provchain-cert-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      ...subject,
    ].concat(['-keyout', key, '-out', cert]),
    { stdio: 'ignore' },
  );
  return {
    key: readFileSync(key, 'utf8'),
    cert: readFileSync(cert, 'utf8'),
    file: cert,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
