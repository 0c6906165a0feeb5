import { relative, resolve } from 'node:path';
import { checkAlerting } from './alerting-rules.js';
import { isLoopbackHost, isLoopbackUrl } from './loopback.js';
import type { Settings } from './schema.js';
import { secretProblem } from './secret-strength.js';
import type { Verdict } from './verdict.js';

const API = ['network', 'api'] as const;
const AUTHENTICATION = ['security', 'authentication'] as const;
/** What decides whether there is authentication, and by what. */
const TOKENS = ['enabled', 'jwt_algorithm', 'jwt_secret_key', 'jwt_private_key_file'].map((key) => [
  ...AUTHENTICATION,
  key,
]);
const LONGEST = ['integrity', 'resource_limits', 'max_validation_time_seconds'];

/** The rules that no single key can break. */
export function checkRules(settings: Settings): Verdict[] {
  return [
    ...checkTimeLimits(settings),
    ...checkLevels(settings),
    ...checkExposure(settings),
    ...checkTokens(settings),
    ...checkTls(settings),
    ...checkRedis(settings),
    ...checkPorts(settings),
    ...checkQueue(settings),
    ...checkState(settings),
    ...checkScrub(settings),
    ...checkAlerting(settings),
  ];
}

function checkTimeLimits({ integrity }: Settings): Verdict[] {
  const most = integrity.resource_limits.max_validation_time_seconds;
  const limits = [
    {
      path: ['integrity', 'performance', 'max_validation_time'],
      own: integrity.performance.max_validation_time,
    },
    ...Object.entries(integrity.levels).map(([name, level]) => ({
      path: ['integrity', 'levels', name, 'max_validation_time'],
      own: level.max_validation_time ?? 0,
    })),
  ];
  return limits
    .filter(({ own }) => own > most)
    .map(({ path, own }) => ({
      path,
      message: `is ${own} s, above ${LONGEST.join('.')} (${most} s)`,
      given: [LONGEST],
    }));
}

function checkLevels({ integrity }: Settings): Verdict[] {
  return Object.entries(integrity.levels)
    .filter(([, { level, checks }]) => (level === undefined) === (checks === undefined))
    .map(([name, { level }]) => {
      const path = ['integrity', 'levels', name];
      const has = level === undefined ? 'has neither `level` nor `checks`' : 'has both `level` and `checks`';
      const given = [
        [...path, 'level'],
        [...path, 'checks'],
      ];
      return { path, message: `${has}; it needs one of them`, given };
    });
}

/** Without authentication everybody who reaches the server may do everything. */
function checkExposure({ network, security, monitoring }: Settings): Verdict[] {
  const { api, tls } = network;
  const verdicts: Verdict[] = [];
  if (!security.authentication.enabled) {
    const open = (path: string[], host: string): Verdict => ({
      path,
      message:
        `is "${host}": without authentication the node listens on loopback only ("127.0.0.1", "::1" or ` +
        '"localhost"); set security.authentication.jwt_secret_key to open it',
      given: TOKENS,
    });
    if (!isLoopbackHost(api.host)) verdicts.push(open([...API, 'host'], api.host));
    if (monitoring.metrics.enabled && !isLoopbackHost(monitoring.metrics.host)) {
      verdicts.push(open(['monitoring', 'metrics', 'host'], monitoring.metrics.host));
    }
  } else if (!isLoopbackHost(api.host) && !tls.enabled && api.trust_proxy_hops === 0) {
    verdicts.push({
      path: [...API, 'host'],
      message: `is "${api.host}" and network.tls is off: passwords and tokens cross the network in the clear`,
      only: 'warning',
    });
  }
  if (api.enable_cors && api.cors_origins.length === 0) {
    verdicts.push({
      path: [...API, 'enable_cors'],
      message: 'is true, but no origin is named',
      only: 'warning',
    });
  }
  return verdicts;
}

function checkTokens({ security: { authentication } }: Settings): Verdict[] {
  if (!authentication.enabled) return [];
  if (authentication.jwt_algorithm === 'EdDSA') {
    if (authentication.jwt_private_key_file !== undefined) return [];
    return [
      {
        path: [...AUTHENTICATION, 'jwt_private_key_file'],
        message: 'is missing; EdDSA needs it',
        given: TOKENS,
      },
    ];
  }
  const path = [...AUTHENTICATION, 'jwt_secret_key'];
  const secret = authentication.jwt_secret_key;
  if (secret === undefined) {
    return [
      { path, message: 'is missing; set it or the environment variable JWT_SECRET_KEY', given: TOKENS },
    ];
  }
  const why = secretProblem(secret);
  return why === undefined ? [] : [{ path, message: why }];
}

function checkTls({ network: { tls } }: Settings): Verdict[] {
  if (!tls.enabled) return [];
  return (['cert_file', 'key_file'] as const)
    .filter((key) => tls[key] === undefined)
    .map((key) => ({ path: ['network', 'tls', key], message: 'is missing; network.tls.enabled needs it' }));
}

/** Whoever can write to Redis could make up verdicts, were they not authenticated. */
function checkRedis({ redis }: Settings): Verdict[] {
  const urls = [redis.url, redis.cache_url].filter((url) => url !== undefined);
  const path = ['redis', 'shared_secret'];
  const verdicts: Verdict[] = [];
  if (redis.cache_url !== undefined && redis.url === undefined) {
    verdicts.push({
      path: ['redis', 'cache_url'],
      message: 'is set, but redis.url is not',
      given: [['redis', 'url']],
    });
  }
  if (redis.shared_secret !== undefined) {
    const why = secretProblem(redis.shared_secret);
    if (why !== undefined) verdicts.push({ path, message: why });
  } else if (!urls.every(isLoopbackUrl)) {
    verdicts.push({ path, message: 'is missing; a Redis that is not on a loopback address needs it' });
  } else if (urls.length > 0) {
    verdicts.push({
      path,
      message: 'is missing: whoever can write to this Redis can make up results',
      only: 'warning',
    });
  }
  return verdicts;
}

function checkPorts({ network: { api }, monitoring: { metrics } }: Settings): Verdict[] {
  if (!metrics.enabled || metrics.export_port !== api.port || api.port === 0) return [];
  return [
    {
      path: ['monitoring', 'metrics', 'export_port'],
      message: `is ${api.port}, which network.api.port has`,
      given: [[...API, 'port']],
    },
  ];
}

function checkQueue({ jobs }: Settings): Verdict[] {
  if (jobs.max_queue_depth_per_client <= jobs.max_queue_depth) return [];
  const message = `is ${jobs.max_queue_depth_per_client}, above jobs.max_queue_depth (${jobs.max_queue_depth})`;
  const given = [['jobs', 'max_queue_depth']];
  return [{ path: ['jobs', 'max_queue_depth_per_client'], message, given }];
}

/** The chain directory may be shared by nodes and be read-only to this one; the state never is. */
function checkState({ state, blockchain: { storage } }: Settings): Verdict[] {
  if (storage.data_directory === undefined) return [];
  const way = relative(resolve(storage.data_directory), resolve(state.directory));
  if (way === '..' || way.startsWith('../')) return [];
  const message = `is "${state.directory}", inside of blockchain.storage.data_directory; it belongs outside`;
  return [{ path: ['state', 'directory'], message, given: [['blockchain', 'storage', 'data_directory']] }];
}

const SCRUB = ['integrity', 'background_monitoring', 'scrub'];
const HOURS_A_DAY = 24;

/** What can be said of a cycle before anything was measured: hours in which no slice runs can be longer than it. */
function checkScrub({ integrity: { background_monitoring } }: Settings): Verdict[] {
  const { full_cycle_hours, quiet_start_hour, quiet_end_hour } = background_monitoring.scrub;
  const at = (key: string) => [...SCRUB, key];
  if (quiet_start_hour === undefined && quiet_end_hour === undefined) return [];
  if (quiet_start_hour === undefined || quiet_end_hour === undefined) {
    const [missing, given] =
      quiet_start_hour === undefined
        ? ['quiet_start_hour', 'quiet_end_hour']
        : ['quiet_end_hour', 'quiet_start_hour'];
    return [{ path: at(missing), message: `is missing; ${given} needs it`, given: [at(given)] }];
  }
  const quietHours = (quiet_end_hour - quiet_start_hour + HOURS_A_DAY) % HOURS_A_DAY;
  if (quietHours === 0) {
    const message = `is ${quiet_end_hour}, the same as quiet_start_hour: there are no quiet hours then`;
    return [{ path: at('quiet_end_hour'), message, given: [at('quiet_start_hour')], only: 'warning' }];
  }
  if (full_cycle_hours > quietHours) return [];
  const message = `is ${full_cycle_hours} h, but the quiet hours last ${quietHours} h: a whole cycle can pass without a slice; it needs more than ${quietHours}`;
  return [{ path: at('full_cycle_hours'), message, given: [at('quiet_start_hour'), at('quiet_end_hour')] }];
}
