/** The time of blocks never runs backwards along a chain. */
import { ProvChainError } from '../errors.js';

/**
 * Timestamp of the next block: now (`nowMs`, milliseconds since 1970), but never before the previous block's
 * (`undefined` for block 0), so that a clock set back does not make the chain look altered. Both are RFC 3339 of
 * one width, in UTC, so text order is time order. Throws INTERNAL for a clock outside the years 0 to 9999.
 */
export function nextTimestamp(previous: string | undefined, nowMs: number): string {
  const now = new Date(nowMs);
  const year = now.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw new ProvChainError('INTERNAL', `the clock says ${nowMs} ms`);
  const text = now.toISOString();
  return previous !== undefined && previous > text ? previous : text;
}
