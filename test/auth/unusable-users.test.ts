import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuth, keysFromSecret } from '../../src/auth/index.js';
import { openLocalDocuments } from '../../src/fleet/index.js';
import { silentLog } from '../../src/logging/index.js';
import { createRevocations, createStateSessions } from '../../src/node/sessions.js';
import { openState } from '../../src/state/index.js';
import { temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';

const folder = temporaryFolder();
const file = join(folder.path, 'users.json');
const PASSWORD = 'seven 7 green paper cups';
const now = () => new Date();

async function open() {
  const state = await openState(join(folder.path, 'state'), { log: silentLog });
  const documents = await openLocalDocuments({ state, now, log: silentLog });
  const auth = createAuth({
    usersFile: file,
    defaultRole: 'viewer',
    adminUsers: [],
    keys: keysFromSecret('q7Jd82kLmZx0Pw4VtYb6NsRc1Ae5HgUf'),
    issuer: 'provchain',
    audience: 'provchain-api',
    accessLifetimeSeconds: 600,
    refresh: { store: createStateSessions(state, now), lifetimeMs: 3_600_000 },
    revocations: createRevocations(documents, 'node', Date.now),
    lockout: { maxAttempts: 2, lockoutSeconds: 600, prefix: 'test' },
    log: silentLog,
    now,
  });
  const close = async () => {
    await documents.close();
    await state.close();
  };
  return { auth, close };
}

beforeAll(async () => {
  const added = await provchain(['user', 'add', 'vera', '--role', 'viewer', '--users-file', file], {
    input: `${PASSWORD}\n`,
  });
  expect(added.status).toBe(0);
});
afterAll(() => folder.remove());

describe('while the users file cannot be used', () => {
  it('nobody is locked out and no session ends: that is nobody’s failed login', async () => {
    const { auth, close } = await open();
    try {
      const session = await auth.login('vera', PASSWORD, '203.0.113.9');
      const good = readFileSync(file);
      writeFileSync(file, '{{{');
      const unavailable = { code: 'STORE_UNAVAILABLE' };
      // The file is looked at once a second.
      await expect
        .poll(() => auth.refresh(`${'A'.repeat(22)}.${'A'.repeat(43)}`).catch(({ code }) => code), {
          timeout: 5000,
        })
        .toBe(unavailable.code);
      for (let i = 0; i < 5; i++) {
        await expect(auth.login('vera', PASSWORD, '203.0.113.9')).rejects.toMatchObject(unavailable);
        await expect(auth.refresh(session.refreshToken!)).rejects.toMatchObject(unavailable);
      }
      writeFileSync(file, good);
      chmodSync(file, 0o600);
      await expect
        .poll(
          () =>
            auth.login('vera', PASSWORD, '203.0.113.9').then(
              ({ user }) => user.name,
              ({ code }) => code,
            ),
          {
            timeout: 5000,
          },
        )
        .toBe('vera');
      expect((await auth.refresh(session.refreshToken!)).user.name).toBe('vera');
    } finally {
      await close();
    }
  });
});
