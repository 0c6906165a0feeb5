import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { addUser, listUsers, removeUser } from '../../src/auth/index.js';
import { passwordProblem } from '../../src/auth/password-rules.js';
import { temporaryFolder } from '../support/chains.js';
import { CLI } from '../support/cli.js';
import { OTHER_PASSWORD, PASSWORD } from './support.js';

const folder = temporaryFolder();
const now = new Date('2026-02-03T04:05:06.789Z');
const coded = (code: string, message = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

afterAll(() => folder.remove());

let files = 0;
const newFile = () => join(folder.path, `folder-${files++}`, 'users.json');

describe('addUser', () => {
  it('makes file and folder for their owner only, and stores Argon2id with the OWASP parameters', async () => {
    const file = newFile();
    await addUser(file, { name: 'alice', role: 'admin', password: PASSWORD, now });
    const { users } = JSON.parse(readFileSync(file, 'utf8')) as { users: Record<string, string>[] };
    expect(users).toEqual([
      {
        name: 'alice',
        role: 'admin',
        createdAt: now.toISOString(),
        passwordHash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/),
      },
    ]);
    expect(
      [statSync(file), statSync(join(file, '..'))].map(({ mode }) => (mode & 0o777).toString(8)),
    ).toEqual(['600', '700']);
    expect(readdirSync(join(file, '..'))).toEqual(['users.json']);
  });

  it('keeps the others, and refuses a name that is there with USER_EXISTS', async () => {
    const file = newFile();
    await addUser(file, { name: 'alice', password: PASSWORD, now });
    await addUser(file, { name: 'bob', role: 'operator', password: OTHER_PASSWORD, now });
    const before = readFileSync(file, 'utf8');
    await expect(addUser(file, { name: 'alice', password: PASSWORD, now })).rejects.toEqual(
      coded('USER_EXISTS'),
    );
    expect(readFileSync(file, 'utf8')).toBe(before);
    const createdAt = now.toISOString();
    expect(listUsers(file)).toEqual([
      { name: 'alice', createdAt },
      { name: 'bob', role: 'operator', createdAt },
    ]);
  });

  it.each(['', 'Alice', 'a b', '.a', '-a', 'a'.repeat(65), 'a\n', 'ä', 'a/b', '../a', 'a"'])(
    'refuses the name %j',
    async (name) => {
      await expect(addUser(newFile(), { name, password: PASSWORD, now })).rejects.toEqual(coded('USAGE'));
    },
  );

  it('loses none of many that are added at the same time by several processes', async () => {
    const file = newFile();
    const names = Array.from({ length: 8 }, (_, i) => `user${i}`);
    const children = names.map((name) => {
      const child = spawn(process.execPath, [CLI, 'user', 'add', name, '-r', 'viewer', '-u', file], {
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      child.stdin.end(PASSWORD);
      return once(child, 'exit');
    });
    expect((await Promise.all(children)).map(([code]) => code)).toEqual(names.map(() => 0));
    expect(
      listUsers(file)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  it('takes over the lock of a process that was killed, and not that of one at work', async () => {
    const file = newFile();
    await addUser(file, { name: 'alice', password: PASSWORD, now });
    writeFileSync(`${file}.lock`, '');
    await expect(removeUser(file, 'alice')).rejects.toEqual(coded('LOCKED'));
    const anHourAgo = Date.now() / 1000 - 3600;
    utimesSync(`${file}.lock`, anHourAgo, anHourAgo);
    await removeUser(file, 'alice');
    expect(listUsers(file)).toEqual([]);
  });
});

describe('removeUser', () => {
  it('removes that one, and says NOT_FOUND for others', async () => {
    const file = newFile();
    await addUser(file, { name: 'alice', password: PASSWORD, now });
    await addUser(file, { name: 'bob', password: PASSWORD, now });
    expect((await removeUser(file, 'alice')).name).toBe('alice');
    expect(listUsers(file).map(({ name }) => name)).toEqual(['bob']);
    await expect(removeUser(file, 'alice')).rejects.toEqual(coded('NOT_FOUND'));
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  });
});

describe('listUsers', () => {
  it('finds nobody in a file that does not exist', () => {
    expect(listUsers(newFile())).toEqual([]);
  });

  const hash = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
  const good = { name: 'alice', role: 'viewer', passwordHash: hash, createdAt: '2026-01-01T00:00:00.000Z' };
  const document = (...users: object[]) => JSON.stringify({ format: 'provchain-users/1', users });

  it.each<[string, string, RegExp]>([
    ['no JSON', '{', /no JSON/],
    ['another format', '{"format":"x","users":[]}', /format/],
    ['no list', '{"format":"provchain-users/1","users":{}}', /no list/],
    ['an unknown field of the file', '{"format":"provchain-users/1","users":[],"more":1}', /"more"/],
    ['an unknown field of a user', document({ ...good, admin: true }), /user 1 .*"admin"/],
    ['an unknown role', document(good, { ...good, name: 'bob', role: 'root' }), /bob/],
    ['a user twice', document(good, good), /twice/],
    ['a bad name', document({ ...good, name: 'Alice' }), /user name/],
    ['a password in clear', document({ ...good, passwordHash: PASSWORD }), /Argon2id/],
    [
      'a hash that costs 4 GB',
      document({ ...good, passwordHash: hash.replace('19456', '4000000') }),
      /Argon2id/,
    ],
    ['a hash of another kind', document({ ...good, passwordHash: hash.replace('2id', '2i') }), /Argon2id/],
  ])('refuses a file with %s as CONFIG_INVALID, naming the file', (_, text, message) => {
    const file = join(folder.path, 'wrong.json');
    writeFileSync(file, text, { mode: 0o600 });
    expect(() => listUsers(file)).toThrow(coded('CONFIG_INVALID', message));
    expect(() => listUsers(file)).toThrow(expect.objectContaining({ place: { source: file } }));
  });

  it.each([0o644, 0o640, 0o660, 0o604, 0o620])('refuses a file of mode %o', (mode) => {
    const file = join(folder.path, `open-${mode}.json`);
    writeFileSync(file, document(good), { mode: 0o600 });
    expect(listUsers(file)).toHaveLength(1);
    chmodSync(file, mode);
    expect(() => listUsers(file)).toThrow(coded('CONFIG_INVALID', new RegExp(`mode 0${mode.toString(8)}`)));
  });
});

describe('passwordProblem', () => {
  it.each([
    ['short', 'tram gravel'],
    ['eleven characters of two code units each', '𝒶𝒷𝒸𝒹𝒻𝑔𝒽𝒾𝒿𝓀𝓁'],
    ['the name', 'alice@example.com'],
    ['the name and a year', 'Alice@Example.com1'],
    ['one character', 'aaaaaaaaaaaaaaa'],
    ['a repeated part', 'tram7tram7tram7'],
    ['counting', '123456789012'],
    ['the alphabet', 'abcdefghijklmnop'],
    ['counting down', 'zyxwvutsrqponm'],
    ['a word everybody tries', 'password1234'],
    ['the same in disguise', 'P@ssw0rd-2024!'],
    ['two such words', 'letmein-welcome!'],
    ['a keyboard row', 'qwertyuiop[]12'],
    ['the product', 'provchain-admin-1'],
    ['a famous example', 'correct horse battery staple'],
    ['a control character', 'zebra\u0007lamp orbit'],
    ['a lone surrogate', 'zebra lamp \ud800 orbit'],
    ['over 1,024 bytes', Array.from({ length: 300 }, (_, i) => `w${i}`).join(' ')],
  ])('refuses %s', (_, password) => {
    expect(passwordProblem(password, 'alice@example.com')).toMatch(/^the password /);
  });

  it.each([
    PASSWORD,
    OTHER_PASSWORD,
    'Größe Tür Kamin 4',
    'κάτι άλλο εδώ',
    'x7#Kp!qz9@Lm',
    'tr4m gr4vel passw0rd',
  ])('takes %j', (password) => {
    expect(passwordProblem(password, 'alice')).toBeUndefined();
  });

  it('takes random ones of 16 characters', () => {
    const characters = fc.constantFrom(...'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789');
    fc.assert(
      fc.property(fc.array(characters, { minLength: 16, maxLength: 16, size: 'max' }), (list) => {
        fc.pre(new Set(list).size > 8);
        expect(passwordProblem(list.join(''), 'alice')).toBeUndefined();
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
