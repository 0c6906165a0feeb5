/**
 * Values of the chain's RocksDB store that are neither payload nor subtree. All of their bytes may be an
 * attacker's; decoding never throws.
 */
import { canonicalJson } from './canonical-json.js';
import { COUNT, HEX_32, ID, oneOf } from './field-rules.js';
import { decodeExact } from './record.js';

/** The format of this product's own chains. */
export const FORMAT_NATIVE = 'provchain/1';

/** The format of chains imported from the predecessor, provchain-org. */
export const FORMAT_LEGACY = 'provchain-org/0';

export type ChainFormat = typeof FORMAT_NATIVE | typeof FORMAT_LEGACY;

export const CHAIN_FORMATS: readonly ChainFormat[] = [FORMAT_NATIVE, FORMAT_LEGACY];

/** The last block: hex hash and index. */
export interface HeadRecord {
  readonly hash: string;
  readonly index: number;
}

export interface ChainRecord {
  readonly chainId: string;
  readonly format: ChainFormat;
}

const HASH_BYTES = 32;
const RECORD_LIMIT_BYTES = 1024;
const HEAD_RULES = { hash: HEX_32, index: COUNT };
const CHAIN_RULES = { chainId: ID, format: oneOf(CHAIN_FORMATS) };

export function encodeHeadRecord(head: HeadRecord): Buffer {
  return Buffer.from(canonicalJson({ hash: head.hash, index: head.index }));
}

/** The head record, or a sentence saying why the bytes are not one. */
export function decodeHeadRecord(bytes: Uint8Array): { head: HeadRecord } | { problem: string } {
  const decoded = decodeExact<HeadRecord>(bytes, HEAD_RULES, RECORD_LIMIT_BYTES);
  return 'problem' in decoded ? decoded : { head: decoded.value };
}

export function encodeChainRecord(chain: ChainRecord): Buffer {
  return Buffer.from(canonicalJson({ chainId: chain.chainId, format: chain.format }));
}

/** The chain record, or a sentence saying why the bytes are not one. */
export function decodeChainRecord(bytes: Uint8Array): { chain: ChainRecord } | { problem: string } {
  const decoded = decodeExact<ChainRecord>(bytes, CHAIN_RULES, RECORD_LIMIT_BYTES);
  return 'problem' in decoded ? decoded : { chain: decoded.value };
}

/** Value of the column family `header`: the raw block hash (32 bytes), then the header. */
export function encodeStoredHeader(hash: Uint8Array, headerBytes: Uint8Array): Buffer {
  return Buffer.concat([hash, headerBytes]);
}

/** The two parts of a value of the column family `header`, as views; undefined when it is too short to hold a hash. */
export function splitStoredHeader(value: Uint8Array): { hash: Uint8Array; header: Uint8Array } | undefined {
  if (value.length < HASH_BYTES) return undefined;
  return { hash: value.subarray(0, HASH_BYTES), header: value.subarray(HASH_BYTES) };
}
