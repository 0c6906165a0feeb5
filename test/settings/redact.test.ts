import { describe, expect, it } from 'vitest';
import { loadSettings, redactSettings, settingsReference } from '../../src/settings/index.js';

const SECRET = 'q7Vd2mX9sKf4Lw8TzR1nBy6HcJ3gPa5E';
const settings = loadSettings({
  env: {},
  overrides: {
    security: { authentication: { jwt_secret_key: SECRET } },
    redis: {
      url: 'rediss://user:geheim@queue:6380/2?password=geheim',
      cache_url: 'redis://:geheim@cache',
      shared_secret: [...SECRET].reverse().join(''),
    },
    integrity: {
      levels: { audit: { level: 'Full' } },
      alerting: {
        email: { password: 'geheim' },
        webhook: { url: 'https://hooks.example/x?token=geheim', headers: { Authorization: 'Bearer geheim' } },
        slack: { webhook_url: 'https://hooks.slack.com/services/geheim' },
      },
    },
  },
});

describe('redactSettings', () => {
  const redacted = redactSettings(settings);

  it('replaces secrets, and of URLs the password and the query', () => {
    expect(redacted.security.authentication.jwt_secret_key).toBe('[redacted]');
    expect(redacted.redis).toEqual({
      url: 'rediss://user:[redacted]@queue:6380/2?[redacted]',
      cache_url: 'redis://:[redacted]@cache',
      prefix: 'provchain',
      shared_secret: '[redacted]',
    });
  });

  it('leaves everything else, and the settings themselves', () => {
    const { redis, security, integrity, ...others } = redacted;
    const { alerting, ...checks } = integrity;
    expect(settings).toMatchObject({ ...others, integrity: checks });
    expect(JSON.stringify(redacted)).not.toContain('geheim');
    expect(alerting.webhook).toMatchObject({
      url: 'https://hooks.example/x?[redacted]',
      headers: { Authorization: '[redacted]' },
    });
    expect(settings.security.authentication.jwt_secret_key).toBe(SECRET);
    expect(redacted.integrity.levels).toEqual({ audit: { level: 'Full' } });
  });

  it('knows every key that looks like a secret', () => {
    const secret = settingsReference().flatMap(({ table, settings }) =>
      settings.filter((one) => one.secret).map(({ key }) => `${table}.${key}`),
    );
    const suspicious = settingsReference().flatMap(({ table, settings }) =>
      settings
        .filter(
          ({ key }) => /secret|password|token|url|headers$/.test(key) && !/^(enable_|public_)/.test(key),
        )
        .map(({ key }) => `${table}.${key}`),
    );
    expect(secret).toEqual(suspicious);
  });

  it('leaves a URL without a password as it is', () => {
    const plain = loadSettings({ env: {}, overrides: { redis: { url: 'redis://127.0.0.1:6379' } } });
    expect(redactSettings(plain).redis.url).toBe('redis://127.0.0.1:6379');
  });
});
