import { hash } from 'node:crypto';
import { ProvChainError } from '../errors.js';
import { type AlignedLine, alignLines, canonicalize } from '../rdf/index.js';
import type { InspectedPayload } from './service-messages.js';

/** A longer payload is hashed and not compared: whoever looks at a block waits in front of a page. */
const LONGEST_COMPARED_BYTES = 1 << 20;
/** Some 30 ms of work on a graph that was made to be hard. A validation allows more, and says so in a finding. */
const CANONICAL_CALLS = 1 << 13;
const MOST_LINES = 2000;
/** Unchanged lines that are kept around changes where not all lines are. */
const CONTEXT_LINES = 3;

const ABSENT = { bytes: null, sha256: null, canonical: null, diff: null, shortened: false };

export const missingPayload = (unreadable: boolean): InspectedPayload => ({
  ...ABSENT,
  error: unreadable ? 'RocksDB reports damage in the payload' : 'no payload is stored for this block',
});

/**
 * What stored bytes are beside their own canonical form. Nothing here is a verdict: whether the bytes are those that
 * were signed is what a validation says. Whoever can write to the store controls every byte.
 */
export function inspectPayload(value: Uint8Array): InspectedPayload {
  const payload = { ...ABSENT, bytes: value.length, sha256: hash('sha256', value), error: null };
  if (value.length > LONGEST_COMPARED_BYTES) {
    const limit = `${LONGEST_COMPARED_BYTES >> 20} MiB`;
    return { ...payload, error: `longer than ${limit}, so not compared with its canonical form here` };
  }
  try {
    const { bytes, unchanged } = canonicalize(value, { maxHashNDegreeCalls: CANONICAL_CALLS });
    if (unchanged) return { ...payload, canonical: true };
    return { ...payload, canonical: false, ...shortened(alignLines(textOf(value), textOf(bytes))) };
  } catch (thrown) {
    const { code, message, place } = ProvChainError.from(thrown);
    if (code === 'INTERNAL') throw thrown;
    const where = place?.line === undefined ? '' : ` at line ${place.line}, column ${place.column}`;
    return { ...payload, error: `${code}${where}: ${message}` };
  }
}

/** Both texts have passed as UTF-8 before. */
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Every line if they are few; otherwise the changed ones with a few around them, as many as may be. */
function shortened(lines: readonly AlignedLine[]): Pick<InspectedPayload, 'diff' | 'shortened'> {
  if (lines.length <= MOST_LINES) return { diff: lines, shortened: false };
  const near = new Uint8Array(lines.length);
  lines.forEach(({ op }, at) => {
    if (op !== 'same') near.fill(1, Math.max(0, at - CONTEXT_LINES), at + CONTEXT_LINES + 1);
  });
  return { diff: lines.filter((_, at) => near[at]).slice(0, MOST_LINES), shortened: true };
}
