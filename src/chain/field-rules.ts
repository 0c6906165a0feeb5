/**
 * What the fields of the chain's records may hold. Each rule knows how to say what it wants, so that every
 * decoder explains a refusal in the same words.
 */

export interface FieldRule {
  /** Completes "The field "x" must be …". */
  readonly wanted: string;
  holds(value: unknown): boolean;
}

/** The rules of a record: exactly these fields, no others. */
export type RecordRules = Readonly<Record<string, FieldRule>>;

const pattern = (text: string, wanted: string): FieldRule => {
  const expression = new RegExp(`^${text}$`);
  return { wanted, holds: (value) => typeof value === 'string' && expression.test(value) };
};

/** Longest chain id or replica id, in characters. */
const ID_LENGTH_LIMIT = 128;

/**
 * Regular expressions of the fields' texts, for the rules below and for the header's (`block-header.ts`). Digests
 * and signatures are spelt out in runs: counting single characters, V8 keeps a way back for each of them and needs
 * a quarter more time.
 */
export const FIELD_TEXT = {
  id: `[A-Za-z0-9][A-Za-z0-9._:-]{0,${ID_LENGTH_LIMIT - 1}}`,
  hex32: `(?:${'[0-9a-f]'.repeat(16)}){4}`,
  // The last of the 86 characters carries two bits only, so four are canonical there (RFC 4648 §3.5).
  signature: `(?:${'[A-Za-z0-9_-]'.repeat(17)}){5}[AQgw]`,
  count: '(?:0|[1-9][0-9]{0,15})',
  timestamp:
    '[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)' +
    '|02-(?:0[1-9]|1[0-9]|2[0-9]))T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z',
};

/** SHA-256 digests and raw Ed25519 public keys: 32 bytes. */
export const HEX_32: FieldRule = pattern(FIELD_TEXT.hex32, '64 lower-case hex digits');

/** 64 bytes in base64url (RFC 4648 §5) without padding. */
export const SIGNATURE: FieldRule = pattern(FIELD_TEXT.signature, '64 bytes in base64url without padding');

/** Counts, sizes, block indexes: what JSON and JavaScript both hold exactly. */
export const COUNT: FieldRule = {
  wanted: `an integer from 0 to ${Number.MAX_SAFE_INTEGER}`,
  holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0),
};

/**
 * Ids go into log lines, cache keys and file names, so they are printable ASCII with nothing to escape anywhere.
 */
export const ID: FieldRule = pattern(
  FIELD_TEXT.id,
  `1 to ${ID_LENGTH_LIMIT} letters, digits, ".", "_", ":" or "-", the first a letter or digit`,
);

const TIMESTAMP_TEXT = pattern(FIELD_TEXT.timestamp, 'a date and time like 2026-01-31T23:59:59.999Z');

/** RFC 3339 in UTC with milliseconds and `Z`; a date the calendar has, without leap seconds. */
export const TIMESTAMP: FieldRule = {
  wanted: TIMESTAMP_TEXT.wanted,
  holds: (value) => TIMESTAMP_TEXT.holds(value) && hasRealDay(value as string),
};

/** For a text that follows `FIELD_TEXT.timestamp`: whether a 29 February is one of a leap year. */
export function hasRealDay(timestamp: string): boolean {
  if (!timestamp.startsWith('-02-29', 4)) return true;
  const year = Number(timestamp.slice(0, 4));
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export const oneOf = (values: readonly string[]): FieldRule => ({
  wanted: `one of ${values.join(', ')}`,
  holds: (value) => typeof value === 'string' && values.includes(value),
});

export const listOf = (rule: FieldRule, least: number, most: number): FieldRule => ({
  wanted: `a list of ${least} to ${most} different items, each ${rule.wanted}`,
  holds: (value) =>
    Array.isArray(value) &&
    value.length >= least &&
    value.length <= most &&
    value.every((item) => rule.holds(item)) &&
    new Set(value).size === value.length,
});

/** Undefined if the text is usable as a chain id or replica id, otherwise a sentence saying what an id is. */
export function idProblem(text: string): string | undefined {
  return ID.holds(text) ? undefined : `An id is ${ID.wanted}.`;
}
