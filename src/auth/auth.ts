import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import { AccessTokens } from './access-tokens.js';
import { LoginGuard } from './login-guard.js';
import { verifyPassword, WorkGate } from './password-hash.js';
import type { CounterRedis } from './redis-client.js';
import type { Role } from './roles.js';
import { newSessionId, type Revocations, type SessionStore, Sessions } from './sessions.js';
import type { TokenKeys } from './token-keys.js';
import { type User, UserDirectory } from './user-directory.js';

export interface AuthOptions {
  readonly usersFile: string;
  /** `security.authorization.default_role`: of users whose entry names no role. */
  readonly defaultRole: Role;
  /** `security.authorization.admin_users`: admin whatever their entry says. */
  readonly adminUsers: readonly string[];
  readonly keys: TokenKeys;
  readonly issuer: string;
  readonly audience: string;
  /** `jwt_expiration_hours`, in seconds. */
  readonly accessLifetimeSeconds: number;
  readonly clockToleranceSeconds?: number;
  /** Undefined when `enable_refresh_tokens` is off: a login then lasts as long as its access token. */
  readonly refresh?: { readonly store: SessionStore; readonly lifetimeMs: number };
  readonly revocations: Revocations;
  readonly lockout: {
    readonly maxAttempts: number;
    readonly lockoutSeconds: number;
    readonly maxAttemptsPerAddress?: number;
    readonly redis?: CounterRedis;
    readonly prefix: string;
  };
  readonly log: Log;
  readonly now: () => Date;
  /** Verified tokens that are remembered. */
  readonly cacheEntries?: number;
}

/** Who makes a request, as of now. */
export interface Principal {
  readonly name: string;
  readonly role: Role;
  readonly tokenId: string;
  readonly sessionId: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** What a login or a refresh answers. */
export interface Session {
  readonly user: { readonly name: string; readonly role: Role };
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  readonly expiresInSeconds: number;
  readonly refreshToken?: string;
  /** RFC 3339; refreshing does not move it. */
  readonly refreshExpiresAt?: string;
}

export interface Auth {
  /**
   * The user of an `Authorization` header. Role and existence are looked up in the users file as it is now, not read
   * from the token. Errors: UNAUTHENTICATED; STORE_UNAVAILABLE while the users file cannot be used.
   */
  authenticate(authorization: string | undefined): Promise<Principal>;
  /**
   * `address`: of the client, behind proxies as configured. Errors: LOGIN_FAILED (the same for a wrong name and a wrong
   * password); LOCKED_OUT with `retryAfterMs`; OVERLOADED; STORE_UNAVAILABLE.
   */
  login(name: string, password: string, address: string): Promise<Session>;
  /** Errors: UNAUTHENTICATED, also when refresh tokens are off; STORE_UNAVAILABLE. */
  refresh(refreshToken: string): Promise<Session>;
  /** Ends the session of the principal, with all its tokens, and that of the refresh token if it is another one. */
  logout(principal: Principal, refreshToken?: string): Promise<void>;
}

const BEARER = /^Bearer +([\x21-\x7e]+)$/i;
const LONGEST_NAME = 256;

/** Errors: FILE_UNREADABLE and CONFIG_INVALID for the users file. */
export function createAuth(options: AuthOptions): Auth {
  const users = new UserDirectory({
    file: options.usersFile,
    defaultRole: options.defaultRole,
    adminUsers: options.adminUsers,
    log: options.log,
  });
  return new UserAuth(options, users);
}

class UserAuth implements Auth {
  readonly #users: UserDirectory;
  readonly #tokens: AccessTokens;
  readonly #sessions: Sessions | undefined;
  readonly #guard: LoginGuard;
  readonly #gate = new WorkGate();
  readonly #options: AuthOptions;

  constructor(options: AuthOptions, users: UserDirectory) {
    const { keys, issuer, audience, now, refresh, revocations } = options;
    this.#options = options;
    this.#users = users;
    this.#guard = new LoginGuard(options.lockout);
    this.#tokens = new AccessTokens({
      keys,
      issuer,
      audience,
      now,
      lifetimeSeconds: options.accessLifetimeSeconds,
      clockToleranceSeconds: options.clockToleranceSeconds ?? 5,
      cacheEntries: options.cacheEntries ?? 10_000,
    });
    this.#sessions =
      refresh &&
      new Sessions({
        store: refresh.store,
        revocations,
        refreshLifetimeMs: refresh.lifetimeMs,
        accessLifetimeMs: options.accessLifetimeSeconds * 1000,
        now,
      });
  }

  async authenticate(authorization: string | undefined): Promise<Principal> {
    if (authorization === undefined) throw unauthenticated('the request has no Authorization header');
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) throw unauthenticated('the Authorization header is no bearer token');
    const { subject, tokenId, sessionId, epoch, expiresAt } = await this.#tokens.verify(token);
    if (this.#options.revocations.isRevoked(sessionId)) throw unauthenticated('the session has ended');
    const user = this.#users.find(subject);
    if (user?.epoch !== epoch) throw unauthenticated('the user was removed or changed; log in again');
    return { name: user.name, role: user.role, tokenId, sessionId, expiresAt };
  }

  async login(name: string, password: string, address: string): Promise<Session> {
    const user = await this.#gate.run(async () => {
      const known = name.toLowerCase().slice(0, LONGEST_NAME);
      // Before it is counted: that the file cannot be used is nobody's failed login.
      const found = this.#users.find(known);
      const attempt = await this.#guard.attempt(known, address);
      if (found && (await verifyPassword(found.passwordHash, password))) {
        await attempt.succeeded();
        return found;
      }
      if (!found) await verifyPassword(undefined, password);
      await attempt.failed();
      throw new ProvChainError('LOGIN_FAILED', 'the name or the password is wrong');
    });
    const session = await this.#sessions?.begin(user.name, user.epoch);
    return this.#answer(user, session?.sessionId ?? newSessionId(), session);
  }

  async refresh(refreshToken: string): Promise<Session> {
    if (!this.#sessions) throw unauthenticated('there are no refresh tokens here');
    // The token is good once, and would be used up for nothing.
    this.#users.requireUsable();
    const session = await this.#sessions.rotate(
      refreshToken,
      (name, epoch) => this.#users.find(name)?.epoch === epoch,
    );
    const user = this.#users.find(session.user);
    if (!user) throw unauthenticated('the refresh token is not valid');
    return this.#answer(user, session.sessionId, session);
  }

  async logout(principal: Principal, refreshToken?: string): Promise<void> {
    const named = refreshToken === undefined ? undefined : Sessions.idOf(refreshToken);
    if (this.#sessions) {
      const ids = new Set([principal.sessionId, ...(named === undefined ? [] : [named])]);
      for (const id of ids) await this.#sessions.end(id);
      return;
    }
    const { accessLifetimeSeconds, now, revocations } = this.#options;
    await revocations.revoke(principal.sessionId, now().getTime() + (accessLifetimeSeconds + 60) * 1000);
  }

  async #answer(
    user: User,
    sessionId: string,
    session: { refreshToken: string; expiresAtMs: number } | undefined,
  ): Promise<Session> {
    const { token } = await this.#tokens.sign(user.name, sessionId, user.epoch);
    const refresh = session && {
      refreshToken: session.refreshToken,
      refreshExpiresAt: new Date(session.expiresAtMs).toISOString(),
    };
    return {
      user: { name: user.name, role: user.role },
      accessToken: token,
      tokenType: 'Bearer',
      expiresInSeconds: this.#options.accessLifetimeSeconds,
      ...refresh,
    };
  }
}

function unauthenticated(message: string): ProvChainError {
  return new ProvChainError('UNAUTHENTICATED', message);
}
