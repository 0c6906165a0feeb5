import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';

/**
 * Makes texts that only those who know the shared secret can have made. Whoever can write to Redis chooses every value
 * in it; what decides a verdict is therefore sealed when it is written and opened when it is read.
 *
 * A seal says who wrote a text, for which purpose and for which place (`context`: the key it stands under, a job's id),
 * so that a text of one place cannot be put into another. It does not say that the text is the latest of its place: a
 * reader that cares compares revision, fence or time inside the text.
 */
export interface Sealer {
  /** A sealed text: `s1.`, 43 characters of base64url, `.`, and the text itself. */
  seal(text: string, context?: string): string;
  /** The text, or undefined when it was not sealed for this purpose and place under this secret. */
  open(sealed: string | null | undefined, context?: string): string | undefined;
}

const MARK = 's1.';
const TAG_CHARACTERS = 43;
const TEXT_FROM = MARK.length + TAG_CHARACTERS + 1;
const SECRET_BYTES = 32;

/**
 * @param secret from {@link sealingSecret}
 * @param purpose what the texts are, such as `job-result`; each has a key of its own
 */
export function createSealer(secret: Uint8Array, purpose: string): Sealer {
  const key = createHmac('sha256', secret).update(`provchain-seal/1\n${purpose}`).digest();
  // The length keeps what belongs to the context and what to the text apart.
  const tagOf = (text: string, context: string) =>
    createHmac('sha256', key).update(`${context.length}:${context}`).update(text).digest('base64url');
  return {
    seal: (text, context = '') => `${MARK}${tagOf(text, context)}.${text}`,
    open(sealed, context = '') {
      if (typeof sealed !== 'string' || sealed.length < TEXT_FROM || !sealed.startsWith(MARK))
        return undefined;
      const text = sealed.slice(TEXT_FROM);
      const expected = Buffer.from(`${tagOf(text, context)}.`, 'latin1');
      const given = Buffer.from(sealed.slice(MARK.length, TEXT_FROM), 'latin1');
      return timingSafeEqual(given, expected) ? text : undefined;
    },
  };
}

/**
 * The secret that a fleet seals with: `redis.shared_secret`, at least 32 bytes. Without one, only when every Redis is
 * reached over the loopback, where whoever reaches it is on this machine; then texts are sealed under a known key,
 * which finds accidents and keeps nobody out.
 *
 * Errors: CONFIG_INVALID when it is too short, or missing though a Redis is elsewhere.
 */
export function sealingSecret(
  sharedSecret: string | undefined,
  urls: readonly string[],
  log: Log,
): Uint8Array {
  if (sharedSecret !== undefined && sharedSecret !== '') {
    const bytes = Buffer.from(sharedSecret);
    if (bytes.length >= SECRET_BYTES) return bytes;
    throw new ProvChainError(
      'CONFIG_INVALID',
      `redis.shared_secret has ${bytes.length} bytes; it needs at least ${SECRET_BYTES}`,
    );
  }
  if (!urls.every(isLoopback)) {
    throw new ProvChainError(
      'CONFIG_INVALID',
      'redis.shared_secret is missing: without it, whoever reaches Redis could write a report that says healthy',
    );
  }
  log.warn('redis.shared_secret is not set: what is read from Redis is believed', {
    setting: 'redis.shared_secret',
  });
  return hash('sha256', 'provchain: no shared secret', 'buffer');
}

function isLoopback(url: string): boolean {
  let host: string;
  try {
    host = new URL(url).hostname;
  } catch {
    return false;
  }
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
