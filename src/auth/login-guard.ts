import { hash } from 'node:crypto';
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { ProvChainError } from '../errors.js';
import { addressKey } from './client-address.js';
import type { CounterRedis } from './redis-client.js';

export interface LoginGuardOptions {
  /** Failed logins of one account that lock it. */
  readonly maxAttempts: number;
  readonly lockoutSeconds: number;
  /**
   * Failed logins from one address, of whatever accounts, that lock the address. More than of an account, because
   * many people may come from one address.
   */
  readonly maxAttemptsPerAddress?: number;
  /** Shared by the fleet; without it, or while it is away, this node counts alone. */
  readonly redis?: CounterRedis;
  /** Of the keys in Redis. */
  readonly prefix: string;
}

const ADDRESS_FACTOR = 4;

/**
 * Counts failed logins per account and per address, and locks either for a while. An attempt is counted before the
 * password is looked at and given back when it was right, so that many at the same time are not more than allowed one
 * after another. Names that do not exist are counted like those that do, so that being locked out tells nothing.
 *
 * The account's count begins again after a right password, the address's does not: an attacker with an account of
 * their own could otherwise go on for ever. Attempts while locked do not prolong the lock, or anybody could keep a
 * user out for ever by going on.
 */
export class LoginGuard {
  readonly #account: Counter;
  readonly #address: Counter;

  constructor(options: LoginGuardOptions) {
    const { maxAttempts, maxAttemptsPerAddress = maxAttempts * ADDRESS_FACTOR } = options;
    this.#account = new Counter('account', maxAttempts, options);
    this.#address = new Counter('address', maxAttemptsPerAddress, options);
  }

  /**
   * Counts one attempt; the caller says how it ended. Errors: LOCKED_OUT with `retryAfterMs`. Name and address come
   * from the client; names are hashed, because they may be long, and because people type passwords into name fields.
   */
  async attempt(
    name: string,
    address: string,
  ): Promise<{ failed(): Promise<void>; succeeded(): Promise<void> }> {
    const account = hash('sha256', name, 'base64url').slice(0, 22);
    const client = addressKey(address);
    const fromAddress = await this.#address.consume(client);
    const ofAccount = await this.#account.consume(account);
    return {
      failed: async () => {
        await Promise.all([fromAddress.failed(), ofAccount.failed()]);
      },
      succeeded: async () => {
        await Promise.all([this.#address.giveBack(client), this.#account.forget(account)]);
      },
    };
  }
}

/** One kind of count, in Redis with this process's memory as the insurance, or in memory alone. */
class Counter {
  readonly #limiter: RateLimiterMemory | RateLimiterRedis;
  readonly #memory: RateLimiterMemory;
  readonly #what: string;
  readonly #lockSeconds: number;

  constructor(what: string, points: number, { lockoutSeconds, redis, prefix }: LoginGuardOptions) {
    const common = { keyPrefix: `${prefix}:login:${what}`, points, duration: lockoutSeconds };
    this.#what = what;
    this.#lockSeconds = lockoutSeconds;
    this.#memory = new RateLimiterMemory(common);
    this.#limiter = redis
      ? new RateLimiterRedis({
          ...common,
          storeClient: redis,
          rejectIfRedisNotReady: true,
          insuranceLimiter: this.#memory,
        })
      : this.#memory;
  }

  async consume(key: string): Promise<{ failed(): Promise<void> }> {
    const counted = await this.#limiter.consume(key).catch((refusal: unknown) => {
      throw this.#asError(refusal);
    });
    return {
      failed: async () => {
        if (counted.consumedPoints < this.#limiter.points) return;
        // The last attempt that was allowed has failed: from now on, for the whole time. Remembered here as well, so
        // that losing Redis opens no lock that this node knows of.
        await Promise.all([
          this.#limiter.block(key, this.#lockSeconds),
          this.#memory.block(key, this.#lockSeconds),
        ]);
      },
    };
  }

  async giveBack(key: string): Promise<void> {
    await this.#limiter.reward(key);
  }

  async forget(key: string): Promise<void> {
    await Promise.all([this.#limiter.delete(key), this.#memory.delete(key)]);
  }

  #asError(refusal: unknown): unknown {
    if (refusal instanceof Error) return refusal;
    const { msBeforeNext } = refusal as RateLimiterRes;
    const message = `too many failed logins of this ${this.#what}; try again later`;
    return new ProvChainError('LOCKED_OUT', message, { retryAfterMs: Math.max(1000, msBeforeNext) });
  }
}
