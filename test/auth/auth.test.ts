import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Auth,
  createMemoryRevocations,
  createMemorySessions,
  keysFromSecret,
  roleAllows,
} from '../../src/auth/index.js';
import { temporaryFolder } from '../support/chains.js';
import { bearer, OTHER_PASSWORD, PASSWORD, SECRET, testAuth, testClock, testUsers } from './support.js';

const folder = temporaryFolder();
const clock = testClock();
const users = testUsers(folder.path);
const ADDRESS = '192.0.2.7';
const coded = (code: string, message = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

let auth: Auth;

beforeAll(async () => {
  await users.add('alice', 'operator');
  await users.add('bob');
  await users.add('carol@example.com', 'viewer');
  auth = testAuth(users.file, clock, { adminUsers: ['Carol@Example.com', 'nobody'] });
});

afterAll(() => folder.remove());

describe('roles', () => {
  it('may do what the roles before them may, and no more', () => {
    const roles = ['viewer', 'operator', 'admin'] as const;
    const table = roles.map((role) => roles.map((required) => roleAllows(role, required)));
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
  });
});

describe('login', () => {
  it('gives tokens to the right password, and the name in any case', async () => {
    const session = await auth.login('ALICE', PASSWORD, ADDRESS);
    expect(session).toMatchObject({
      user: { name: 'alice', role: 'operator' },
      tokenType: 'Bearer',
      expiresInSeconds: 3600,
      refreshExpiresAt: '2026-03-08T12:00:00.000Z',
    });
    expect(await auth.authenticate(bearer(session.accessToken))).toMatchObject({ name: 'alice' });
  });

  it('gives the default role to who has none, and admin to who admin_users names', async () => {
    expect((await auth.login('bob', PASSWORD, ADDRESS)).user.role).toBe('viewer');
    expect((await auth.login('carol@example.com', PASSWORD, ADDRESS)).user.role).toBe('admin');
    await expect(auth.login('nobody', PASSWORD, ADDRESS)).rejects.toEqual(coded('LOGIN_FAILED'));
  });

  it('answers a wrong name, a wrong password and what cannot be a password in one way', async () => {
    const fresh = testAuth(users.file, clock);
    const answers = await Promise.all(
      [
        ['alice', OTHER_PASSWORD],
        ['mallory', PASSWORD],
        ['alice', ''],
        ['alice', 'x'.repeat(100_000)],
        ['alice', '\ud800 lone surrogate'],
        ['', PASSWORD],
        ['__proto__', PASSWORD],
      ].map(([name, password], i) =>
        fresh.login(name ?? '', password ?? '', `198.51.100.${i}`).then(
          () => 'in',
          ({ code, message }) => `${code}: ${message}`,
        ),
      ),
    );
    expect(new Set(answers)).toEqual(new Set(['LOGIN_FAILED: the name or the password is wrong']));
  });

  it('refuses more at once than can be worked through', async () => {
    const fresh = testAuth(users.file, clock, {
      lockout: { maxAttempts: 1000, lockoutSeconds: 60, prefix: 'x' },
    });
    const answers = await Promise.all(
      Array.from({ length: 130 }, (_, i) =>
        fresh.login(`user${i}`, PASSWORD, '192.0.2.9').catch(({ code }) => code as string),
      ),
    );
    const count = (code: string) => answers.filter((answer) => answer === code).length;
    expect([count('LOGIN_FAILED'), count('OVERLOADED')]).toEqual([102, 28]);
  });
});

describe('a refresh token', () => {
  it('is good once and gives the next one; the session ends when an old one comes back', async () => {
    const first = await auth.login('alice', PASSWORD, ADDRESS);
    const second = await auth.refresh(first.refreshToken ?? '');
    const third = await auth.refresh(second.refreshToken ?? '');
    expect((await auth.authenticate(bearer(third.accessToken))).name).toBe('alice');
    await expect(auth.refresh(first.refreshToken ?? '')).rejects.toEqual(
      coded('UNAUTHENTICATED', /used before/),
    );
    for (const { accessToken, refreshToken } of [first, second, third]) {
      await expect(auth.authenticate(bearer(accessToken))).rejects.toEqual(coded('UNAUTHENTICATED', /ended/));
      await expect(auth.refresh(refreshToken ?? '')).rejects.toEqual(coded('UNAUTHENTICATED'));
    }
  });

  it('used twice at the same time ends the session, whoever was first', async () => {
    const { refreshToken } = await auth.login('alice', PASSWORD, ADDRESS);
    const uses = await Promise.allSettled([1, 2, 3].map(() => auth.refresh(refreshToken ?? '')));
    expect(uses.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
    for (const use of uses) {
      if (use.status !== 'fulfilled') continue;
      await expect(auth.authenticate(bearer(use.value.accessToken))).rejects.toEqual(
        coded('UNAUTHENTICATED'),
      );
      await expect(auth.refresh(use.value.refreshToken ?? '')).rejects.toEqual(coded('UNAUTHENTICATED'));
    }
  });

  it('ends at its time, which refreshing does not move', async () => {
    const later = testClock();
    const own = testAuth(users.file, later);
    const first = await own.login('alice', PASSWORD, ADDRESS);
    later.forward(6 * 86_400);
    const second = await own.refresh(first.refreshToken ?? '');
    expect(second.refreshExpiresAt).toBe(first.refreshExpiresAt);
    later.forward(86_401);
    await expect(own.refresh(second.refreshToken ?? '')).rejects.toEqual(coded('UNAUTHENTICATED', /expired/));
  });

  it.each(['', 'x', 'a.b', `${'A'.repeat(22)}.${'A'.repeat(43)}`])('is refused as %j', async (text) => {
    await expect(auth.refresh(text)).rejects.toEqual(coded('UNAUTHENTICATED'));
  });

  it('is stored so that no token can be made from it', async () => {
    const stored: unknown[] = [];
    const memory = createMemorySessions(clock.now);
    const store = {
      ...memory,
      put: async (...args: Parameters<typeof memory.put>) => {
        stored.push(args);
        await memory.put(...args);
      },
    };
    const own = testAuth(users.file, clock, { refresh: { store, lifetimeMs: 60_000 } });
    const { refreshToken } = await own.login('alice', PASSWORD, ADDRESS);
    const secret = refreshToken?.split('.')[1] ?? '';
    expect(secret).toHaveLength(43);
    expect(JSON.stringify(stored)).not.toContain(secret);
  });

  it('is not given when they are switched off', async () => {
    const own = testAuth(users.file, clock, { refresh: undefined });
    const session = await own.login('alice', PASSWORD, ADDRESS);
    expect(session.refreshToken).toBeUndefined();
    await expect(own.refresh(`${'A'.repeat(22)}.${'A'.repeat(43)}`)).rejects.toEqual(
      coded('UNAUTHENTICATED'),
    );
    await own.logout(await own.authenticate(bearer(session.accessToken)));
    await expect(own.authenticate(bearer(session.accessToken))).rejects.toEqual(coded('UNAUTHENTICATED'));
  });
});

describe('logout', () => {
  it('ends all tokens of the session, on every node that shares the revocations, and no other session', async () => {
    const shared = {
      keys: keysFromSecret(SECRET),
      refresh: { store: createMemorySessions(clock.now), lifetimeMs: 86_400_000 },
      revocations: createMemoryRevocations(clock.now),
    };
    const [one, two] = [testAuth(users.file, clock, shared), testAuth(users.file, clock, shared)];
    const session = await one.login('alice', PASSWORD, ADDRESS);
    const other = await two.login('alice', PASSWORD, ADDRESS);
    const next = await two.refresh(session.refreshToken ?? '');
    await one.logout(await one.authenticate(bearer(next.accessToken)));
    for (const node of [one, two]) {
      for (const { accessToken } of [session, next]) {
        await expect(node.authenticate(bearer(accessToken))).rejects.toEqual(
          coded('UNAUTHENTICATED', /ended/),
        );
      }
      expect((await node.authenticate(bearer(other.accessToken))).name).toBe('alice');
    }
    await expect(two.refresh(next.refreshToken ?? '')).rejects.toEqual(coded('UNAUTHENTICATED'));
  });

  it('wins against a refresh at the same time', async () => {
    for (let round = 0; round < 20; round++) {
      const session = await auth.login('alice', PASSWORD, ADDRESS);
      const principal = await auth.authenticate(bearer(session.accessToken));
      const [refreshed] = await Promise.allSettled([
        auth.refresh(session.refreshToken ?? ''),
        auth.logout(principal),
      ]);
      if (refreshed.status === 'fulfilled') {
        const { refreshToken, accessToken } = refreshed.value;
        await expect(auth.refresh(refreshToken ?? '')).rejects.toEqual(coded('UNAUTHENTICATED'));
        await expect(auth.authenticate(bearer(accessToken))).rejects.toEqual(coded('UNAUTHENTICATED'));
      }
    }
  });
});
