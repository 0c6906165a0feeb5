import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/chains.js';
import { CLI, finish, provchain, start } from '../support/cli.js';

const folder = temporaryFolder();
const PASSWORD = 'zebra lamp orbit 7';
let files = 0;
const newFile = () => join(folder.path, `users-${files++}.json`);

afterAll(() => folder.remove());

/** Runs a command that must succeed with exactly one JSON document on stdout. */
async function json(args: readonly string[], input?: string, env?: NodeJS.ProcessEnv): Promise<unknown> {
  const { status, stdout, stderr } = await provchain([...args, '--json'], { input, env, cwd: folder.path });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('user add', () => {
  it('adds a user with the password from standard input, and prints no password and no hash', async () => {
    const file = newFile();
    const added = await json(
      ['user', 'add', 'alice', '--role', 'operator', '--users-file', file],
      `${PASSWORD}\n`,
    );
    expect(added).toEqual({ file, name: 'alice', role: 'operator', createdAt: expect.any(String) });
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('$argon2id$');
    expect(text).not.toContain(PASSWORD);
    const plain = await provchain(['user', 'add', 'bob', '-u', file], { input: PASSWORD });
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    expect(plain.stdout).toContain('Added bob as the default role');
    expect(plain.stdout).not.toMatch(/argon2|zebra/);
  });

  it('finds the file by the settings', async () => {
    const directory = join(folder.path, 'node');
    mkdirSync(directory);
    const config = join(directory, 'config.toml');
    const file = join(directory, 'people.json');
    writeFileSync(
      config,
      `[security.authentication]\nusers_file = ${JSON.stringify(file)}\n[security.authorization]\n` +
        'default_role = "operator"\nadmin_users = ["Root@example.com"]\n',
    );
    const plain = await provchain(['user', 'add', 'alice', '--config', config], { input: PASSWORD });
    expect(plain.stdout).toContain('as operator (the default role)');
    await json(['user', 'add', 'root@example.com', '-r', 'viewer', '--config', config], PASSWORD);
    const { stdout } = await provchain(['user', 'list', '--config', config]);
    expect(stdout).toMatch(/alice +operator \(the default role\)/);
    expect(stdout).toMatch(/root@example\.com +admin \(by admin_users\)/);
    expect(await json(['user', 'list', '--users-file', file])).toMatchObject({
      file,
      users: [
        { name: 'alice', role: null },
        { name: 'root@example.com', role: 'viewer' },
      ],
    });
  });

  it.each<[string, string, string, string, number]>([
    ['a short password', 'alice', 'tram 7', 'PASSWORD_REFUSED', 65],
    ['the name as password', 'alice.alice.alice', 'alice.alice.alice', 'PASSWORD_REFUSED', 65],
    ['a common password', 'alice', 'Password-2024!', 'PASSWORD_REFUSED', 65],
    ['no password', 'alice', '', 'PASSWORD_REFUSED', 65],
    ['two lines', 'alice', `${PASSWORD}\n${PASSWORD}\n`, 'PASSWORD_REFUSED', 65],
    ['a name in capitals', 'Alice', PASSWORD, 'USAGE', 64],
    ['a name that is a path', '../alice', PASSWORD, 'USAGE', 64],
  ])('refuses %s', async (_, name, input, code, status) => {
    const file = newFile();
    const outcome = await provchain(['user', 'add', name, '-u', file, '--json'], { input });
    expect(outcome).toMatchObject({ status, stdout: '' });
    expect(JSON.parse(outcome.stderr)).toMatchObject({ error: { code } });
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ['a password as an argument', ['user', 'add', 'alice', PASSWORD]],
    ['a password as an option', ['user', 'add', 'alice', '--password', PASSWORD]],
    ['an unknown role', ['user', 'add', 'alice', '--role', 'root']],
    ['two places', ['user', 'add', 'alice', '-u', 'x.json', '-c', 'x.toml']],
    ['no name', ['user', 'add']],
  ])('refuses %s as wrong usage', async (_, args) => {
    const { status, stdout } = await provchain(args, { input: PASSWORD, cwd: folder.path });
    expect([status, stdout]).toEqual([64, '']);
  });

  it('refuses a name that is there, and keeps its password', async () => {
    const file = newFile();
    await json(['user', 'add', 'alice', '-u', file], PASSWORD);
    const before = readFileSync(file, 'utf8');
    const { status, stderr } = await provchain(['user', 'add', 'alice', '-u', file, '--json'], {
      input: 'violet tram gravel 3',
    });
    expect(status).toBe(65);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'USER_EXISTS' } });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });
});

/** Runs `user add` on a terminal of its own (util-linux's script) and types an answer to each prompt. */
async function onTerminal(file: string, answers: readonly string[]) {
  const words = [process.execPath, CLI, 'user', 'add', 'alice', '-u', file];
  const line = `exec ${words.map((word) => `'${word}'`).join(' ')}`;
  const child = start('script', ['-qefc', line, '/dev/null'], { env: { TERM: 'xterm', SHELL: '/bin/sh' } });
  let seen = '';
  let typed = 0;
  child.stdout.on('data', (chunk) => {
    seen += chunk;
    const prompts = seen.match(/Password: |The same again: /g)?.length ?? 0;
    for (; typed < Math.min(prompts, answers.length); typed++) child.stdin.write(answers[typed] ?? '');
  });
  return { ...(await finish(child)), typed };
}

describe.runIf(process.platform === 'linux')('user add on a terminal', () => {
  it('asks twice, shows nothing of what is typed, and takes corrections', async () => {
    const file = newFile();
    const answers = [`${PASSWORD}x\u007f\r`, `wrong\u0015${PASSWORD}\r`];
    const { status, stdout, typed } = await onTerminal(file, answers);
    expect([status, typed]).toEqual([0, 2]);
    expect(stdout).toContain('Added');
    expect(stdout).not.toMatch(/zebra|lamp|wrong/);
    expect(await json(['user', 'list', '-u', file])).toMatchObject({ users: [{ name: 'alice' }] });
  });

  it('refuses two that differ', async () => {
    const file = newFile();
    const { status, stdout } = await onTerminal(file, [`${PASSWORD}\r`, `${PASSWORD}!\r`]);
    expect(status).toBe(65);
    expect(stdout).toContain('the two passwords differ');
    expect(existsSync(file)).toBe(false);
  });

  it('ends with 3 on Ctrl-C, with nothing done', async () => {
    const file = newFile();
    const { status } = await onTerminal(file, [`${PASSWORD}\u0003`]);
    expect(status).toBe(3);
    expect(existsSync(file)).toBe(false);
  });
});

describe('user remove', () => {
  it('removes that user only, and exits 65 when there is none', async () => {
    const file = newFile();
    for (const name of ['alice', 'bob']) await json(['user', 'add', name, '-u', file], PASSWORD);
    expect(await json(['user', 'remove', 'alice', '-u', file])).toMatchObject({ file, name: 'alice' });
    expect(await json(['user', 'list', '-u', file])).toMatchObject({ users: [{ name: 'bob' }] });
    const again = await provchain(['user', 'remove', 'alice', '-u', file, '--json']);
    expect(again.status).toBe(65);
    expect(JSON.parse(again.stderr)).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });
});

describe('user list', () => {
  it('refuses a file that others may read, with what to do', async () => {
    const file = newFile();
    await json(['user', 'add', 'alice', '-u', file], PASSWORD);
    chmodSync(file, 0o644);
    const { status, stderr } = await provchain(['user', 'list', '-u', file]);
    expect(status).toBe(65);
    expect(stderr).toContain('CONFIG_INVALID');
    expect(stderr).toContain('set it to 0600');
  });
});
