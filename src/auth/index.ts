export { type Auth, type AuthOptions, createAuth, type Principal, type Session } from './auth.js';
export { addressKey } from './client-address.js';
export { createMemoryRevocations, createMemorySessions } from './memory-sessions.js';
export {
  createRateLimiter,
  type RateDecision,
  type RateLimiter,
  type RateLimiterOptions,
} from './rate-limiter.js';
export type { CounterRedis } from './redis-client.js';
export { isRole, ROLES, type Role, roleAllows } from './roles.js';
export { REUSED, type Revocations, type SessionRecord, type SessionStore } from './sessions.js';
export { certificateWarning, loadTls, type Tls, type TlsSettings, type TlsWatch, watchTls } from './tls.js';
export {
  JWT_ALGORITHMS,
  type JwtAlgorithm,
  keysFromFile,
  keysFromSecret,
  type TokenKeys,
} from './token-keys.js';
export { addUser, listUsers, removeUser, type UserEntry } from './user-file.js';
