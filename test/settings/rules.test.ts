// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables are written like this in the file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../src/settings/index.js';
import { temporaryFolder } from '../support/chains.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const SECRET = 'q7Vd2mX9sKf4Lw8TzR1nBy6HcJ3gPa5E';
const TOKENS = `[security.authentication]\njwt_secret_key = "${SECRET}"\n`;

function read(text: string, env: NodeJS.ProcessEnv = {}) {
  const file = join(folder.path, 'settings.toml');
  writeFileSync(file, text);
  return readSettings({ file, env });
}

/** Paths and places of what is wrong. */
const wrong = (text: string) =>
  read(text).problems.map(({ path, place }) => `${place.line}:${place.column} ${path}`);
const warned = (text: string) => {
  const { settings, warnings } = read(text);
  expect(settings).toBeDefined();
  return warnings.map(({ path }) => path);
};

describe('without authentication', () => {
  it.each(['127.0.0.1', '127.8.9.1', '::1', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1'])(
    'the server may listen on %s',
    (host) => {
      expect(wrong(`network.api.host = "${host}"\nmonitoring.metrics.host = "${host}"`)).toEqual([]);
    },
  );

  it.each(['0.0.0.0', '::', '10.0.0.1', 'localhost.example.org', '128.0.0.1', 'fe80::1', '::ffff:10.0.0.1'])(
    'the server may not listen on %s',
    (host) => {
      expect(wrong(`network.api.host = "${host}"`)).toEqual(['1:20 network.api.host']);
      expect(wrong(`monitoring.metrics.host = "${host}"`)).toEqual(['1:27 monitoring.metrics.host']);
      expect(wrong(`network.api.host = "${host}"\n${TOKENS}enabled = false`)).toEqual([
        '1:20 network.api.host',
      ]);
      expect(wrong(`network.api.host = "${host}"\nmonitoring.metrics.host = "${host}"\n${TOKENS}`)).toEqual(
        [],
      );
    },
  );

  it('the message says what to do', () => {
    const [problem] = read('network.api.host = "0.0.0.0"').problems;
    expect(problem?.message).toMatch(
      /"0\.0\.0\.0".*loopback only.*set security\.authentication\.jwt_secret_key/,
    );
  });

  it('a server of metrics that is off may have any address', () => {
    expect(wrong('[monitoring.metrics]\nenabled = false\nhost = "0.0.0.0"')).toEqual([]);
  });
});

describe('authentication', () => {
  it.each([
    ['enabled = true', '1:11 security.authentication.jwt_secret_key'],
    ['jwt_secret_key = "your-secure-jwt-secret-key-here"', '2:18 security.authentication.jwt_secret_key'],
    ['jwt_secret_key = "changeme"', '2:18 security.authentication.jwt_secret_key'],
    [`jwt_secret_key = "${'ab'.repeat(20)}"`, '2:18 security.authentication.jwt_secret_key'],
    [
      `jwt_secret_key = "${SECRET}"\njwt_algorithm = "EdDSA"`,
      '1:11 security.authentication.jwt_private_key_file',
    ],
    ['jwt_private_key_file = "k"\njwt_algorithm = "HS256"', '1:11 security.authentication.jwt_secret_key'],
    [`jwt_secret_key = "${SECRET}"\njwt_algorithm = "none"`, '3:17 security.authentication.jwt_algorithm'],
  ])('is refused with %s', (lines, problem) => {
    expect(wrong(`[security.authentication]\n${lines}`)).toEqual([problem]);
  });

  it('uses EdDSA when there is only a key file', () => {
    const { settings } = read('security.authentication.jwt_private_key_file = "key.pem"');
    expect(settings?.security.authentication).toMatchObject({ enabled: true, jwt_algorithm: 'EdDSA' });
    expect(settings?.security.rate_limit.enabled).toBe(true);
  });

  it('over plain HTTP to other machines is warned about, unless a proxy stands before the node', () => {
    expect(warned(`network.api.host = "0.0.0.0"\n${TOKENS}`)).toEqual(['network.api.host']);
    expect(warned(`network.api = { host = "0.0.0.0", trust_proxy_hops = 1 }\n${TOKENS}`)).toEqual([]);
    const tls = 'network.tls = { enabled = true, cert_file = "c", key_file = "k" }';
    expect(warned(`network.api.host = "0.0.0.0"\n${tls}\n${TOKENS}`)).toEqual([]);
    expect(warned(TOKENS)).toEqual([]);
  });
});

describe('TLS', () => {
  it.each([
    ['enabled = true', ['1:10 network.tls.cert_file', '1:10 network.tls.key_file']],
    ['enabled = true\ncert_file = "c"', ['1:10 network.tls.key_file']],
    ['enabled = true\nkey_file = "k"', ['1:10 network.tls.cert_file']],
    ['min_tls_version = "1.1"', ['2:19 network.tls.min_tls_version']],
    ['min_tls_version = "1.3"', []],
  ])('with %j has these problems: %j', (lines, problems) => {
    expect(wrong(`[network.tls]\n${lines}`)).toEqual(problems);
  });
});

describe('Redis', () => {
  it('needs a shared secret unless it is on loopback, where that is warned about', () => {
    expect(wrong('redis.url = "redis://queue:6379"')).toEqual(['1:1 redis.shared_secret']);
    expect(wrong('redis.url = "redis://localhost"\nredis.cache_url = "redis://10.0.0.1"')).toEqual([
      '1:1 redis.shared_secret',
    ]);
    expect(warned('redis.url = "redis://[::1]:6379"')).toEqual(['redis.shared_secret']);
    expect(warned(`redis.url = "rediss://queue"\nredis.shared_secret = "${SECRET}"`)).toEqual([]);
  });

  it('takes no weak secret, also on loopback', () => {
    expect(wrong('redis.url = "redis://127.0.0.1"\nredis.shared_secret = "changeme"')).toEqual([
      '2:23 redis.shared_secret',
    ]);
  });

  it('for the cache alone is no fleet', () => {
    expect(wrong('redis.cache_url = "redis://127.0.0.1"')).toEqual(['1:19 redis.cache_url']);
  });
});

describe('limits that contradict each other', () => {
  it.each([
    ['integrity.performance.max_validation_time = 601', ['1:45 integrity.performance.max_validation_time']],
    [
      'integrity.resource_limits.max_validation_time_seconds = 60',
      ['1:1 integrity.performance.max_validation_time'],
    ],
    [
      '[integrity.levels.audit]\nlevel = "Full"\nmax_validation_time = 1800',
      ['3:23 integrity.levels.audit.max_validation_time'],
    ],
    ['jobs.max_queue_depth_per_client = 1001', ['1:35 jobs.max_queue_depth_per_client']],
    ['network.api.port = 9090', ['1:1 monitoring.metrics.export_port']],
    [
      'blockchain.storage.data_directory = "/srv/chain"\nstate.directory = "/srv/chain/state"',
      ['2:19 state.directory'],
    ],
    ['blockchain.storage.data_directory = "c"\nstate.directory = "./c"', ['2:19 state.directory']],
  ])('are refused: %j', (text, problems) => {
    expect(wrong(text).map((problem) => problem.replace(/^undefined:undefined/, '1:1'))).toEqual(problems);
  });

  it.each([
    'integrity.resource_limits.max_validation_time_seconds = 300',
    'network.api.port = 0\nmonitoring.metrics.export_port = 0',
    'network.api.port = 9090\nmonitoring.metrics.enabled = false',
    'blockchain.storage.data_directory = "/srv/chain"\nstate.directory = "/srv/chain-state"',
    'blockchain.storage.data_directory = "/srv/chain"\nstate.directory = "/srv/..state"',
  ])('are not seen in %j', (text) => {
    expect(wrong(text)).toEqual([]);
  });
});

describe('levels of one’s own', () => {
  it.each([
    ['[integrity.levels.audit]', ['1:19 integrity.levels.audit']],
    ['[integrity.levels.audit]\nlevel = "Full"\nchecks = ["payloads"]', ['1:19 integrity.levels.audit']],
    ['[integrity.levels.audit]\nchecks = []', ['2:10 integrity.levels.audit.checks']],
    ['[integrity.levels.audit]\nchecks = ["payloads", "luck"]', ['2:23 integrity.levels.audit.checks[1]']],
    ['[integrity.levels.Full]\nlevel = "Full"', ['1:19 integrity.levels.Full']],
    ['[integrity.levels.full]\nlevel = "Full"', ['1:19 integrity.levels.full']],
    ['[integrity.levels."a b"]\nlevel = "Full"', ['1:19 integrity.levels."a b"']],
    ['[integrity.levels.custom]\nlevel = "Full"', ['1:19 integrity.levels.custom']],
  ])('are refused: %j', (text, problems) => {
    expect(wrong(text)).toEqual(problems);
  });

  it('are taken with a level or with checks, and leave to the run-time settings what they do not say', () => {
    const { settings } = read(
      '[integrity.levels]\naudit = { level = "Full", enable_caching = false }\nsigned-2 = { checks = ["signatures"] }',
    );
    expect(settings?.integrity.levels).toEqual({
      audit: { level: 'Full', enable_caching: false },
      'signed-2': { checks: ['signatures'] },
    });
  });
});

describe('rules', () => {
  it('are checked although values are wrong, but say nothing that only follows from those', () => {
    const text = [
      'network.api = { host = "0.0.0.0", port = 99999 }',
      'network.tls.enabled = true',
      'security.authentication.jwt_secret_key = "${MISSING}"',
      'integrity.resource_limits.max_validation_time_seconds = -1',
      'integrity.performance.max_validation_time = 700',
    ].join('\n');
    expect(wrong(text)).toEqual([
      '1:42 network.api.port',
      '2:9 network.tls.cert_file',
      '2:9 network.tls.key_file',
      '3:42 security.authentication.jwt_secret_key',
      '4:57 integrity.resource_limits.max_validation_time_seconds',
    ]);
  });
});

describe('alerting', () => {
  const alerting = (...lines: string[]) => wrong(['[integrity.alerting]', ...lines].join('\n'));

  it('needs of a channel that is switched on what that cannot do without', () => {
    expect(alerting('enable_email = true')).toEqual([
      '1:12 integrity.alerting.email.from',
      '1:12 integrity.alerting.email.recipients',
      '1:12 integrity.alerting.email.smtp_server',
    ]);
    expect(
      alerting(
        'enable_email = true',
        'email = { smtp_server = "mail", recipients = ["a@b"], username = "x" }',
      ),
    ).toEqual(['3:9 integrity.alerting.email.from']);
    expect(alerting('enable_webhook = true')).toEqual(['1:12 integrity.alerting.webhook.url']);
    expect(alerting('enable_slack = true')).toEqual(['1:12 integrity.alerting.slack.webhook_url']);
    expect(alerting('email.recipients = []', 'webhook.timeout_seconds = 5')).toEqual([]);
  });

  it('takes no header that ends another, or that the program sets itself', () => {
    expect(alerting('webhook.headers = { "X A" = "1" }')).toEqual([
      '2:29 integrity.alerting.webhook.headers."X A"',
    ]);
    expect(alerting('webhook.headers.Host = "x"')).toEqual(['2:24 integrity.alerting.webhook.headers.Host']);
    expect(alerting('webhook.headers.A = "x\\r\\nB: y"')).toEqual([
      '2:21 integrity.alerting.webhook.headers.A',
    ]);
  });

  it('takes no address that is more than one', () => {
    expect(alerting('email.recipients = ["a@b.example, c@d.example"]')).toEqual([
      '2:21 integrity.alerting.email.recipients[0]',
    ]);
    expect(alerting('email.from = "a@b.example\\r\\nBcc: c@d.example"')).toEqual([
      '2:14 integrity.alerting.email.from',
    ]);
  });

  it('takes no weak secret to sign with, and not the placeholder of the guide', () => {
    expect(alerting('webhook.secret = "short"')).toEqual(['2:18 integrity.alerting.webhook.secret']);
    const url = 'https://hooks.slack.com/services/YOUR/SLACK/WEBHOOK';
    expect(alerting('enable_slack = true', `slack.webhook_url = "${url}"`)).toEqual([
      '3:21 integrity.alerting.slack.webhook_url',
    ]);
  });
});

describe('the scrub', () => {
  const scrub = (text: string) => `[integrity.background_monitoring.scrub]\n${text}`;

  it('has both hours of its quiet hours or none', () => {
    expect(wrong(scrub('quiet_start_hour = 22'))).toEqual([
      '1:34 integrity.background_monitoring.scrub.quiet_end_hour',
    ]);
    expect(wrong(scrub('quiet_end_hour = 6'))).toEqual([
      '1:34 integrity.background_monitoring.scrub.quiet_start_hour',
    ]);
    expect(wrong(scrub('quiet_start_hour = 22\nquiet_end_hour = 6'))).toEqual([]);
  });

  it('cannot have a cycle that may lie in quiet hours altogether, and says why', () => {
    const text = scrub('full_cycle_hours = 8\nquiet_start_hour = 22\nquiet_end_hour = 6');
    expect(wrong(text)).toEqual(['2:20 integrity.background_monitoring.scrub.full_cycle_hours']);
    expect(read(text).problems[0]?.message).toContain(
      'is 8 h, but the quiet hours last 8 h: a whole cycle can pass without a slice',
    );
    expect(wrong(text.replace('= 8', '= 8.5'))).toEqual([]);
  });

  it('has no quiet hours when they end as they begin, with a warning', () => {
    expect(warned(scrub('quiet_start_hour = 3\nquiet_end_hour = 3'))).toEqual([
      'integrity.background_monitoring.scrub.quiet_end_hour',
    ]);
  });
});
