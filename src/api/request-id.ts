import { randomBytes } from 'node:crypto';

const SANE = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;
const ID_LENGTH = 32;
const IDS_AT_ONCE = 256;

let digits = '';
let used = 0;

/**
 * The id under which a request is logged, audited and answered: the client's own if it is 8 to 64 harmless characters,
 * so that a proxy's id can be followed, or 32 random hexadecimal digits. Randomness is taken in bulk, because a call
 * for 16 bytes costs more than the rest of a cached answer's head.
 */
export function requestIdOf(given: string | string[] | undefined): string {
  if (typeof given === 'string' && SANE.test(given)) return given;
  if (used === digits.length) {
    digits = randomBytes((IDS_AT_ONCE * ID_LENGTH) / 2).toString('hex');
    used = 0;
  }
  used += ID_LENGTH;
  return digits.slice(used - ID_LENGTH, used);
}
