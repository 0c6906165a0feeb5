/**
 * The stored header of a `provchain-org/0` block: RFC 8785 JSON of what the predecessor's dump says about one
 * height. Every dump field is a list, because several runs of that software wrote over one store and left several
 * values; none of them is picked.
 *
 * The raw hash in front of it in the store is SHA-256 of these bytes, as for native headers, so one hash rule and
 * one history tree serve both formats. The predecessor's own hash is in `block.hash`.
 */
import { canonicalJson } from './canonical-json.js';
import { COUNT, type FieldRule, HEX_32, type RecordRules } from './field-rules.js';
import { decodeExact, recordProblem } from './record.js';

/** What the dump says, as lexical values (IRIs without brackets), each list in code point order without repetition. */
export interface LegacyFields {
  readonly dataGraphIri: readonly string[];
  readonly hash: readonly string[];
  /** Exactly one: the height, in decimal. */
  readonly index: readonly string[];
  readonly previousHash: readonly string[];
  readonly signature: readonly string[];
  readonly timestamp: readonly string[];
  readonly type: readonly string[];
  readonly validator: readonly string[];
}

export interface LegacyHeader {
  readonly block: LegacyFields;
  readonly payloadBytes: number;
  /** Hex SHA-256 of the payload: the canonical N-Quads of the block's data graph. */
  readonly payloadHash: string;
  readonly quadCount: number;
}

/** Bounds what a damaged or hostile store can make the reader hold; real headers are under 2 kB. */
const HEADER_LIMIT_BYTES = 1024 * 1024;

/** Values of one field in code point order, each once. */
export function sortValues(values: Iterable<string>): string[] {
  return [...new Set(values)].sort(compareCodePoints);
}

/** Order of UTF-8 bytes, which is that of code points; UTF-16 units differ above U+FFFF. */
function compareCodePoints(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

const VALUES: FieldRule = {
  wanted: 'a list of well-formed strings in code point order, each once',
  holds: (value) =>
    Array.isArray(value) &&
    value.every((item, i) => isText(item) && (i === 0 || compareCodePoints(value[i - 1], item) < 0)),
};

const SOME_VALUES: FieldRule = {
  wanted: `${VALUES.wanted}, and at least one`,
  holds: (value) => VALUES.holds(value) && (value as unknown[]).length > 0,
};

const HEIGHT: FieldRule = {
  wanted: 'a list of one block number in decimal',
  holds: (value) => Array.isArray(value) && value.length === 1 && heightOf(value[0]) !== undefined,
};

const BLOCK_RULES: RecordRules = {
  dataGraphIri: VALUES,
  hash: SOME_VALUES,
  index: HEIGHT,
  previousHash: SOME_VALUES,
  signature: VALUES,
  timestamp: SOME_VALUES,
  type: VALUES,
  validator: VALUES,
};

const HEADER_RULES: RecordRules = {
  block: {
    wanted: 'an object with the fields of the dump',
    holds: (value) => recordProblem(value, BLOCK_RULES) === undefined,
  },
  payloadBytes: COUNT,
  payloadHash: HEX_32,
  quadCount: COUNT,
};

/** The header's bytes as they are stored. */
export function encodeLegacyHeader(header: LegacyHeader): Buffer {
  const { block, payloadBytes, payloadHash, quadCount } = header;
  return Buffer.from(canonicalJson({ block, payloadBytes, payloadHash, quadCount }));
}

/**
 * Reads a stored header (without the raw hash in front of it). `problem` says in a sentence why the bytes, all of
 * which an attacker may control, are not exactly the text of one. Never throws.
 */
export function decodeLegacyHeader(bytes: Uint8Array): { header: LegacyHeader } | { problem: string } {
  const decoded = decodeExact<LegacyHeader>(bytes, HEADER_RULES, HEADER_LIMIT_BYTES);
  return 'problem' in decoded ? decoded : { header: decoded.value };
}

/** Whether several runs wrote this height: some field has two or more values. */
export function isAmbiguous(header: LegacyHeader): boolean {
  return Object.values(header.block).some((values) => values.length > 1);
}

/** The number in a block's index or IRI, undefined unless it is plain decimal and exact. */
export function heightOf(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const height = Number(text);
  return Number.isSafeInteger(height) ? height : undefined;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && !/\p{Surrogate}/u.test(value);
}
