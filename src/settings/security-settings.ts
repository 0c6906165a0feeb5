import {
  amount,
  filePath,
  flag,
  listOf,
  oneOf,
  secretText,
  section,
  setting,
  shortText,
  whole,
} from './setting.js';

export const security = section('Who may do what.', {
  authentication: section('Users and tokens.', {
    enabled: setting(flag().optional(), {
      meaning: 'every request but the health checks and the login needs a token',
      otherwise: 'true when a JWT secret or key is configured',
    }),
    users_file: setting(filePath().optional(), {
      meaning: 'names, roles and argon2id hashes; kept by `provchain user`',
      otherwise: 'users.json in state.directory',
    }),
    jwt_secret_key: setting(secretText().optional(), {
      meaning: 'secret of HS256 tokens, the same on every node; placeholders and patterns are refused',
      otherwise: 'JWT_SECRET_KEY',
      secret: 'value',
    }),
    jwt_private_key_file: setting(filePath().optional(), {
      meaning: 'Ed25519 key (PKCS #8 PEM) of EdDSA tokens, the same on every node',
    }),
    jwt_algorithm: setting(oneOf(['HS256', 'EdDSA']).optional(), {
      meaning: 'the only algorithm that is signed with and accepted',
      otherwise: 'EdDSA when only a key file is given, else HS256',
    }),
    jwt_issuer: setting(shortText().default('provchain'), { meaning: '`iss` of tokens' }),
    jwt_audience: setting(shortText().default('provchain-api'), { meaning: '`aud` of tokens' }),
    jwt_expiration_hours: setting(amount(0.01, 720).default(24), {
      meaning: 'life of an access token',
      unit: 'h',
    }),
    enable_refresh_tokens: setting(flag().default(true), { meaning: 'a login also gives a refresh token' }),
    refresh_days: setting(amount(0.01, 365).default(7), { meaning: 'life of a refresh token', unit: 'd' }),
    max_login_attempts: setting(whole(1, 1000).default(5), {
      meaning: 'failed logins of a name after which it is locked out, counted across the fleet',
    }),
    lockout_duration_minutes: setting(amount(0.01, 10_080).default(15), {
      meaning: 'how long it is locked out',
      unit: 'min',
    }),
  }),
  authorization: section('Roles.', {
    default_role: setting(oneOf(['viewer', 'operator']).default('viewer'), {
      meaning: 'role of users whose entry names none',
    }),
    admin_users: setting(listOf(shortText(), 'user names', 100).default([]), {
      meaning: 'users that have the role admin whatever the users file says',
    }),
  }),
  audit: section('The log of who did what, chained by hashes (`provchain audit verify`).', {
    enable_audit_log: setting(flag().default(true), { meaning: 'keep the log' }),
    audit_log_file: setting(filePath().optional(), {
      meaning: 'the file',
      otherwise: 'audit.log in state.directory',
    }),
    max_audit_log_size_mb: setting(amount(0.01, 10_240).default(100), {
      meaning: 'a new file is begun at this size; the chain goes on in it',
      unit: 'MB',
    }),
    log_all_queries: setting(flag().default(false), {
      meaning: 'also log requests that change nothing',
    }),
    log_failed_attempts: setting(flag().default(true), {
      meaning: 'also log failed logins and refused requests',
    }),
  }),
  rate_limit: section('Requests from one address; network.api.trust_proxy_hops says whose address counts.', {
    enabled: setting(flag().optional(), {
      meaning: 'answer 429 above the limits',
      otherwise: 'as security.authentication.enabled',
    }),
    requests_per_minute: setting(whole(1, 10_000_000).default(6000), {
      meaning: 'requests from one address, counted across the fleet',
      unit: '1/min',
    }),
    logins_per_minute: setting(whole(1, 100_000).default(30), {
      meaning: 'logins from one address',
      unit: '1/min',
    }),
  }),
});
