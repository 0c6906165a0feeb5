import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type PeerCertificate, type SecureVersion } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateWarning, loadTls, type TlsSettings, watchTls } from '../../src/auth/index.js';
import { silentLog } from '../../src/logging/index.js';
import { temporaryFolder } from '../support/chains.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const HAS_OPENSSL = spawnSync('openssl', ['version']).status === 0;
if (!HAS_OPENSSL && process.env.CI) throw new Error('openssl is missing');
const coded = (code: string, message = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

/** A self-signed certificate `<name>.crt` and its key `<name>.key`. */
function makeCertificate(name: string, algorithm = 'ec', days = 365): void {
  const key = algorithm === 'ec' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : [algorithm];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', ...key, '-nodes', '-days', String(days), '-subj', `/CN=${name}`].concat([
      ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)],
    ]),
    { stdio: 'ignore' },
  );
  chmodSync(at(`${name}.key`), 0o600);
}

const settings = (cert: string, key = cert, min_tls_version: '1.2' | '1.3' = '1.2'): TlsSettings => ({
  cert_file: at(`${cert}.crt`),
  key_file: at(`${key}.key`),
  min_tls_version,
});

async function handshake(
  server: Server,
  version?: SecureVersion,
  ciphers?: string,
): Promise<{ protocol: string | null; cipher: string; subject: string }> {
  const { port } = server.address() as AddressInfo;
  const socket = connect({
    ...{ port, host: '127.0.0.1', rejectUnauthorized: false, ciphers },
    ...(version ? { minVersion: version, maxVersion: version } : {}),
  });
  try {
    await once(socket, 'secureConnect');
    const peer = socket.getPeerCertificate() as PeerCertificate;
    return {
      protocol: socket.getProtocol(),
      cipher: socket.getCipher().standardName,
      subject: String(peer.subject.CN),
    };
  } finally {
    socket.destroy();
  }
}

describe.skipIf(!HAS_OPENSSL)('TLS', () => {
  const servers: Server[] = [];

  beforeAll(() => {
    for (const name of ['one', 'two']) makeCertificate(name);
    makeCertificate('rsa', 'rsa:2048');
    makeCertificate('short', 'rsa:512');
  });

  afterAll(() => {
    for (const server of servers) server.close();
    folder.remove();
  });

  async function serve(tls: TlsSettings): Promise<Server> {
    const server = createServer(loadTls(tls).options);
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  it.each(['one', 'rsa'])(
    'serves 1.2 and 1.3 with the certificate of %s, and nothing older',
    async (name) => {
      const server = await serve(settings(name));
      expect(await handshake(server)).toMatchObject({ protocol: 'TLSv1.3', subject: name });
      expect(await handshake(server, 'TLSv1.2')).toMatchObject({ protocol: 'TLSv1.2' });
      const old = 'DEFAULT:@SECLEVEL=0';
      for (const version of ['TLSv1', 'TLSv1.1'] as const) {
        await expect(handshake(server, version, old)).rejects.toThrow(/version|unsupported|alert/i);
      }
    },
  );

  it('serves 1.3 only when told so', async () => {
    const server = await serve(settings('one', 'one', '1.3'));
    expect((await handshake(server)).protocol).toBe('TLSv1.3');
    await expect(handshake(server, 'TLSv1.2')).rejects.toThrow(/version|alert/i);
  });

  it('takes no cipher without forward secrecy or without authenticated encryption', async () => {
    const server = await serve(settings('rsa'));
    for (const cipher of ['AES128-GCM-SHA256', 'ECDHE-RSA-AES128-SHA256', 'ECDHE-RSA-AES256-SHA']) {
      await expect(handshake(server, 'TLSv1.2', cipher)).rejects.toThrow(/handshake failure|alert/i);
    }
    expect(await handshake(server, 'TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256')).toMatchObject({
      cipher: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    });
  });

  it.each<[string, () => TlsSettings, string, RegExp, string]>([
    ['a missing certificate', () => settings('none', 'one'), 'FILE_UNREADABLE', /no such file/, 'none.crt'],
    ['a missing key', () => settings('one', 'none'), 'FILE_UNREADABLE', /no such file/, 'none.key'],
    [
      'a key of another certificate',
      () => settings('one', 'two'),
      'CONFIG_INVALID',
      /not the key of/,
      'two.key',
    ],
    [
      'a certificate that is none',
      () => {
        writeFileSync(at('text.crt'), 'hello');
        return settings('text', 'one');
      },
      'CONFIG_INVALID',
      /no certificate/,
      'text.crt',
    ],
    [
      'a key that is none',
      () => {
        writeFileSync(at('text.key'), 'hello', { mode: 0o600 });
        return settings('one', 'text');
      },
      'CONFIG_INVALID',
      /no private key/,
      'text.key',
    ],
    [
      'a key with a passphrase',
      () => {
        execFileSync(
          'openssl',
          ['ec', '-aes256', '-passout', 'pass:x', '-in', at('one.key'), '-out', at('pass.key')],
          {
            stdio: 'ignore',
          },
        );
        chmodSync(at('pass.key'), 0o600);
        return settings('one', 'pass');
      },
      'CONFIG_INVALID',
      /passphrase/,
      'pass.key',
    ],
    [
      'a key that everybody may read',
      () => {
        copyFileSync(at('one.key'), at('open.key'));
        chmodSync(at('open.key'), 0o644);
        return settings('one', 'open');
      },
      'CONFIG_INVALID',
      /0644/,
      'open.key',
    ],
    ['a key that is too short', () => settings('short'), 'CONFIG_INVALID', /too small/, 'short.crt'],
  ])('refuses %s, naming the file', (_, make, code, message, source) => {
    const tls = make();
    expect(() => loadTls(tls)).toThrow(coded(code, message));
    expect(() => loadTls(tls)).toThrow(expect.objectContaining({ place: { source: at(source) } }));
  });

  it('warns of a certificate that is not valid now, or soon not any more', () => {
    const tls = loadTls(settings('one'));
    const day = 86_400_000;
    const at = (ms: number) => certificateWarning(tls, new Date(ms));
    expect(at(tls.notBefore.getTime() + day)).toBeUndefined();
    expect(at(tls.notBefore.getTime() - 1)).toMatch(/not valid before/);
    expect(at(tls.notAfter.getTime())).toMatch(/expired at/);
    expect(at(tls.notAfter.getTime() - 3 * day)).toBe('the TLS certificate expires in 3 days');
  });

  it('gives a running server the files that replaced the old ones, and keeps the old while they do not match', async () => {
    copyFileSync(at('one.crt'), at('live.crt'));
    copyFileSync(at('one.key'), at('live.key'));
    const tls = settings('live');
    const server = await serve(tls);
    const errors: string[] = [];
    const log = { ...silentLog, error: (message: string) => errors.push(message) };
    const watch = watchTls(server, tls, { log, now: () => new Date(), everyMs: 20 });
    const replace = (name: string) => {
      copyFileSync(at(`two.${name}`), at('next'));
      renameSync(at('next'), at(`live.${name}`));
    };
    try {
      replace('crt');
      await sleep(150);
      expect((await handshake(server)).subject).toBe('one');
      expect(errors).toEqual(['new TLS certificate unusable, the old one stays']);
      replace('key');
      for (let i = 0; i < 100 && (await handshake(server)).subject !== 'two'; i++) await sleep(20);
      expect((await handshake(server)).subject).toBe('two');
    } finally {
      watch.close();
    }
  });

  it('reads them again on SIGHUP', async () => {
    copyFileSync(at('one.crt'), at('hup.crt'));
    copyFileSync(at('one.key'), at('hup.key'));
    const tls = settings('hup');
    const server = await serve(tls);
    const watch = watchTls(server, tls, { log: silentLog, now: () => new Date(), everyMs: 3_600_000 });
    try {
      copyFileSync(at('two.crt'), at('hup.crt'));
      copyFileSync(at('two.key'), at('hup.key'));
      process.kill(process.pid, 'SIGHUP');
      for (let i = 0; i < 100 && (await handshake(server)).subject !== 'two'; i++) await sleep(20);
      expect((await handshake(server)).subject).toBe('two');
    } finally {
      watch.close();
    }
  });
});
