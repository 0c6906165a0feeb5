import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/settings/index.js';
import { expectUsable } from '../support/command-line.js';
import { installed, runTool } from '../support/debian.js';
import { projectRoot } from '../support/project.js';

const unit = readFileSync(join(projectRoot(), 'deploy/provchain.service'), 'utf8');
const directive = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1];
const CONFIG = '/etc/provchain/config.toml';

describe('deploy/provchain.service', () => {
  it('runs a command that the command line takes, with the configuration of the guide', () => {
    const [program, ...words] = directive('ExecStart')!.split(' ');
    expect(program).toMatch(/^\/.+\/provchain$/);
    expectUsable(words);
    expect(words).toContain(CONFIG);
    expect(directive('EnvironmentFile')).toBe('/etc/provchain/environment');
    expect(directive('User')).toBe('provchain');
  });

  it('may write where config/production.toml says, and nowhere else', () => {
    const secret = 'Hq3v9Qx2mB7nL0pR5tY8wZ1cF4hG6dS2';
    const env = { JWT_SECRET_KEY: secret, INSTANCE_ID: 'node1' };
    const { settings } = readSettings({ file: join(projectRoot(), 'config/production.toml'), env });
    const { blockchain, state, security, monitoring } = settings!;
    expect([directive('StateDirectory'), directive('LogsDirectory')]).toEqual(['provchain', 'provchain']);
    for (const path of [
      blockchain.storage.data_directory,
      state.directory,
      security.authentication.users_file,
    ]) {
      expect(path).toMatch(/^\/var\/lib\/provchain\//);
    }
    for (const path of [security.audit.audit_log_file, monitoring.logging.log_file]) {
      expect(path).toMatch(/^\/var\/log\/provchain\//);
    }
    expect(directive('ProtectSystem')).toBe('strict');
    expect(unit).not.toContain('ReadWritePaths');
  });

  it('does not forbid what V8 does', () => {
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute=true/m);
  });

  /** With the program and the account of this machine instead of those of an installation. */
  function onThisMachine(check: (file: string) => void): void {
    const folder = mkdtempSync(join(tmpdir(), 'provchain-unit-'));
    const file = join(folder, 'provchain.service');
    writeFileSync(file, unit.replace('/usr/local/bin/provchain', process.execPath));
    check(file);
    rmSync(folder, { recursive: true });
  }

  it.skipIf(!installed('systemd-analyze'))('is one that systemd takes', () => {
    onThisMachine((file) => {
      const { status, output } = runTool('systemd-analyze', ['verify', '--man=no', file]);
      expect(output.split('\n').filter((line) => line.includes('provchain'))).toEqual([]);
      expect(status).toBe(0);
    });
  });

  it.skipIf(!installed('systemd-analyze'))('is exposed to little', () => {
    onThisMachine((file) => {
      // Tenths: below 2.0 of 10 is what systemd calls OK.
      const options = ['security', '--offline=true', '--threshold=20', '--no-pager', file];
      const { status, output } = runTool('systemd-analyze', options);
      expect([status, output]).toEqual([0, expect.stringContaining('Overall exposure level')]);
    });
  });
});
