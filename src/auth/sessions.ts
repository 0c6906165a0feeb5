import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProvChainError } from '../errors.js';

/** One login and everything it was refreshed to, as it is stored: no token can be made from it. */
export interface SessionRecord {
  readonly user: string;
  readonly epoch: string;
  /** SHA-256 of the one refresh token that is good now, base64url. */
  readonly tokenHash: string;
  /** Milliseconds since 1970; refreshing does not move it. */
  readonly expiresAtMs: number;
}

/**
 * Where sessions are kept, shared by every node that answers under one address. `take` hands a record to exactly one
 * of those who ask at the same time and removes it. Records may be forgotten after `expiresAtMs`, and losing one costs
 * a login, no more. Who can write to the store can be any user: it has to be as trusted as the users file, or its
 * records authenticated.
 */
export interface SessionStore {
  put(sessionId: string, record: SessionRecord): Promise<void>;
  take(sessionId: string): Promise<SessionRecord | undefined>;
  delete(sessionId: string): Promise<void>;
}

/** Ids of sessions that ended before their access tokens do. Both are in memory; a fleet shares them in the background. */
export interface Revocations {
  /** `expiresAtMs`: from when on nothing of that id is valid anyway. */
  revoke(id: string, expiresAtMs: number): void | Promise<void>;
  isRevoked(id: string): boolean;
}

export interface SessionsOptions {
  readonly store: SessionStore;
  readonly revocations: Revocations;
  readonly refreshLifetimeMs: number;
  readonly accessLifetimeMs: number;
  readonly now: () => Date;
}

const TOKEN = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;

/** A session that another request has in its hands comes back within milliseconds. */
const TAKE_ATTEMPTS = 6;
const TAKE_PAUSE_MS = 15;

/**
 * Refresh tokens: `<session id>.<secret>`. Each is good once. Its use takes the session out of the store and puts it
 * back with the hash of the next one, so of two uses at the same time one finds nothing, waits until the session is
 * back, and then has an old token. An old token means that two parties have the session, and nobody can tell which of
 * them is the thief: the session ends (RFC 9700 §4.14.2).
 */
export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  async begin(
    user: string,
    epoch: string,
  ): Promise<{ sessionId: string; refreshToken: string; expiresAtMs: number }> {
    const sessionId = newSessionId();
    const secret = newSecret();
    const expiresAtMs = this.#options.now().getTime() + this.#options.refreshLifetimeMs;
    await this.#options.store.put(sessionId, { user, epoch, tokenHash: hashSecret(secret), expiresAtMs });
    return { sessionId, refreshToken: `${sessionId}.${secret}`, expiresAtMs };
  }

  /**
   * The session of a refresh token, and the token that replaces it. `stillValid` says whether the user is the one who
   * logged in. Errors: UNAUTHENTICATED; the message of reuse is {@link REUSED}.
   */
  async rotate(
    refreshToken: string,
    stillValid: (user: string, epoch: string) => boolean,
  ): Promise<{ sessionId: string; user: string; refreshToken: string; expiresAtMs: number }> {
    const { store, revocations, now } = this.#options;
    const [, sessionId, secret] = TOKEN.exec(refreshToken) ?? [];
    if (sessionId === undefined || secret === undefined) throw refused('the refresh token is not valid');
    const session = await this.#take(sessionId);
    if (!session || revocations.isRevoked(sessionId)) throw refused('the refresh token is not valid');
    if (session.expiresAtMs <= now().getTime()) throw refused('the refresh token has expired');
    if (!sameHash(session.tokenHash, hashSecret(secret))) {
      await this.#revoke(sessionId);
      throw refused(REUSED);
    }
    if (!stillValid(session.user, session.epoch)) throw refused('the refresh token is not valid');
    const next = newSecret();
    await store.put(sessionId, { ...session, tokenHash: hashSecret(next) });
    // A logout at the same time may have ended it between the two.
    if (revocations.isRevoked(sessionId)) {
      await store.delete(sessionId);
      throw refused('the refresh token is not valid');
    }
    const { user, expiresAtMs } = session;
    return { sessionId, user, refreshToken: `${sessionId}.${next}`, expiresAtMs };
  }

  /** Ends a session and every access token of it; one that does not exist is no error. */
  async end(sessionId: string): Promise<void> {
    await this.#revoke(sessionId);
    // A refresh on another node may have it in its hands and put it back: it is waited for.
    await this.#take(sessionId);
  }

  /** The session that a refresh token names, whether it is good or not. */
  static idOf(refreshToken: string): string | undefined {
    return TOKEN.exec(refreshToken)?.[1];
  }

  async #revoke(sessionId: string): Promise<void> {
    const { revocations, accessLifetimeMs, now } = this.#options;
    // A minute more than the youngest access token has, for clocks that differ.
    await revocations.revoke(sessionId, now().getTime() + accessLifetimeMs + 60_000);
  }

  async #take(sessionId: string): Promise<SessionRecord | undefined> {
    for (let attempt = 1; ; attempt++) {
      const session = await this.#options.store.take(sessionId);
      if (session || attempt === TAKE_ATTEMPTS) return session;
      await sleep(TAKE_PAUSE_MS);
    }
  }
}

/** Goes to the audit log: somebody has a copy of a refresh token. */
export const REUSED = 'the refresh token was used before; the session has been ended';

/** A session id where there are no refresh tokens. */
export function newSessionId(): string {
  return randomBytes(16).toString('base64url');
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url');
}

function sameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function refused(message: string): ProvChainError {
  return new ProvChainError('UNAUTHENTICATED', message);
}
