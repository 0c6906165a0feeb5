import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Auth,
  type AuthOptions,
  addUser,
  createAuth,
  createMemoryRevocations,
  createMemorySessions,
  keysFromSecret,
  type Role,
} from '../../src/auth/index.js';
import { silentLog } from '../../src/logging/index.js';

export const SECRET = 'q7Wd0Zk3YtRfLx9Vb2NcJm5Hs8PgTa1EuQo6Xi4B';
export const PASSWORD = 'zebra lamp orbit 7';
export const OTHER_PASSWORD = 'violet tram gravel 3';

/** A clock that a test moves. */
export function testClock(start = '2026-03-01T12:00:00.000Z') {
  let atMs = Date.parse(start);
  return {
    now: () => new Date(atMs),
    forward: (seconds: number) => {
      atMs += seconds * 1000;
    },
  };
}

export interface TestUsers {
  readonly file: string;
  add(name: string, role?: Role, password?: string): Promise<void>;
}

export function testUsers(folder: string, name = 'users.json'): TestUsers {
  const file = join(folder, name);
  writeFileSync(file, '{"format":"provchain-users/1","users":[]}', { mode: 0o600 });
  return {
    file,
    async add(user, role, password = PASSWORD) {
      await addUser(file, { name: user, role, password, now: new Date('2026-01-01T00:00:00Z') });
    },
  };
}

/** Users and tokens of one node; what is not given is as small as it can be. */
export function testAuth(
  usersFile: string,
  clock: ReturnType<typeof testClock>,
  options: Partial<AuthOptions> = {},
): Auth {
  return createAuth({
    usersFile,
    defaultRole: 'viewer',
    adminUsers: [],
    keys: keysFromSecret(SECRET),
    issuer: 'provchain',
    audience: 'provchain-api',
    accessLifetimeSeconds: 3600,
    clockToleranceSeconds: 5,
    refresh: { store: createMemorySessions(clock.now), lifetimeMs: 7 * 86_400_000 },
    revocations: createMemoryRevocations(clock.now),
    lockout: { maxAttempts: 5, lockoutSeconds: 900, prefix: 'test' },
    log: silentLog,
    now: clock.now,
    ...options,
  });
}

export const bearer = (token: string) => `Bearer ${token}`;
