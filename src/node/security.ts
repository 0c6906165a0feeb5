import type { ApiAuditEvent, ApiAuth, ApiDependencies } from '../api/index.js';
import { type AuditOutcome, type AuditValue, openAudit } from '../audit/index.js';
import {
  type Auth,
  createAuth,
  createRateLimiter,
  keysFromFile,
  keysFromSecret,
  type RateLimiter,
} from '../auth/index.js';
import { ProvChainError } from '../errors.js';
import { createSealer } from '../fleet/index.js';
import type { Metrics } from '../metrics/index.js';
import type { Settings } from '../settings/index.js';
import type { Base } from './base.js';
import {
  createRedisSessions,
  createRevocations,
  createStateSessions,
  dropExpiredSessions,
} from './sessions.js';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;
const DAY_MS = 86_400_000;
const MEGABYTE = 1 << 20;

type RateLimit = NonNullable<ApiDependencies['rateLimit']>;

/** Users, tokens and logins as the API wants them; undefined when authentication is off. */
export async function openAuth(base: Base, metrics: Metrics): Promise<ApiAuth | undefined> {
  const { settings, state, documents, fleet, nodeId, log, now } = base;
  const { authentication, authorization } = settings.security;
  if (!authentication.enabled) return undefined;
  const accessLifetimeSeconds = Math.round(authentication.jwt_expiration_hours * HOUR_SECONDS);
  if (!fleet) await dropExpiredSessions(state, now());
  const store = fleet
    ? createRedisSessions(fleet.redis.control(), fleet.prefix, createSealer(fleet.secret, 'session'), now)
    : createStateSessions(state, now);
  const auth = createAuth({
    usersFile: authentication.users_file,
    defaultRole: authorization.default_role,
    adminUsers: authorization.admin_users,
    keys: tokenKeys(settings),
    issuer: authentication.jwt_issuer,
    audience: authentication.jwt_audience,
    accessLifetimeSeconds,
    refresh: authentication.enable_refresh_tokens
      ? { store, lifetimeMs: authentication.refresh_days * DAY_MS }
      : undefined,
    revocations: createRevocations(documents, nodeId, () => now().getTime()),
    lockout: {
      maxAttempts: authentication.max_login_attempts,
      lockoutSeconds: Math.round(authentication.lockout_duration_minutes * MINUTE_SECONDS),
      redis: fleet?.redis.control(),
      prefix: fleet?.prefix ?? settings.redis.prefix,
    },
    log,
    now,
  });
  return forApi(auth, metrics, loginLimit(base));
}

function tokenKeys({ security: { authentication } }: Settings) {
  const { jwt_algorithm, jwt_private_key_file, jwt_secret_key } = authentication;
  if (jwt_algorithm === 'EdDSA' && jwt_private_key_file !== undefined)
    return keysFromFile(jwt_private_key_file);
  if (jwt_secret_key !== undefined) return keysFromSecret(jwt_secret_key);
  throw new ProvChainError(
    'CONFIG_INVALID',
    'authentication is enabled, and there is neither JWT_SECRET_KEY nor a key file',
  );
}

/** Logins from one address, counted across the fleet, whatever becomes of them. */
function loginLimit({ settings, fleet }: Base): RateLimiter | undefined {
  const { enabled, logins_per_minute } = settings.security.rate_limit;
  if (!enabled) return undefined;
  return createRateLimiter({
    points: logins_per_minute,
    durationSeconds: MINUTE_SECONDS,
    redis: fleet?.redis.control(),
    prefix: `${fleet?.prefix ?? settings.redis.prefix}:logins`,
  });
}

function forApi(auth: Auth, metrics: Metrics, limit: RateLimiter | undefined): ApiAuth {
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (thrown) {
      metrics.authFailed(ProvChainError.from(thrown).code);
      throw thrown;
    }
  };
  const tokens = async (session: ReturnType<Auth['login']>) => {
    const { accessToken, refreshToken, expiresInSeconds, user } = await counted(session);
    return { accessToken, refreshToken, expiresIn: expiresInSeconds, user };
  };
  return {
    authenticate: (header) => counted(auth.authenticate(header)),
    async login(name, password, ip) {
      const decision = await limit?.consume(ip);
      if (decision?.allowed === false) {
        throw new ProvChainError('RATE_LIMITED', `too many logins from ${ip}`, {
          retryAfterMs: decision.retryAfterMs,
        });
      }
      const answer = await tokens(auth.login(name, password, ip));
      metrics.loginSucceeded();
      return answer;
    },
    refresh: (refreshToken) => tokens(auth.refresh(refreshToken)),
    async logout(header, refreshToken) {
      await auth.logout(await auth.authenticate(header), refreshToken);
    },
  };
}

const OUTCOMES: Readonly<Record<ApiAuditEvent['outcome'], AuditOutcome>> = {
  success: 'ok',
  denied: 'refused',
  failure: 'failed',
};

export interface AuditTrail {
  record(event: ApiAuditEvent): Promise<void>;
  close(): Promise<void>;
}

/** The audit log as the API wants it, or one that keeps nothing. Errors: those of its file. */
export async function openAuditTrail({ settings, log, now }: Base, metrics: Metrics): Promise<AuditTrail> {
  const { enable_audit_log, audit_log_file, max_audit_log_size_mb, log_failed_attempts } =
    settings.security.audit;
  if (!enable_audit_log) return { record: async () => {}, close: async () => {} };
  const audit = await openAudit({
    file: audit_log_file,
    maxBytes: max_audit_log_size_mb * MEGABYTE,
    log,
    now,
  });
  return {
    async record(event) {
      if (event.outcome !== 'success' && !log_failed_attempts) return;
      const { action, outcome, user, ip, requestId, method, path, status, code, details } = event;
      try {
        await audit.record({
          action,
          outcome: OUTCOMES[outcome],
          user,
          address: ip,
          requestId,
          target: `${method} ${path}`,
          code,
          details: { status, ...(details as Readonly<Record<string, AuditValue>>) },
        });
        metrics.auditWritten();
      } catch (thrown) {
        metrics.auditFailed();
        throw thrown;
      }
    },
    close: () => audit.close(),
  };
}

/** Requests of one client, counted across the fleet. */
export function openRateLimit({ settings, fleet }: Base): RateLimit | undefined {
  const { enabled, requests_per_minute } = settings.security.rate_limit;
  if (!enabled) return undefined;
  const limiter = createRateLimiter({
    points: requests_per_minute,
    durationSeconds: MINUTE_SECONDS,
    redis: fleet?.redis.control(),
    prefix: fleet?.prefix ?? settings.redis.prefix,
  });
  return {
    async consume(key) {
      const { allowed, retryAfterMs } = await limiter.consume(key);
      return { allowed, retryAfterSeconds: allowed ? undefined : Math.ceil(retryAfterMs / 1000) };
    },
  };
}
