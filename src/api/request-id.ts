import { randomFillSync } from 'node:crypto';

const SANE = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;
const ID_BYTES = 16;
const IDS_AT_ONCE = 256;

const random = Buffer.alloc(ID_BYTES * IDS_AT_ONCE);
let used = random.length;

/**
 * The id under which a request is logged, audited and answered: the client's own if it is 8 to 64 harmless characters,
 * so that a proxy's id can be followed, or 32 random hexadecimal digits. Randomness is taken in bulk, because a call
 * for 16 bytes costs more than the rest of a cached answer's head.
 */
export function requestIdOf(given: string | string[] | undefined): string {
  if (typeof given === 'string' && SANE.test(given)) return given;
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += ID_BYTES;
  return random.toString('hex', used - ID_BYTES, used);
}
