import { hash } from 'node:crypto';
import {
  blockHash,
  blockKey,
  decodeHeader,
  decodeLegacyHeader,
  FORMAT_LEGACY,
  splitStoredHeader,
} from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { chainFiles, openSource } from '../ledger/index.js';
import { canonicalize, differLines, type LineChange, parseNQuads, type QuadText } from '../rdf/index.js';
import type { BlockSource, Column } from '../validation/index.js';

/** One value of the store: there, not there, or RocksDB reports that it is damaged. */
export type StoredValue =
  | { readonly state: 'present'; readonly bytes: Uint8Array }
  | { readonly state: 'missing' }
  | { readonly state: 'unreadable'; readonly reason: string };

export interface HeaderView {
  readonly state: StoredValue['state'];
  readonly bytes?: number;
  /** The block hash as stored, and as the stored header gives it. */
  readonly storedHash?: string;
  readonly computedHash?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Why there are no fields, and then what is stored instead. */
  readonly problem?: string;
  readonly text?: string;
}

export interface PayloadView {
  readonly state: StoredValue['state'];
  readonly bytes?: number;
  readonly sha256?: string;
  readonly quads?: readonly QuadText[];
  /** Why there are no quads: code, place, reason. */
  readonly problem?: string;
  readonly text?: string;
  /** Whether it is exactly its own canonical form; undefined when that could not be told. */
  readonly canonical?: boolean;
  /** From the stored lines to the canonical ones; empty when only their order differs. */
  readonly difference?: readonly LineChange[];
}

/** The two values of a block, whatever they are. Errors: those of opening the store. */
export async function readStoredBlock(
  directory: string,
  index: number,
): Promise<{ format: string; header: StoredValue; payload: StoredValue }> {
  const { trust } = await chainFiles(directory);
  const source = await openSource(directory);
  try {
    const header = await readValue(source, 'header', index);
    const payload = await readValue(source, 'payload', index);
    return { format: trust.format, header, payload };
  } finally {
    await source.close();
  }
}

async function readValue(source: BlockSource, column: Column, index: number): Promise<StoredValue> {
  try {
    const bytes = await source.get(column, blockKey(index));
    return bytes === null ? { state: 'missing' } : { state: 'present', bytes };
  } catch (thrown) {
    const { code, message } = ProvChainError.from(thrown);
    if (code !== 'STORE_CORRUPT') throw thrown;
    return { state: 'unreadable', reason: message };
  }
}

export function viewHeader(value: StoredValue, format: string): HeaderView {
  if (value.state === 'missing') return { state: 'missing' };
  if (value.state === 'unreadable') return { state: value.state, problem: value.reason };
  const parts = splitStoredHeader(value.bytes);
  const view = { state: value.state, bytes: value.bytes.length } as const;
  if (!parts) return { ...view, problem: 'It is too short to hold a hash.', text: hexOf(value.bytes) };
  const hashes = { storedHash: hexOf(parts.hash), computedHash: hexOf(blockHash(parts.header)) };
  const decoded = format === FORMAT_LEGACY ? decodeLegacyHeader(parts.header) : decodeHeader(parts.header);
  if ('problem' in decoded)
    return { ...view, ...hashes, problem: decoded.problem, text: textOf(parts.header) };
  return { ...view, ...hashes, fields: { ...decoded.header } };
}

export function viewPayload(value: StoredValue): PayloadView {
  if (value.state === 'missing') return { state: 'missing' };
  if (value.state === 'unreadable') return { state: value.state, problem: value.reason };
  const { bytes } = value;
  const view = { state: value.state, bytes: bytes.length, sha256: hash('sha256', bytes) } as const;
  let quads: readonly QuadText[];
  try {
    quads = parseNQuads(bytes);
  } catch (thrown) {
    const { code, message, place } = ProvChainError.from(thrown);
    const where = place?.line === undefined ? '' : ` at line ${place.line}, column ${place.column}`;
    return { ...view, problem: `${code}${where}: ${message}`, text: textOf(bytes) };
  }
  try {
    const { bytes: canonical, unchanged } = canonicalize(bytes);
    if (unchanged) return { ...view, quads, canonical: true };
    return { ...view, quads, canonical: false, difference: differLines(textOf(bytes), textOf(canonical)) };
  } catch (thrown) {
    return { ...view, quads, problem: ProvChainError.from(thrown).message };
  }
}

/** Bytes as text; what is not UTF-8 shows as U+FFFD, because this is for looking at, not for comparing. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
