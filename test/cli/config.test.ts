import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const SECRET = 'q7Vd2mX9sKf4Lw8TzR1nBy6HcJ3gPa5E';
const wrong = join(folder.path, 'wrong.toml');
const good = join(folder.path, 'good.toml');
writeFileSync(
  wrong,
  '[integrity.performance]\nbatch_size = 0\nbatchsize = 1\n\n[network.p2p]\nmax_peers = 3\n',
);
writeFileSync(
  good,
  `[network.api]\nport = 9000\n[network.p2p]\nmax_peers = 3\n[security.authentication]\njwt_secret_key = "\${SECRET}"\n`,
);
// The variables of whoever runs the tests must not decide them.
const env = { JWT_SECRET_KEY: '', INSTANCE_ID: '', REDIS_URL: '', REDIS_SHARED_SECRET: '', SECRET };

describe('provchain config check', () => {
  it('prints every problem and warning with its place and exits with 65', async () => {
    const { status, stdout, stderr } = await provchain(['config', 'check', wrong], { env });
    expect([status, stderr]).toEqual([65, '']);
    expect(stdout.split('\n')).toEqual([
      `${wrong}:2:14: error: integrity.performance.batch_size is 0; allowed: a whole number from 1 to 100,000`,
      `${wrong}:3:1: error: integrity.performance.batchsize is no setting; did you mean "batch_size"?`,
      `${wrong}:6:1: warning: [network.p2p] max_peers: no effect here: nodes meet in Redis; there is no network of peers`,
      '2 errors, 1 warning',
      '',
    ]);
  });

  it('exits with 0 for a valid file, warnings or not', async () => {
    const { status, stdout } = await provchain(['config', 'check', good], { env });
    expect(status).toBe(0);
    expect(stdout).toMatch(/:4:1: warning: .*\nvalid: .*good\.toml \(0 errors, 1 warning\)\n$/);
  });

  it('gives the same as JSON', async () => {
    const { status, stdout } = await provchain(['config', 'check', wrong, '--json'], { env });
    expect(status).toBe(65);
    expect(JSON.parse(stdout)).toMatchObject({
      file: wrong,
      valid: false,
      problems: [
        { path: 'integrity.performance.batch_size', place: { source: wrong, line: 2, column: 14 } },
        { path: 'integrity.performance.batchsize', place: { source: wrong, line: 3, column: 1 } },
      ],
      warnings: [{ path: 'network.p2p' }],
    });
  });

  it('says that a file is missing as every command does', async () => {
    const { status, stdout, stderr } = await provchain(['config', 'check', join(folder.path, 'none.toml')], {
      env,
    });
    expect([status, stdout]).toEqual([65, '']);
    expect(stderr).toMatch(/^error FILE_UNREADABLE: .*none\.toml: there is no such file\n/);
  });
});

describe('provchain config print', () => {
  it('prints settings that load again and are the same', async () => {
    const first = await provchain(['config', 'print'], { env });
    const copy = join(folder.path, 'copy.toml');
    writeFileSync(copy, first.stdout);
    const second = await provchain(['config', 'print', '--config', copy], { env });
    expect([first.status, second.status]).toEqual([0, 0]);
    expect(first.stdout).toContain('validation_level = "Standard"');
    expect(second.stdout).toBe(first.stdout);
  });

  it('never prints a secret, and the same as TOML and as JSON', async () => {
    const toml = await provchain(['config', 'print', '--config', good], { env });
    const json = await provchain(['config', 'print', '--config', good, '--json'], { env });
    expect(toml.stdout + toml.stderr + json.stdout + json.stderr).not.toContain(SECRET);
    expect(toml.stdout).toContain('jwt_secret_key = "[redacted]"');
    expect(JSON.parse(json.stdout)).toMatchObject(parse(toml.stdout));
    expect(JSON.parse(json.stdout)).toMatchObject({ network: { api: { port: 9000 } } });
  });

  it('refuses settings that are wrong, with the place', async () => {
    const { status, stdout, stderr } = await provchain(['config', 'print', '-c', wrong], { env });
    expect([status, stdout]).toEqual([65, '']);
    expect(stderr).toContain(`error CONFIG_INVALID: ${wrong}:2:14: integrity.performance.batch_size is 0`);
    expect(stderr).toContain(':3:1: integrity.performance.batchsize is no setting');
  });
});
