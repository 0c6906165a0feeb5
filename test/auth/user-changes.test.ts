import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { removeUser } from '../../src/auth/index.js';
import { temporaryFolder } from '../support/chains.js';
import { bearer, PASSWORD, testAuth, testClock, testUsers } from './support.js';

const folder = temporaryFolder();
const clock = testClock();
const users = testUsers(folder.path);
const ADDRESS = '192.0.2.7';
/** The tests below log in until it works. */
const lockout = { maxAttempts: 1000, lockoutSeconds: 900, prefix: 'test' };
const coded = (code: string, message = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

afterAll(() => folder.remove());

/** Waits until a change of the users file is known, which takes up to a second. */
async function eventually(check: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await check();
      return;
    } catch (failure) {
      if (attempt === 60) throw failure;
      await sleep(50);
    }
  }
}

describe('a user who is changed', () => {
  it('loses the tokens when removed, and does not get them back when added again', async () => {
    await users.add('dave', 'admin');
    const own = testAuth(users.file, clock, { lockout });
    const { accessToken, refreshToken } = await own.login('dave', PASSWORD, ADDRESS);
    await removeUser(users.file, 'dave');
    await eventually(() =>
      expect(own.authenticate(bearer(accessToken))).rejects.toEqual(
        coded('UNAUTHENTICATED', /removed or changed/),
      ),
    );
    await users.add('dave', 'admin');
    await eventually(async () => expect((await own.login('dave', PASSWORD, ADDRESS)).user.name).toBe('dave'));
    await expect(own.authenticate(bearer(accessToken))).rejects.toEqual(coded('UNAUTHENTICATED'));
    await expect(own.refresh(refreshToken ?? '')).rejects.toEqual(coded('UNAUTHENTICATED'));
  });

  it('loses them when somebody edits the role by hand', async () => {
    await users.add('erin', 'viewer');
    const own = testAuth(users.file, clock, { lockout });
    const { accessToken } = await own.login('erin', PASSWORD, ADDRESS);
    const text = readFileSync(users.file, 'utf8');
    writeFileSync(users.file, text.replace(/("name": "erin",\s+"role": )"viewer"/, '$1"admin"'));
    await eventually(() =>
      expect(own.authenticate(bearer(accessToken))).rejects.toEqual(coded('UNAUTHENTICATED')),
    );
    expect((await own.login('erin', PASSWORD, ADDRESS)).user.role).toBe('admin');
  });

  it('is let in no more while the file cannot be trusted, and again when it can', async () => {
    const own = testUsers(folder.path, 'fragile.json');
    await own.add('frank');
    const node = testAuth(own.file, clock);
    const { accessToken } = await node.login('frank', PASSWORD, ADDRESS);
    const closed = () =>
      expect(node.authenticate(bearer(accessToken))).rejects.toEqual(coded('STORE_UNAVAILABLE'));
    const open = async () => expect((await node.authenticate(bearer(accessToken))).name).toBe('frank');
    const text = readFileSync(own.file, 'utf8');
    chmodSync(own.file, 0o644);
    await eventually(closed);
    chmodSync(own.file, 0o600);
    await eventually(open);
    writeFileSync(own.file, text.slice(0, -5));
    await eventually(closed);
    writeFileSync(own.file, text);
    await eventually(open);
    rmSync(own.file);
    await eventually(closed);
    expect(() => testAuth(own.file, clock)).toThrow(coded('FILE_UNREADABLE', /no such file/));
  });
});
