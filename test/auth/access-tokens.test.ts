import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Auth, keysFromFile, keysFromSecret, type TokenKeys } from '../../src/auth/index.js';
import { temporaryFolder } from '../support/chains.js';
import { bearer, PASSWORD, SECRET, testAuth, testClock, testUsers } from './support.js';

const folder = temporaryFolder();
const clock = testClock();
const users = testUsers(folder.path);
const pair = generateKeyPairSync('ed25519');
const keyFile = join(folder.path, 'jwt.pem');
let hs256: Auth;
let eddsa: Auth;
let edKeys: TokenKeys;
/** A token of each, and what it says. */
let token: string;
let edToken: string;

beforeAll(async () => {
  writeFileSync(keyFile, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  edKeys = keysFromFile(keyFile);
  await users.add('alice', 'operator');
  hs256 = testAuth(users.file, clock);
  eddsa = testAuth(users.file, clock, { keys: edKeys });
  token = (await hs256.login('alice', PASSWORD, '192.0.2.1')).accessToken;
  edToken = (await eddsa.login('alice', PASSWORD, '192.0.2.1')).accessToken;
});

afterAll(() => folder.remove());

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (text: string, part: number) =>
  JSON.parse(Buffer.from(text.split('.')[part] ?? '', 'base64url').toString()) as Record<string, unknown>;

/** The token's header and claims with changes, signed with HMAC under any key. */
function forge(header: object, claims: object, key: string | Buffer = SECRET, from = token): string {
  const text = `${encode({ ...decode(from, 0), ...header })}.${encode({ ...decode(from, 1), ...claims })}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

const refusal = (code: string, message: RegExp = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('an access token', () => {
  it('names the user, and its claims are those of RFC 9068', async () => {
    expect(await hs256.authenticate(bearer(token))).toMatchObject({ name: 'alice', role: 'operator' });
    expect(decode(token, 0)).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: keysFromSecret(SECRET).keyId });
    const at = clock.now().getTime() / 1000;
    expect(decode(token, 1)).toMatchObject({
      iss: 'provchain',
      aud: 'provchain-api',
      sub: 'alice',
      iat: at,
      nbf: at,
      exp: at + 3600,
      jti: expect.any(String),
    });
  });

  it('is the same for EdDSA from a key file', async () => {
    expect(await eddsa.authenticate(bearer(edToken))).toMatchObject({ name: 'alice', role: 'operator' });
    expect(decode(edToken, 0)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: edKeys.keyId });
  });

  it('is taken when forged with the real key and unchanged claims, so that the refusals below mean something', async () => {
    expect(await hs256.authenticate(bearer(forge({}, {})))).toMatchObject({ name: 'alice' });
  });

  const at = clock.now().getTime() / 1000;
  it.each<[string, () => string, RegExp]>([
    [
      'alg none without a signature',
      () => `${encode({ alg: 'none', typ: 'at+jwt' })}.${token.split('.')[1]}.`,
      /./,
    ],
    ['alg none with a signature', () => forge({ alg: 'none' }, {}), /./],
    ['HS512 in the header', () => forge({ alg: 'HS512' }, {}), /./],
    ['another secret', () => forge({}, {}, randomBytes(32)), /./],
    ['an empty secret', () => forge({}, {}, Buffer.alloc(1)), /./],
    ['no exp', () => forge({}, { exp: undefined }), /./],
    ['exp in the past', () => forge({}, { exp: at - 6, iat: at - 10, nbf: at - 10 }), /expired/],
    ['exp as text', () => forge({}, { exp: `${at + 99}` }), /./],
    ['nbf in the future', () => forge({}, { nbf: at + 60 }), /./],
    ['no nbf', () => forge({}, { nbf: undefined }), /./],
    ['iat in the future', () => forge({}, { iat: at + 60 }), /./],
    ['no iat', () => forge({}, { iat: undefined }), /./],
    ['a lifetime longer than any of this node', () => forge({}, { iat: at - 9999, exp: at + 9999 }), /./],
    ['another audience', () => forge({}, { aud: 'other-api' }), /./],
    ['no audience', () => forge({}, { aud: undefined }), /./],
    ['a list of audiences', () => forge({}, { aud: ['provchain-api', 'other'] }), /./],
    ['another issuer', () => forge({}, { iss: 'somebody' }), /./],
    ['no issuer', () => forge({}, { iss: undefined }), /./],
    ['another type', () => forge({ typ: 'JWT' }, {}), /./],
    ['no type', () => forge({ typ: undefined }, {}), /./],
    ['another key id', () => forge({ kid: 'x' }, {}), /./],
    ['no key id', () => forge({ kid: undefined }, {}), /./],
    ['a critical extension', () => forge({ crit: ['b64'], b64: false }, {}), /./],
    ['no jti', () => forge({}, { jti: undefined }), /./],
    ['no session', () => forge({}, { sid: undefined }), /./],
    ['a user who does not exist', () => forge({}, { sub: 'mallory' }), /removed or changed/],
    ['another epoch', () => forge({}, { epoch: 'x'.repeat(16) }), /removed or changed/],
    ['four parts', () => `${token}.x`, /./],
    ['a line end', () => `${token}\n`, /./],
    ['five thousand characters', () => `${'a'.repeat(2500)}.${'a'.repeat(2500)}.a`, /./],
  ])('is refused with %s', async (_, make, message) => {
    await expect(hs256.authenticate(bearer(make()))).rejects.toEqual(refusal('UNAUTHENTICATED', message));
  });

  it('is refused when an HMAC under the public key stands for an EdDSA signature', async () => {
    for (const format of ['pem', 'der'] as const) {
      const key = pair.publicKey.export({ type: 'spki', format: format as 'der' });
      const forged = forge({ alg: 'HS256' }, {}, key, edToken);
      await expect(eddsa.authenticate(bearer(forged))).rejects.toEqual(refusal('UNAUTHENTICATED'));
    }
    await expect(eddsa.authenticate(bearer(token))).rejects.toEqual(refusal('UNAUTHENTICATED'));
  });

  it('is refused when it is signed with RSA or another Ed25519 key', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = generateKeyPairSync('ed25519');
    for (const [alg, digest, key] of [
      ['RS256', 'sha256', rsa.privateKey],
      ['EdDSA', undefined, other.privateKey],
    ] as const) {
      const text = `${encode({ ...decode(edToken, 0), alg })}.${edToken.split('.')[1]}`;
      const forged = `${text}.${sign(digest, Buffer.from(text), key).toString('base64url')}`;
      await expect(eddsa.authenticate(bearer(forged))).rejects.toEqual(refusal('UNAUTHENTICATED'));
      await expect(hs256.authenticate(bearer(forged))).rejects.toEqual(refusal('UNAUTHENTICATED'));
    }
  });

  it('is refused with any single character changed, also right after the real one was taken', async () => {
    await hs256.authenticate(bearer(token));
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    const changes = fc.record({ at: fc.nat(token.length - 1), to: fc.constantFrom(...alphabet) });
    await fc.assert(
      fc.asyncProperty(changes, async ({ at: index, to }) => {
        fc.pre(token[index] !== to);
        const changed = `${token.slice(0, index)}${to}${token.slice(index + 1)}`;
        await expect(hs256.authenticate(bearer(changed))).rejects.toEqual(refusal('UNAUTHENTICATED'));
      }),
      { numRuns: 300 },
    );
    for (const to of alphabet.slice(0, 64)) {
      if (token.endsWith(to)) continue;
      const changed = token.slice(0, -1) + to;
      await expect(hs256.authenticate(bearer(changed))).rejects.toEqual(refusal('UNAUTHENTICATED'));
    }
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Basic YWxpY2U6eA==', 'Bearer a b', 'Bearer é'])(
    'is looked for in %j in vain',
    async (header) => {
      await expect(hs256.authenticate(header)).rejects.toEqual(refusal('UNAUTHENTICATED'));
    },
  );

  it('expires although it was verified before', async () => {
    const later = testClock();
    const auth = testAuth(users.file, later);
    const { accessToken } = await auth.login('alice', PASSWORD, '192.0.2.1');
    await auth.authenticate(bearer(accessToken));
    later.forward(3604);
    await auth.authenticate(bearer(accessToken));
    later.forward(2);
    await expect(auth.authenticate(bearer(accessToken))).rejects.toEqual(
      refusal('UNAUTHENTICATED', /expired/),
    );
  });
});

describe('keysFromSecret', () => {
  it.each([
    ['four bytes', 'abcd'],
    ['31 bytes', SECRET.slice(0, 31)],
    ['the guide’s placeholder', 'your-secure-jwt-secret-key-here!'],
    ['a variable that was not replaced', `\${JWT_SECRET_KEY}${'x'.repeat(10)}qwertzuiopasdf`],
    ['one character', 'a'.repeat(64)],
  ])('refuses %s as CONFIG_INVALID, and does not repeat it', (_, secret) => {
    expect(() => keysFromSecret(secret)).toThrow(
      refusal('CONFIG_INVALID', /^JWT_SECRET_KEY (?!.*aaaa|.*abcd)/),
    );
  });
});

describe('keysFromFile', () => {
  const file = (name: string, text: string | Buffer, mode = 0o600) => {
    const path = join(folder.path, name);
    writeFileSync(path, text, { mode });
    return path;
  };
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const locked = pair.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  });

  it.each<[string, () => string, string, RegExp]>([
    ['is missing', () => join(folder.path, 'none.pem'), 'FILE_UNREADABLE', /no such file/],
    ['is readable for everybody', () => file('open.pem', SECRET, 0o644), 'CONFIG_INVALID', /0644/],
    ['holds no key', () => file('text.pem', SECRET), 'CONFIG_INVALID', /no private key/],
    ['holds a key with a passphrase', () => file('locked.pem', locked), 'CONFIG_INVALID', /passphrase/],
    [
      'holds an RSA key',
      () => file('rsa.pem', rsa.export({ type: 'pkcs8', format: 'pem' })),
      'CONFIG_INVALID',
      /Ed25519/,
    ],
  ])('refuses a file that %s', (_, make, code, message) => {
    const path = make();
    expect(() => keysFromFile(path)).toThrow(refusal(code, message));
    expect(() => keysFromFile(path)).toThrow(expect.objectContaining({ place: { source: path } }));
  });
});
