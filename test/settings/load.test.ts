// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables are written like this in the file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import { loadSettings, readSettings, type SettingsInput } from '../../src/settings/index.js';
import { temporaryFolder } from '../support/chains.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const file = join(folder.path, 'settings.toml');
const SECRET = 'q7Vd2mX9sKf4Lw8TzR1nBy6HcJ3gPa5E';

function write(text: string): string {
  writeFileSync(file, text);
  return file;
}

/** Each problem as `line:column message`. */
function problemsOf(text: string, env: NodeJS.ProcessEnv = {}): string[] {
  return readSettings({ file: write(text), env }).problems.map(
    ({ place, message }) => `${place.line}:${place.column} ${message}`,
  );
}

function failureOf(load: () => unknown): ProvChainError {
  try {
    load();
  } catch (thrown) {
    if (thrown instanceof ProvChainError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe('without a file', () => {
  const settings = loadSettings({ env: {} });

  it('the node is embedded, on loopback, without users, on a demo chain', () => {
    expect(settings.redis).toEqual({ prefix: 'provchain', cache_url: undefined });
    expect(settings.network.api).toMatchObject({ host: '127.0.0.1', port: 8080, trust_proxy_hops: 0 });
    expect(settings.security.authentication.enabled).toBe(false);
    expect(settings.security.rate_limit.enabled).toBe(false);
    expect(settings.blockchain.storage.data_directory).toBeUndefined();
    expect(readSettings({ env: {} }).warnings).toEqual([]);
  });

  it('defaults that follow from other settings are filled in', () => {
    const { state, security, jobs } = loadSettings({ env: {}, overrides: { state: { directory: '/s' } } });
    expect(state.directory).toBe('/s');
    expect(security.authentication.users_file).toBe('/s/users.json');
    expect(security.audit.audit_log_file).toBe('/s/audit.log');
    expect(jobs.max_queue_depth_per_client).toBe(1000);
  });
});

describe('variables of the environment', () => {
  it('are put into strings anywhere, and "$${" stays "${"', () => {
    const text = `
[deployment.environment]
region = "\${A}-\${B}"
[network.api]
cors_origins = ["https://\${A}.example"]
[integrity.levels.x]
level = "\${LEVEL}"
[security.authentication]
jwt_issuer = "$\${A}"`;
    const settings = loadSettings({ file: write(text), env: { A: 'eu', B: '1', LEVEL: 'Full' } });
    expect(settings.deployment.environment.region).toBe('eu-1');
    expect(settings.network.api.cors_origins).toEqual(['https://eu.example']);
    expect(settings.integrity.levels.x?.level).toBe('Full');
    expect(settings.security.authentication.jwt_issuer).toBe('${A}');
  });

  it('cannot bring TOML with them, nor be replaced again', () => {
    const env = { A: 'x"\nport = 1', B: '$' + '{A}' };
    const text = '[security.authentication]\njwt_issuer = "${A}"\njwt_audience = "${B}"';
    const { network, security } = loadSettings({ file: write(text), env });
    expect(network.api.port).toBe(8080);
    expect(security.authentication).toMatchObject({ jwt_issuer: env.A, jwt_audience: env.B });
  });

  it('that are missing are errors with their place, each of them', () => {
    const text =
      '[deployment.environment]\nregion = "${ONE}${TWO}"\n\n[network.api]\ncors_origins = [\n "${ONE}"]';
    expect(problemsOf(text)).toEqual([
      '2:10 deployment.environment.region: the environment variable ONE is not set',
      '2:10 deployment.environment.region: the environment variable TWO is not set',
      '6:2 network.api.cors_origins[0]: the environment variable ONE is not set',
    ]);
  });

  it.each(['${', '${}', '${A', '${A-B}', '${ A }', '${1}'])('are not written as %s', (wrong) => {
    const [problem] = problemsOf(`[deployment.environment]\nregion = "${wrong}"`, { A: 'a' });
    expect(problem).toMatch(/^2:10 deployment\.environment\.region: "\$\{" is not followed by the name/);
  });

  it('are not needed for keys that have no effect', () => {
    const text = '[backup.storage]\nremote_bucket = "${BUCKET}"';
    expect(problemsOf(text)).toEqual([]);
  });

  it('named JWT_SECRET_KEY, INSTANCE_ID, REDIS_URL and REDIS_SHARED_SECRET work where the file is silent', () => {
    const env = {
      JWT_SECRET_KEY: SECRET,
      INSTANCE_ID: 'node-1',
      REDIS_URL: 'redis://queue.internal:6379/1',
      REDIS_SHARED_SECRET: [...SECRET].reverse().join(''),
    };
    const settings = loadSettings({ env });
    expect(settings.security.authentication).toMatchObject({ enabled: true, jwt_secret_key: SECRET });
    expect(settings.deployment.environment.instance_id).toBe('node-1');
    expect(settings.redis).toMatchObject({ url: env.REDIS_URL, cache_url: env.REDIS_URL });
    const text = `[deployment.environment]\ninstance_id = "from-the-file"`;
    expect(loadSettings({ file: write(text), env }).deployment.environment.instance_id).toBe('from-the-file');
    expect(loadSettings({ env: { JWT_SECRET_KEY: '' } }).security.authentication.enabled).toBe(false);
  });

  it('are named as the place of what is wrong with them', () => {
    const { problems } = readSettings({ env: { INSTANCE_ID: 'a b', JWT_SECRET_KEY: 'short' } });
    expect(problems.map(({ path, place }) => [path, place])).toEqual([
      ['deployment.environment.instance_id', { source: 'environment variable INSTANCE_ID' }],
      ['security.authentication.jwt_secret_key', { source: 'environment variable JWT_SECRET_KEY' }],
    ]);
  });
});

describe('overrides', () => {
  it('are stronger than the file and the environment, and are checked like them', () => {
    const overrides: SettingsInput = { network: { api: { port: 0 } }, redis: { url: 'redis://localhost' } };
    const env = { REDIS_URL: 'redis://other:1' };
    const settings = loadSettings({ file: write('network.api.port = 9000'), env, overrides });
    expect(settings.network.api).toMatchObject({ port: 0, host: '127.0.0.1' });
    expect(settings.redis.url).toBe('redis://localhost');
    const wrong = readSettings({ file, env: {}, overrides: { network: { api: { port: 70_000 } } } });
    expect(wrong.problems).toEqual([
      {
        path: 'network.api.port',
        message: 'network.api.port is 70000; allowed: a whole number from 0 to 65,535',
        place: { source: 'command line' },
      },
    ]);
  });
});

describe('values that are not allowed', () => {
  it('are named with what is, at the value', () => {
    const text = `
[integrity.performance]
validation_level = "Paranoid"
batch_size = 0
  cache_ttl_seconds   =   "600"
enable_caching = "yes"

[integrity]
resource_limits = { max_cpu_percent = 170.5, max_memory_mb = 1.5 }

[network.tls]
min_tls_version = 1.2

[network.api]
cors_origins = [ "https://a.example",
   "*" ]
host = "not a host"`;
    expect(problemsOf(text)).toEqual([
      '3:20 integrity.performance.validation_level is "Paranoid"; allowed: one of "Minimal", "Standard", "Comprehensive", "Full"',
      '4:14 integrity.performance.batch_size is 0; allowed: a whole number from 1 to 100,000',
      '5:27 integrity.performance.cache_ttl_seconds is "600"; allowed: a whole number from 1 to 604,800',
      '6:18 integrity.performance.enable_caching is "yes"; allowed: true or false',
      '9:39 integrity.resource_limits.max_cpu_percent is 170.5; allowed: a number from 1 to 100',
      '9:62 integrity.resource_limits.max_memory_mb is 1.5; allowed: a whole number from 128 to 1,048,576',
      '12:19 network.tls.min_tls_version is 1.2; allowed: one of "1.2", "1.3"',
      '16:4 network.api.cors_origins[1] is "*"; allowed: a list of origins like "https://example.org", 100 at most',
      '17:8 network.api.host is "not a host"; allowed: an IP address or a host name',
    ]);
  });

  it('are found in tables that are none, dates, and lists', () => {
    expect(problemsOf('security = 5\nnetwork.api.port = 2026-01-01\nredis.prefix = ["a"]')).toEqual([
      '1:12 security is 5; allowed: a table',
      '2:20 network.api.port is a date; allowed: a whole number from 0 to 65,535',
      '3:16 redis.prefix is a list; allowed: a name of letters, digits, ".", "_" and "-", 64 at most',
    ]);
  });

  it('are not shown when they are secret', () => {
    const texts = problemsOf(
      '[redis]\nurl = "https://user:geheim@host"\nshared_secret = "geheim"\n[security.authentication]\njwt_secret_key = 12345678',
    );
    expect(texts).toHaveLength(3);
    expect(texts.join()).not.toMatch(/geheim|12345678/);
  });
});

describe('keys that are no settings', () => {
  it.each([
    [
      '[integrity.performance]\nbatchsize = 5',
      '2:1 integrity.performance.batchsize is no setting; did you mean "batch_size"?',
    ],
    [
      '[integrity.performace]\nbatch_size = 5',
      '1:12 integrity.performace is no setting; did you mean "performance"?',
    ],
    [
      '[integrity]\nbatch_size = 5',
      '2:1 integrity.batch_size is no setting; did you mean integrity.performance.batch_size?',
    ],
    [
      'network.tls.foo = 5',
      '1:13 network.tls.foo is no setting; [network.tls] takes enabled, cert_file, key_file, min_tls_version',
    ],
    [
      '[backup.schedule]\nwhenever = 5',
      '2:1 backup.schedule.whenever is no setting; [backup.schedule] takes enabled, interval_hours, retention_days, compress_backups',
    ],
    [
      '[integrity.levels.audit]\nlevel = "Full"\nlimit = 5',
      '3:1 integrity.levels.audit.limit is no setting; [integrity.levels.audit] takes level, checks, max_validation_time, enable_caching, cache_ttl_seconds, enable_profiling',
    ],
    [
      '[toString]\nx = 1',
      '1:2 toString is no setting; the tables are integrity, blockchain, network, security, redis, state, jobs, cache, monitoring, deployment',
    ],
    [
      '"with space".x = 1',
      '1:1 "with space" is no setting; the tables are integrity, blockchain, network, security, redis, state, jobs, cache, monitoring, deployment',
    ],
  ])('%j is told so', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });
});

describe('texts that are not TOML', () => {
  it.each([
    ['[network.api]\nport = ', 2],
    ['[network.api]\nport = 1\nport = 2', 3],
    ['x = "\u{1f600}" y', 1],
    ['__proto__ = 1', 1],
    ['[constructor]\nx = 1', 1],
    [`x = ${'['.repeat(100)}${']'.repeat(100)}`, 1],
  ])('are refused with their place: %j', (text, line) => {
    const { settings, problems } = readSettings({ file: write(text), env: {} });
    expect(settings).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(/^not TOML: /);
    expect(problems[0]?.place).toMatchObject({ source: file, line });
  });

  it('count columns in characters, not in UTF-16 units', () => {
    expect(problemsOf('x = "\u{1f600}" y')[0]).toMatch(/^1:9 /);
    expect(problemsOf('network.api = { host = "\u{1f600}", port = 1.5 }')[1]).toMatch(/^1:36 /);
  });

  it('are refused when they are no UTF-8 or too long', () => {
    writeFileSync(file, Buffer.from([0x78, 0x3d, 0xff]));
    expect(readSettings({ file, env: {} }).problems[0]?.message).toBe('the file is not UTF-8');
    writeFileSync(file, '#'.repeat(1_100_000));
    expect(readSettings({ file, env: {} }).problems[0]?.message).toBe('the file is longer than 1 MB');
  });
});

describe('loadSettings', () => {
  it('throws CONFIG_INVALID at the first problem and names all of them', () => {
    const text = 'jobs.worker_threads = 0\nnope = 1\n[network.tls]\nenabled = true';
    const error = failureOf(() => loadSettings({ file: write(text), env: {} }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.place).toEqual({ source: file, line: 1, column: 23 });
    expect(error.message).toMatch(
      /^jobs\.worker_threads is 0; .*:2:1: nope is no setting.*cert_file.*key_file/,
    );
  });

  it('throws FILE_UNREADABLE when there is no such file', () => {
    const missing = join(folder.path, 'missing.toml');
    const error = failureOf(() => loadSettings({ file: missing, env: {} }));
    expect([error.code, error.place]).toEqual(['FILE_UNREADABLE', { source: missing }]);
  });

  it('takes the name that the guide has for the size of the cache', () => {
    const text = '[integrity.performance]\nmax_cache_size = 50\n';
    const settings = loadSettings({ file: write(text), env: {} });
    expect(settings.cache.max_cache_entries).toBe(50);
    expect(settings.integrity.performance).not.toHaveProperty('max_cache_size');
    expect(problemsOf(`${text}[cache]\nmax_cache_entries = 50`)).toEqual([]);
    expect(problemsOf(`${text}[cache]\nmax_cache_entries = 60`)).toEqual([
      '2:18 integrity.performance.max_cache_size is 50, but cache.max_cache_entries, the same setting, is 60',
    ]);
  });
});
