import { hash, type KeyObject } from 'node:crypto';
import {
  blockHash,
  blockKey,
  encodeHeader,
  encodeHeadRecord,
  encodeStoredHeader,
  HEAD_KEY,
  type HistoryTree,
  nextTimestamp,
  producerOf,
  signHeader,
  treeKey,
  ZERO_HASH,
} from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { canonicalize } from '../rdf/index.js';
import type { Put } from './rocks.js';

/** The canonical bytes of one document, checked, with what its header will say of them. */
export interface Payload {
  readonly bytes: Uint8Array;
  /** Hex SHA-256. */
  readonly hash: string;
  readonly quadCount: number;
  readonly transactionCount: number;
}

export interface AppendedBlock {
  readonly index: number;
  /** Hex block hash. */
  readonly hash: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly timestamp: string;
}

/** Where a chain ends: what the next block continues. */
export interface ChainTip extends AppendedBlock {
  /** Hex root over the blocks before this one. */
  readonly historyRoot: string;
}

/** A character may be spelled with ten bytes (`\\UXXXXXXXX`) where one would do; longer documents are not looked at. */
const LONGEST_SPELLING = 10;

const tooLarge = (what: string, limitBytes: number): ProvChainError =>
  new ProvChainError('BLOCK_TOO_LARGE', `${what}, and a block may have ${limitBytes}`);

/**
 * Canonicalizes a document (N-Quads) and runs every payload check of level Full on the bytes that will be stored:
 * canonicalizing them again must change nothing and count the same, within the work limit, which depends on the labels
 * of the input and is therefore judged on the canonical ones.
 *
 * Errors: RDF_SYNTAX, RDF_ENCODING, CANONICAL_LIMIT, BLOCK_EMPTY, BLOCK_TOO_LARGE (longer than `limitBytes`).
 */
export function preparePayload(nquads: Uint8Array, limitBytes: number): Payload {
  if (nquads.length > limitBytes * LONGEST_SPELLING) {
    throw tooLarge(`the document has ${nquads.length} bytes`, limitBytes);
  }
  const { bytes, quads, transactions, unchanged } = canonicalize(nquads);
  if (quads === 0) throw new ProvChainError('BLOCK_EMPTY', 'the document holds no quads');
  if (bytes.length > limitBytes)
    throw tooLarge(`the canonical payload has ${bytes.length} bytes`, limitBytes);
  // A document that is canonical already comes back as it is, and the caller may change it before it is stored.
  const stored = unchanged ? Buffer.from(bytes) : bytes;
  const again = unchanged ? undefined : canonicalize(stored);
  if (again && !(again.unchanged && again.quads === quads && again.transactions === transactions)) {
    throw new ProvChainError('INTERNAL', 'the canonical form of the document is not canonical');
  }
  return { bytes: stored, hash: hash('sha256', stored), quadCount: quads, transactionCount: transactions };
}

/** Builds block after block in memory: each continues the one before, whether that is stored yet or not. */
export class BlockBuilder {
  readonly #chainId: string;
  readonly #key: KeyObject;
  readonly #producer: string;
  /** All blocks up to the tip. */
  readonly #tree: HistoryTree;
  #tip: ChainTip | undefined;

  /** `tip` is undefined for a chain that has no block yet; `tree` holds every block up to and with the tip. */
  constructor(chainId: string, key: KeyObject, tree: HistoryTree, tip: ChainTip | undefined) {
    this.#chainId = chainId;
    this.#key = key;
    this.#producer = producerOf(key);
    this.#tree = tree;
    this.#tip = tip;
  }

  get tip(): ChainTip | undefined {
    return this.#tip;
  }

  /** Signs the next block and adds what is to be stored for it to `puts`, all but the head record. */
  add(payload: Payload, nowMs: number, puts: Put[]): AppendedBlock {
    const index = this.#tip === undefined ? 0 : this.#tip.index + 1;
    const historyRoot = this.#tree.rootHex();
    const header = signHeader(
      {
        chainId: this.#chainId,
        historyRoot,
        index,
        payloadBytes: payload.bytes.length,
        payloadHash: payload.hash,
        previousHash: this.#tip?.hash ?? ZERO_HASH,
        producer: this.#producer,
        quadCount: payload.quadCount,
        timestamp: nextTimestamp(this.#tip?.timestamp, nowMs),
        transactionCount: payload.transactionCount,
      },
      this.#key,
    );
    const headerBytes = encodeHeader(header);
    const rawHash = blockHash(headerBytes);
    const key = blockKey(index);
    puts.push({ column: 'header', key, value: encodeStoredHeader(rawHash, headerBytes) });
    puts.push({ column: 'payload', key, value: payload.bytes });
    for (const { level, position, hash } of this.#tree.append(rawHash)) {
      puts.push({ column: 'default', key: treeKey(level, position), value: hash });
    }
    this.#tip = { index, hash: rawHash.toString('hex'), timestamp: header.timestamp, historyRoot };
    return { index, hash: this.#tip.hash, timestamp: header.timestamp };
  }

  /** The record of the last block added. */
  headPut(): Put {
    const { index, hash } = this.#tip!;
    return { column: 'default', key: HEAD_KEY, value: encodeHeadRecord({ hash, index }) };
  }
}
