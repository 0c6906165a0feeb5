import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectRoot } from '../support/project.js';

/**
 * scripts/setup.sh on a machine that has only what the test puts into one folder: nothing is installed here. The
 * script itself was also run on a fresh Debian 12 with empty package lists (docs/deployment.md names the packages).
 */
const NEEDED = ['basename', 'cat', 'chmod', 'dirname', 'env', 'rm', 'sh', 'touch'];
const TOOLS = [
  'redis-server',
  'haproxy',
  'nginx',
  'promtool',
  'systemd-analyze',
  'openssl',
  'curl',
  'chromium',
  'zsh',
  'fish',
];

let folder: string;
let bin: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'provchain-setup-'));
  bin = join(folder, 'bin');
  for (const name of ['bin', 'scripts', 'node_modules/rocksdb-native']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const script = readFileSync(join(projectRoot(), 'scripts/setup.sh'), 'utf8');
  writeFileSync(
    join(folder, 'scripts/setup.sh'),
    script.replaceAll('/usr/sbin', bin).replaceAll(':/sbin', ''),
  );
  for (const name of NEEDED) {
    const path = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(path, join(bin, name));
  }
  put('id', 'echo 0');
  // RocksDB loads once libatomic is there.
  put('node', `[ -e ${folder}/libatomic1 ]`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** An apt-get that notes its arguments, knows no package before `update`, and installs by making files. */
function putApt(): void {
  put(
    'apt-get',
    `echo "$@" >>${folder}/calls
     case "$*" in
       update*) touch ${folder}/updated ;;
       *install*)
         [ -e ${bin}/policy-rc.d ] || exit 9
         [ -e ${folder}/updated ] || exit 100
         for name; do
           case "$name" in
             libatomic1) touch ${folder}/libatomic1 ;;
             nginx-light) touch ${bin}/nginx; chmod 755 ${bin}/nginx ;;
             prometheus) touch ${bin}/promtool; chmod 755 ${bin}/promtool ;;
             systemd) touch ${bin}/systemd-analyze; chmod 755 ${bin}/systemd-analyze ;;
             redis-server|haproxy|openssl|curl|chromium|zsh|fish) touch ${bin}/$name; chmod 755 ${bin}/$name ;;
           esac
         done ;;
     esac`,
  );
}

function setup(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('sh', [join(folder, 'scripts/setup.sh'), ...args], {
    env: { PATH: bin },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');

describe('scripts/setup.sh', () => {
  it('says nothing and calls no apt-get when all is there', () => {
    putApt();
    writeFileSync(join(folder, 'libatomic1'), '');
    for (const tool of TOOLS) put(tool, 'exit 0');
    expect(setup()).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(setup('test')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(calls).toThrow('ENOENT');
  });

  it('installs libatomic1 only when it is to run, after an update where the lists are empty', () => {
    putApt();
    const message = 'provchain: installing the Debian packages libatomic1\n';
    expect(setup()).toEqual({ status: 0, stdout: '', stderr: message });
    expect(calls()).toEqual([
      expect.stringMatching(/^install -y -qq --no-install-recommends .* libatomic1$/),
      'update -qq',
      expect.stringMatching(/^install .* libatomic1$/),
    ]);
  });

  it('installs what is missing for the tests, with services kept from starting, and cleans up', () => {
    putApt();
    put('haproxy', 'exit 0');
    const packages = 'libatomic1 redis-server nginx-light prometheus systemd openssl curl chromium zsh fish';
    expect(setup('test')).toEqual({
      status: 0,
      stdout: '',
      stderr: `provchain: installing the Debian packages ${packages}\n`,
    });
    expect(calls().at(-1)).toContain(` ${packages}`);
    expect(() => readFileSync(join(bin, 'policy-rc.d'))).toThrow('ENOENT');
    expect(setup('test')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('goes on without what only tests need, and names it in one line', () => {
    writeFileSync(join(folder, 'libatomic1'), '');
    put('id', 'echo 1000');
    putApt();
    put('openssl', 'exit 0');
    expect(setup('test')).toEqual({
      status: 0,
      stdout: '',
      stderr: expect.stringMatching(
        /^provchain: [^\n]*apt-get install --no-install-recommends redis-server haproxy nginx-light prometheus systemd curl chromium zsh fish\n$/,
      ),
    });
  });

  it('fails without what running needs, and names it', () => {
    for (const purpose of ['run', 'test']) {
      const { status, stderr } = setup(purpose);
      expect([status, stderr]).toEqual([1, expect.stringContaining('libatomic1')]);
    }
  });

  it('refuses another argument', () => {
    expect(setup('everything')).toMatchObject({ status: 64, stderr: expect.stringContaining('usage') });
  });
});
