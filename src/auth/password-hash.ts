import { hash, verify } from '@node-rs/argon2';
import { ProvChainError } from '../errors.js';
import { LONGEST_PASSWORD_BYTES, normalizePassword } from './password-rules.js';

/**
 * Argon2id, version 1.3, with the first parameters that the OWASP Password Storage Cheat Sheet lists: 19 MiB, two
 * passes, one lane. The enum of the library is ambient, so its values stand here: 2 is Argon2id, 1 is version 0x13.
 */
const PARAMETERS = { algorithm: 2, version: 1, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/**
 * What a stored hash may look like. The cost parameters are bounded, because the users file may have been edited by
 * hand: a hash that asks for 4 GB would stop the node at that user's login.
 */
const STORED =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$[A-Za-z0-9+/]{22,86}\$[A-Za-z0-9+/]{43,86}$/;
const MOST_MEMORY_KIB = 1024 * 1024;

/**
 * The hash of no password: it is verified when there is no such user, so that an answer takes as long as for one
 * there is. Its salt and value are zeros.
 */
const NOBODY = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Hashes of one process at a time; each takes 19 MiB and a thread of libuv's pool, which files need too. */
const AT_ONCE = 2;
const MOST_WAITING = 100;

/** The PHC string of a new password. */
export async function hashPassword(password: string): Promise<string> {
  return hash(normalizePassword(password), PARAMETERS);
}

export function isPasswordHash(text: string): boolean {
  const [, memory, passes, lanes] = STORED.exec(text) ?? [];
  return (
    Number(memory) >= 8 && Number(memory) <= MOST_MEMORY_KIB && Number(passes) >= 1 && Number(lanes) >= 1
  );
}

/**
 * Whether the password is the one of `stored`, with as much work when there is no such user (`undefined`) or the
 * password is one that cannot be. Both come from whoever knocks at the door.
 */
export async function verifyPassword(stored: string | undefined, password: string): Promise<boolean> {
  const normalized = /\p{Surrogate}/u.test(password) ? '' : normalizePassword(password);
  const possible = normalized !== '' && Buffer.byteLength(normalized) <= LONGEST_PASSWORD_BYTES;
  const matches = await verify(stored ?? NOBODY, possible ? normalized : 'x');
  return matches && possible && stored !== undefined;
}

/** Lets a few do expensive work at a time, and a bounded number wait for it. */
export class WorkGate {
  #free = AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  /** Errors: OVERLOADED when too many wait already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else if (this.#waiting.length < MOST_WAITING) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      throw new ProvChainError('OVERLOADED', 'too many logins at once', { retryAfterMs: 2000 });
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
