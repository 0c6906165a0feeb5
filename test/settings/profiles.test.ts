import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { readSettings, type SettingsProblem, WITHOUT_EFFECT } from '../../src/settings/index.js';
import { fixtures, projectRoot } from '../support/project.js';

const SECRET = 'q7Vd2mX9sKf4Lw8TzR1nBy6HcJ3gPa5E';
const ENV = { JWT_SECRET_KEY: SECRET, INSTANCE_ID: 'node-1' };
const profile = (name: string) => join(projectRoot(), 'config', `${name}.toml`);

describe('the profiles', () => {
  it.each([
    ['development', 'Minimal', 600, 60],
    ['staging', 'Standard', 300, 180],
    ['production', 'Standard', 300, 300],
    ['critical', 'Comprehensive', 180, 120],
  ])('%s is valid and has the guide’s level, time to live and interval', (name, level, ttl, interval) => {
    const { settings, problems, warnings } = readSettings({ file: profile(name), env: ENV });
    expect(problems).toEqual([]);
    expect(settings?.integrity.performance).toMatchObject({
      validation_level: level,
      cache_ttl_seconds: ttl,
    });
    expect(settings?.deployment.environment.name).toBe(name);
    expect(settings?.integrity.levels.audit).toEqual({
      level: 'Full',
      max_validation_time: 1800,
      enable_caching: false,
      enable_profiling: true,
    });
    const written = parse(readFileSync(profile(name), 'utf8')) as { integrity: Record<string, object> };
    expect(written.integrity.background_monitoring).toMatchObject({ interval_seconds: interval });
    expect(settings?.integrity.background_monitoring).toMatchObject({
      enabled: true,
      scrub: { enabled: name !== 'development' },
    });
    expect(warnings).toEqual([]);
  });

  it.each(['staging', 'production', 'critical'])(
    '%s has users, and refuses to go without a secret',
    (name) => {
      const { settings } = readSettings({ file: profile(name), env: ENV });
      expect(settings?.security.authentication).toMatchObject({ enabled: true, jwt_secret_key: SECRET });
      const { problems } = readSettings({ file: profile(name), env: { INSTANCE_ID: 'node-1' } });
      expect(problems.map(({ path }) => path)).toEqual(['security.authentication.jwt_secret_key']);
    },
  );

  it.each(['staging', 'production', 'critical'])('%s becomes a fleet by two variables', (name) => {
    const env = {
      ...ENV,
      REDIS_URL: 'redis://queue:6379',
      REDIS_SHARED_SECRET: [...SECRET].reverse().join(''),
    };
    const { settings, problems } = readSettings({ file: profile(name), env });
    expect(problems).toEqual([]);
    expect(settings?.redis.url).toBe(env.REDIS_URL);
  });
});

describe('the file of the predecessor', () => {
  const folder = process.env.PROVCHAIN_FIXTURES ? fixtures('..') : resolve(projectRoot(), '../shared');
  const file = join(folder ?? '', 'seed', 'production.toml');
  const missing = !existsSync(file);
  const why = `${file} is missing`;

  it('loads as it is, with one warning for each table and reason', ({ skip }) => {
    skip(missing, why);
    const env = { ...ENV, WEBHOOK_TOKEN: 'token', PROVCHAIN_EMAIL_PASSWORD: 'password' };
    const { settings, problems, warnings } = readSettings({ file, env });
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({
      blockchain: { storage: { data_directory: '/var/lib/provchain/data' } },
      network: { api: { host: '0.0.0.0', cors_origins: ['https://provchain.company.com'] } },
      security: { authentication: { enabled: true }, authorization: { admin_users: ['admin@company.com'] } },
      deployment: { environment: { region: 'us-east-1', instance_id: 'node-1' } },
      integrity: {
        alerting: {
          ...{ enable_email: true, enable_webhook: true, enable_slack: false, critical_threshold: 3 },
          email: { from: 'provchain-alerts@company.com', password: 'password', security: 'starttls' },
          webhook: { headers: { Authorization: 'Bearer token', 'Content-Type': 'application/json' } },
        },
      },
    });
    const lines = (path: string) =>
      warnings.filter((warning: SettingsProblem) => warning.path === path).map(({ message }) => message);
    expect(lines('blockchain.storage')).toEqual([
      expect.stringMatching(/enable_compression, compression_level: no effect here: the RocksDB binding/),
      expect.stringMatching(/backup_directory, max_backup_count: not available in this version yet: backups/),
    ]);
    expect(lines('backup.verification')).toHaveLength(1);
    expect(lines('network.p2p')).toEqual([
      expect.stringMatching(/listen_port, max_peers, connection_timeout/),
    ]);
    expect(warnings.every(({ place }) => place.source === file && place.line !== undefined)).toBe(true);
  });

  it.skipIf(missing)('has every key that is accepted without effect', () => {
    const written = parse(readFileSync(file, 'utf8'));
    const absent = Object.keys(WITHOUT_EFFECT).filter((key) => {
      let node: unknown = written;
      for (const part of key.split('.')) node = (node as Record<string, unknown> | undefined)?.[part];
      return node === undefined;
    });
    expect(absent).toEqual([]);
  });
});

describe('keys without effect', () => {
  const read = (overrides: object) => readSettings({ env: {}, overrides });

  it('are not mentioned when they say what happens anyway', () => {
    const agreeing = {
      network: { p2p: { enabled: false } },
      blockchain: {
        validation: { enable_strict_validation: true, enable_hash_verification: true },
        performance: { enable_write_ahead_log: true },
        storage: { enable_encryption: false },
      },
      backup: { schedule: { enabled: false } },
    };
    expect(read(agreeing)).toMatchObject({ problems: [], warnings: [] });
  });

  it('are mentioned when they say something else', () => {
    const { problems, warnings } = read({ blockchain: { validation: { enable_hash_verification: false } } });
    expect(problems).toEqual([]);
    expect(warnings.map(({ message }) => message)).toEqual([
      '[blockchain.validation] enable_hash_verification: no effect here: hashes are always verified',
    ]);
  });

  it('are refused when they ask for protection that is not given', () => {
    const { settings, problems } = read({ blockchain: { storage: { enable_encryption: true } } });
    expect(settings).toBeUndefined();
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^blockchain\.storage\.enable_encryption is true: .*encrypt the volume/),
    ]);
  });
});
