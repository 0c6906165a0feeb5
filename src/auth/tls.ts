import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import { readPrivateFile } from './private-file.js';

/** The keys of `[network.tls]` that matter here. */
export interface TlsSettings {
  /** PEM: the server's certificate first, then those between it and the root. */
  readonly cert_file: string;
  /** PEM without a passphrase. */
  readonly key_file: string;
  readonly min_tls_version: '1.2' | '1.3';
}

export interface Tls {
  /** For `https.createServer`. */
  readonly options: SecureContextOptions;
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Forward secrecy and authenticated encryption only (RFC 9325 §4.2); the first three are those of TLS 1.3. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

const MOST_BYTES = 1024 * 1024;

/**
 * Certificate and key for an HTTPS server. Errors: FILE_UNREADABLE when one is missing; CONFIG_INVALID with the file's
 * name when one is not what it should be, the key is readable for everybody, or the two do not belong together. A
 * certificate out of its time is taken, because clients will say so and a node that does not start says less; see
 * {@link certificateWarning}.
 */
export function loadTls(settings: TlsSettings): Tls {
  const { cert_file, key_file, min_tls_version } = settings;
  const cert = readCertificateFile(cert_file);
  const certificate = parseCertificate(cert, cert_file);
  const { text: key } = readPrivateFile(key_file, { readers: 'group', mostBytes: MOST_BYTES });
  if (!certificate.checkPrivateKey(parseKey(key, key_file))) {
    const message = `it is not the key of the certificate in ${cert_file}`;
    throw new ProvChainError('CONFIG_INVALID', message, { place: { source: key_file } });
  }
  const options: SecureContextOptions = {
    cert,
    key,
    minVersion: min_tls_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
  };
  assertUsable(options, cert_file);
  return {
    options,
    subject: certificate.subject.replaceAll('\n', ', '),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  };
}

/** OpenSSL has demands of its own, on the length of keys for one. */
function assertUsable(options: SecureContextOptions, source: string): void {
  try {
    createSecureContext(options);
  } catch (cause) {
    const message = `OpenSSL refuses it: ${(cause as Error).message}`;
    throw new ProvChainError('CONFIG_INVALID', message, { cause, place: { source } });
  }
}

const WARN_DAYS = 14;

/** What is wrong with the time of a certificate, or will soon be; undefined when nothing is. */
export function certificateWarning({ notBefore, notAfter }: Tls, now: Date): string | undefined {
  if (now < notBefore) return `the TLS certificate is not valid before ${notBefore.toISOString()}`;
  if (now >= notAfter) return `the TLS certificate expired at ${notAfter.toISOString()}`;
  const days = Math.floor((notAfter.getTime() - now.getTime()) / 86_400_000);
  return days < WARN_DAYS ? `the TLS certificate expires in ${days} days` : undefined;
}

export interface TlsWatch {
  /** Reads both files again now. False, with the reason in the log, when they cannot be used: the old pair stays. */
  reload(): boolean;
  close(): void;
}

/**
 * Gives a running server a new certificate and key on SIGHUP, and when one of the files changes. They are looked at
 * every `everyMs` instead of watched: renewal tools replace files and symbolic links in ways that watching misses.
 * A pair that is half replaced does not match and is tried again at the next look. Connections that stand are kept.
 */
export function watchTls(
  server: Pick<Server, 'setSecureContext'>,
  settings: TlsSettings,
  { log, now, everyMs = 10_000 }: { log: Log; now: () => Date; everyMs?: number },
): TlsWatch {
  let applied = stampOf(settings);
  let failed: string | undefined;
  const reload = (): boolean => {
    const stamp = stampOf(settings);
    try {
      const tls = loadTls(settings);
      server.setSecureContext(tls.options);
      applied = stamp;
      failed = undefined;
      log.info('TLS certificate read again', { subject: tls.subject, notAfter: tls.notAfter.toISOString() });
      const warning = certificateWarning(tls, now());
      if (warning) log.warn('TLS certificate needs attention', { warning });
      return true;
    } catch (thrown) {
      const { message, place } = ProvChainError.from(thrown);
      // Said once for each state of the files, not at every look.
      if (failed !== stamp)
        log.error('new TLS certificate unusable, the old one stays', { message, ...place });
      failed = stamp;
      return false;
    }
  };
  const timer = setInterval(() => {
    if (stampOf(settings) !== applied) reload();
  }, everyMs);
  timer.unref();
  process.on('SIGHUP', reload);
  return {
    reload,
    close() {
      clearInterval(timer);
      process.off('SIGHUP', reload);
    },
  };
}

function stampOf({ cert_file, key_file }: TlsSettings): string {
  return [cert_file, key_file]
    .map((path) => {
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat ? `${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}` : 'none';
    })
    .join(' ');
}

function readCertificateFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw new ProvChainError('FILE_UNREADABLE', why, { cause, place: { source: path } });
  }
}

function parseCertificate(pem: string, source: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ProvChainError('CONFIG_INVALID', 'it holds no certificate in PEM', {
      cause,
      place: { source },
    });
  }
}

function parseKey(pem: string, source: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const encrypted = /ENCRYPTED/.test(pem);
    const what = encrypted
      ? 'its key has a passphrase, which is not supported'
      : 'it holds no private key in PEM';
    throw new ProvChainError('CONFIG_INVALID', what, { cause, place: { source } });
  }
}
