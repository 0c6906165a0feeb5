import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/chains.js';
import { finish, start } from '../support/cli.js';
import { projectRoot } from '../support/project.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Packed {
  readonly files: readonly { path: string }[];
}

describe('the package', () => {
  it('holds what the command line needs to run and to validate on threads, and no tests', async () => {
    const root = projectRoot();
    const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [packed] = JSON.parse(output) as Packed[];
    const paths = packed?.files.map(({ path }) => path) ?? [];
    expect(paths).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'package.json', 'dist/src/cli/main.js']),
    );
    expect(paths.filter((path) => /(^|\/)(test|bench|scripts)\//.test(path))).toEqual([]);

    for (const path of paths) {
      mkdirSync(join(folder.path, dirname(path)), { recursive: true });
      cpSync(join(root, path), join(folder.path, path));
    }
    symlinkSync(join(root, 'node_modules'), join(folder.path, 'node_modules'));
    const installed = start(
      process.execPath,
      [join(folder.path, 'dist/src/cli/main.js'), 'demo', 'demo', '-n', '5'],
      {
        cwd: folder.path,
      },
    );
    installed.stdin.end();
    expect(await finish(installed)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('PAYLOAD_DIGEST_MISMATCH'),
    });
  });
});
