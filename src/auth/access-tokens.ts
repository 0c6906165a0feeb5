import { hash, randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { ProvChainError } from '../errors.js';
import type { TokenKeys } from './token-keys.js';

/** What an access token says. All of it was signed by a node of this fleet. */
export interface AccessClaims {
  /** User name. */
  readonly subject: string;
  /** Of this token. */
  readonly tokenId: string;
  /** Of the login it goes back to, over all refreshes. */
  readonly sessionId: string;
  readonly epoch: string;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly expiresAt: number;
}

export interface AccessTokenOptions {
  readonly keys: TokenKeys;
  readonly issuer: string;
  readonly audience: string;
  readonly lifetimeSeconds: number;
  /** By how much the clocks of two nodes may differ. */
  readonly clockToleranceSeconds: number;
  readonly now: () => Date;
  /** Verified tokens that are remembered. */
  readonly cacheEntries: number;
}

/** Ours have about 500 characters; a longer one is not worth its hashing. */
const LONGEST_TOKEN = 4096;
/** RFC 9068 §2.1: so that no other kind of token of the same key is taken for an access token. */
const TYPE = 'at+jwt';
const SHAPE = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * Signs access tokens and verifies them. The algorithm is the key's and never taken from the token (RFC 8725 §3.1);
 * issuer, audience, type, key id and every time claim have to be there and right.
 *
 * A signature costs some 100 µs to verify and a look-up by the token's hash less than one, so the claims of tokens that
 * were verified are remembered; their times are compared on every call all the same. Wrong tokens are not remembered:
 * whoever sends them chooses how many there are.
 */
export class AccessTokens {
  readonly #options: AccessTokenOptions;
  readonly #verified: LRUCache<string, AccessClaims>;

  constructor(options: AccessTokenOptions) {
    this.#options = options;
    this.#verified = new LRUCache({ max: options.cacheEntries });
  }

  async sign(
    subject: string,
    sessionId: string,
    epoch: string,
  ): Promise<{ token: string; claims: AccessClaims }> {
    const { keys, issuer, audience, lifetimeSeconds, now } = this.#options;
    const issuedAt = Math.floor(now().getTime() / 1000);
    const claims: AccessClaims = {
      subject,
      tokenId: randomUUID(),
      sessionId,
      epoch,
      notBefore: issuedAt,
      expiresAt: issuedAt + lifetimeSeconds,
    };
    const token = await new SignJWT({ sid: sessionId, epoch })
      .setProtectedHeader({ alg: keys.algorithm, typ: TYPE, kid: keys.keyId })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setJti(claims.tokenId)
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt)
      .setExpirationTime(claims.expiresAt)
      .sign(keys.signing);
    return { token, claims };
  }

  /** The claims of a token that is valid now. Errors: UNAUTHENTICATED. The token is untrusted. */
  async verify(token: string): Promise<AccessClaims> {
    if (token.length > LONGEST_TOKEN) throw refused('the token is too long');
    const key = hash('sha256', token, 'base64');
    const known = this.#verified.get(key);
    if (known) {
      try {
        this.#checkTimes(known);
      } catch (expired) {
        this.#verified.delete(key);
        throw expired;
      }
      return known;
    }
    const claims = await this.#verifySignature(token);
    this.#verified.set(key, claims);
    return claims;
  }

  async #verifySignature(token: string): Promise<AccessClaims> {
    const { keys, issuer, audience, lifetimeSeconds, clockToleranceSeconds, now } = this.#options;
    if (!SHAPE.test(token) || !isCanonical(token)) throw refused('the token is malformed');
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys.verifying, {
        algorithms: [keys.algorithm],
        issuer,
        audience,
        typ: TYPE,
        requiredClaims: ['exp', 'nbf', 'iat', 'sub', 'jti', 'sid', 'epoch'],
        // Bounds what a token of a former, longer lifetime is still good for, and refuses an iat in the future.
        maxTokenAge: lifetimeSeconds,
        clockTolerance: clockToleranceSeconds,
        currentDate: now(),
      });
      if (protectedHeader.kid !== keys.keyId) throw refused('the token is not valid');
      const { sub, jti, sid, epoch, nbf, exp, aud } = payload;
      const texts = [sub, jti, sid, epoch, aud].every((text) => typeof text === 'string' && text !== '');
      if (!texts) throw refused('the token is not valid');
      return {
        subject: sub as string,
        tokenId: jti as string,
        sessionId: sid as string,
        epoch: epoch as string,
        notBefore: nbf as number,
        expiresAt: exp as number,
      };
    } catch (cause) {
      if (cause instanceof ProvChainError) throw cause;
      throw refused(
        cause instanceof errors.JWTExpired ? 'the token has expired' : 'the token is not valid',
        cause,
      );
    }
  }

  #checkTimes({ notBefore, expiresAt }: AccessClaims): void {
    const { now, clockToleranceSeconds } = this.#options;
    const seconds = now().getTime() / 1000;
    if (seconds >= expiresAt + clockToleranceSeconds) throw refused('the token has expired');
    if (seconds < notBefore - clockToleranceSeconds - 1) throw refused('the token is not valid');
  }
}

/**
 * Whether each part is the one base64url text of its bytes. The last character of a part has bits that decoders
 * ignore, so without this several texts would be one token (RFC 4648 §3.5).
 */
function isCanonical(token: string): boolean {
  return token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}

function refused(message: string, cause?: unknown): ProvChainError {
  return new ProvChainError('UNAUTHENTICATED', message, { cause });
}
