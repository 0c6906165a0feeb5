import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';
import { installed } from '../support/debian.js';
import { startNode, type TestNode } from '../support/node.js';

const SECRET = 'kX2f9QmZ7-LrT4vBn8-WdY6sHj3-PcE5uGa1';
const PASSWORDS = {
  vera: 'blue kettle 5 under rain',
  otto: 'nine 9 small wooden boats',
  ada: 'quiet 4 morning train ride',
};
const ROLES = { vera: 'viewer', otto: 'operator', ada: 'admin' } as const;
type Name = keyof typeof PASSWORDS;

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the answers are looked at by the tests, field by field.
  readonly body: any;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A node with a certificate of its own, users of every role, and few attempts. */
describe.skipIf(!installed('openssl'))('a secured node', () => {
  let node: TestNode;
  const tokens: Partial<Record<Name, { accessToken: string; refreshToken: string }>> = {};

  function call(
    path: string,
    options: { method?: string; token?: string; body?: unknown; type?: string } = {},
  ): Promise<Answer> {
    const { method = 'GET', token, body, type = 'application/json' } = options;
    const headers: Record<string, string> = {};
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = type;
    return new Promise((resolve, reject) => {
      const sent = request(
        `${node.url}${path}`,
        { method, headers, ca: readFileSync(at('node.crt')) },
        (answer) => {
          let text = '';
          answer.on('data', (chunk) => {
            text += chunk;
          });
          answer.on('end', () =>
            resolve({
              status: answer.statusCode!,
              body: text === '' ? undefined : JSON.parse(text),
              headers: answer.headers,
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
    });
  }

  const login = (username: string, password: string) =>
    call('/api/auth/login', { method: 'POST', body: { username, password } });
  const tokenOf = (name: Name) => tokens[name]!.accessToken;

  beforeAll(async () => {
    await smallChain(at('chain'), 10);
    for (const name of Object.keys(PASSWORDS) as Name[]) {
      const args = ['user', 'add', name, '--role', ROLES[name], '--users-file', at('users.json')];
      const { status, stderr } = await provchain(args, { input: `${PASSWORDS[name]}\n` });
      expect([status, stderr]).toEqual([0, '']);
    }
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
        '30',
        '-subj',
        '/CN=node',
      ].concat([
        ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', at('node.key'), '-out', at('node.crt')],
      ]),
      { stdio: 'ignore' },
    );
    chmodSync(at('node.key'), 0o600);
    const toml = `
network.tls = { enabled = true, cert_file = "${at('node.crt')}", key_file = "${at('node.key')}" }
security.authentication.users_file = "${at('users.json')}"
security.authentication.max_login_attempts = 3
security.audit.audit_log_file = "${at('audit.log')}"
security.rate_limit.requests_per_minute = 400
security.rate_limit.logins_per_minute = 100
`;
    node = await startNode({ dir: at('chain'), toml, env: { JWT_SECRET_KEY: SECRET } });
    for (const name of Object.keys(PASSWORDS) as Name[]) {
      const { status, body } = await login(name, PASSWORDS[name]);
      expect(status).toBe(200);
      tokens[name] = body;
    }
  });

  afterAll(async () => {
    await node?.stop();
    folder.remove();
  });

  it('speaks TLS from 1.2 on', async () => {
    const { hostname, port } = new URL(node.url);
    const handshake = (version: 'TLSv1.1' | 'TLSv1.2') =>
      new Promise<string | null>((resolve, reject) => {
        const options = {
          host: hostname,
          port: Number(port),
          minVersion: version,
          maxVersion: version,
          rejectUnauthorized: false,
        } as const;
        const socket = connect({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' }, () => {
          resolve(socket.getProtocol());
          socket.end();
        });
        socket.on('error', reject);
      });
    expect(await handshake('TLSv1.2')).toBe('TLSv1.2');
    await expect(handshake('TLSv1.1')).rejects.toThrow();
    expect((await call('/health')).headers).toHaveProperty('strict-transport-security');
  });

  it('lets each role do what it may, and no more', async () => {
    const turtle = {
      method: 'POST',
      body: '@prefix e: <http://e.org/> . e:s e:p "o" .',
      type: 'text/turtle',
    };
    const freeze = { method: 'POST', body: { reason: 'a drill' } };
    const statuses = async (path: string, options: object) =>
      Promise.all(
        (['vera', 'otto', 'ada'] as const).map(
          async (name) => (await call(path, { ...options, token: tokenOf(name) })).status,
        ),
      );
    expect(await statuses('/api/chain', {})).toEqual([200, 200, 200]);
    expect(await statuses('/api/blocks', turtle)).toEqual([403, 201, 201]);
    expect(await statuses('/api/admin/freeze', freeze)).toEqual([403, 403, 200]);
    expect(
      (await call('/api/admin/unfreeze', { method: 'POST', body: {}, token: tokenOf('ada') })).status,
    ).toBe(200);
    expect((await call('/api/chain')).status).toBe(401);
    expect((await call('/api/chain', { token: `${tokenOf('ada').slice(0, -3)}AAA` })).body.code).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('gives a new pair for a refresh token once, and ends the session of one that is used twice', async () => {
    const { body: first } = await login('vera', PASSWORDS.vera);
    const refresh = (refreshToken: string) =>
      call('/api/auth/refresh', { method: 'POST', body: { refreshToken } });
    const second = await refresh(first.refreshToken);
    expect(second.status).toBe(200);
    expect((await refresh(first.refreshToken)).status).toBe(401);
    expect((await refresh(second.body.refreshToken)).status).toBe(401);
    expect((await call('/api/chain', { token: second.body.accessToken })).status).toBe(401);
    expect((await call('/api/chain', { token: tokenOf('vera') })).status).toBe(200);
  });

  it('takes a token back with the logout', async () => {
    const { body } = await login('otto', PASSWORDS.otto);
    const { accessToken: token, refreshToken } = body;
    expect(
      (await call('/api/auth/logout', { method: 'POST', token, body: { refreshToken } })).status,
    ).toBeLessThan(300);
    expect((await call('/api/chain', { token })).status).toBe(401);
  });

  it('lets a user that was removed do nothing any more', async () => {
    await provchain(['user', 'add', 'temp', '--role', 'viewer', '--users-file', at('users.json')], {
      input: 'seven 7 green paper cups\n',
    });
    let token = '';
    await expect
      .poll(
        async () => {
          const { status, body } = await login('temp', 'seven 7 green paper cups');
          token = body.accessToken;
          return status;
        },
        { timeout: 5000, interval: 600 },
      )
      .toBe(200);
    expect((await call('/api/chain', { token })).status).toBe(200);
    await provchain(['user', 'remove', 'temp', '--users-file', at('users.json')]);
    await expect.poll(async () => (await call('/api/chain', { token })).status, { timeout: 3000 }).toBe(401);
  });

  it('locks an account after too many failures, also for the right password', async () => {
    for (let i = 0; i < 3; i++) expect((await login('otto', 'wrong')).body.code).toBe('LOGIN_FAILED');
    const locked = await login('otto', PASSWORDS.otto);
    expect([locked.status, locked.body.code]).toEqual([429, 'LOCKED_OUT']);
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(0);
    expect((await call('/api/chain', { token: tokenOf('otto') })).status).toBe(200);
  });

  it('has written an audit log that verifies, with what failed and without secrets', async () => {
    const text = readFileSync(at('audit.log'), 'utf8');
    for (const action of ['auth.login', 'block.append', '"freeze"']) expect(text).toContain(action);
    expect(text).toContain('LOGIN_FAILED');
    for (const secret of [SECRET, ...Object.values(PASSWORDS), tokenOf('ada')])
      expect(text).not.toContain(secret);
    expect(node.log()).not.toContain(SECRET);
    const { status } = await provchain(['audit', 'verify', at('audit.log')]);
    expect(status).toBe(0);
  });

  it('answers 429 with the time to wait to who asks too often, and others go on', async () => {
    const token = tokenOf('vera');
    const answers = await Promise.all(Array.from({ length: 500 }, () => call('/api/chain', { token })));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]!.body.code).toBe('RATE_LIMITED');
    expect(Number(refused[0]!.headers['retry-after'])).toBeGreaterThan(0);
    expect((await call('/health')).status).toBe(200);
  });
});
