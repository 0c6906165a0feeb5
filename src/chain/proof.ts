/**
 * `provchain-proof/1`: a document that shows one block to be part of a chain, to somebody who has nothing of the chain
 * but its `chain.json`. It holds the block's header, the path through the history tree (RFC 9162 §2.1.3), and the head
 * that vouches for the root: the signed header of a later block, or the anchor.
 *
 * The path of a block under head h leads to the root over blocks 0…h−1, which the head's signature covers. The block may
 * also be the head itself; the path is then empty.
 *
 * Whoever hands over a proof controls every byte of it. What a checked proof says rests on `chain.json` alone: a trusted
 * producer has signed a head whose history holds this block. A producer who signs two histories can have a proof in
 * each; that shows only when heads are compared (a consistency proof tells whether one continues the other).
 */
import { ProvChainError } from '../errors.js';
import { type Anchor, decodeAnchor, verifyAnchor } from './anchor.js';
import { blockHashHex, decodeHeader } from './block-header.js';
import { canonicalJson } from './canonical-json.js';
import { COUNT, type FieldRule, HEX_32, ID, oneOf } from './field-rules.js';
import { leafHash } from './history-tree.js';
import { decodeLegacyHeader } from './legacy-header.js';
import { PATH_LIMIT, verifyInclusion } from './merkle-proof.js';
import { decodeByHand } from './record.js';
import { verifyHeader } from './signature.js';
import { CHAIN_FORMATS, type ChainFormat, FORMAT_LEGACY } from './store-records.js';
import type { TrustRoot } from './trust-root.js';

export interface InclusionProof {
  readonly schema: 'provchain-proof/1';
  readonly chainId: string;
  readonly format: ChainFormat;
  readonly blockIndex: number;
  /** Hex SHA-256 of the header's bytes. */
  readonly blockHash: string;
  /** The block's header as stored, in base64url. */
  readonly blockHeader: string;
  /** Index of the head: its tree is over the blocks before it. */
  readonly treeSize: number;
  /** Hex tree hash over blocks 0…treeSize−1. */
  readonly root: string;
  /** Hex, from the leaf's sibling up; empty when the block is the head. */
  readonly path: readonly string[];
  /** What the head is: the header of block `treeSize`, or the anchor that names it. */
  readonly headKind: 'header' | 'anchor';
  /** Its bytes, as stored or as in anchor.json, in base64url. */
  readonly head: string;
}

/** What a proof shows once it is checked. */
export interface ProofStatement {
  readonly chainId: string;
  readonly format: ChainFormat;
  readonly block: {
    readonly index: number;
    readonly hash: string;
    /** What the header says of the payload: hex SHA-256 of its canonical N-Quads, their length, their quads. */
    readonly payloadHash: string;
    readonly payloadBytes: number;
    readonly quadCount: number;
    /** Of a native block; an imported one names neither in a form that is checked. */
    readonly timestamp: string | null;
    readonly producer: string | null;
  };
  readonly head: {
    readonly kind: InclusionProof['headKind'];
    readonly index: number;
    readonly hash: string;
    /** Hex public key of who signed it; in `chain.json`. */
    readonly producer: string;
    readonly timestamp: string;
  };
}

/** Twice what the longest header takes in base64url, for the header of the block and that of the head. */
const PROOF_LIMIT_BYTES = 3 << 20;

const BASE64URL: FieldRule = {
  wanted: 'base64url without padding',
  holds: (value) =>
    typeof value === 'string' && Buffer.from(value, 'base64url').toString('base64url') === value,
};

/** Unlike other lists of the product this one may name a hash twice. */
const PATH: FieldRule = {
  wanted: `a list of at most ${PATH_LIMIT} hashes, each ${HEX_32.wanted}`,
  holds: (value) =>
    Array.isArray(value) && value.length <= PATH_LIMIT && value.every((hex) => HEX_32.holds(hex)),
};

const PROOF_RULES = {
  schema: oneOf(['provchain-proof/1']),
  chainId: ID,
  format: oneOf(CHAIN_FORMATS),
  blockIndex: COUNT,
  blockHash: HEX_32,
  blockHeader: BASE64URL,
  treeSize: COUNT,
  root: HEX_32,
  path: PATH,
  headKind: oneOf(['header', 'anchor']),
  head: BASE64URL,
};

/** The document's bytes: RFC 8785 JSON. */
export function encodeProof(proof: InclusionProof): Buffer {
  return Buffer.from(canonicalJson(proof));
}

/**
 * Reads a proof, in canonical form or formatted anew on its way: any JSON text with exactly its fields. `problem` says
 * in a sentence why the bytes hold none. Never throws.
 */
export function decodeProof(bytes: Uint8Array): { proof: InclusionProof } | { problem: string } {
  const decoded = decodeByHand<InclusionProof>(bytes, PROOF_RULES, PROOF_LIMIT_BYTES);
  return 'problem' in decoded ? decoded : { proof: decoded.value };
}

/**
 * Checks a proof against what is trusted, and gives what it shows. Reads nothing else.
 *
 * @param bytes the document; untrusted
 * @param trust chain.json, from the operator of the chain or from one's own copy, never from whoever made the proof
 * @param payload canonical N-Quads that the block is said to hold
 *
 * Errors: PROOF_INVALID, with the first thing that does not hold.
 */
export function verifyProof(bytes: Uint8Array, trust: TrustRoot, payload?: Uint8Array): ProofStatement {
  const decoded = decodeProof(bytes);
  if ('problem' in decoded) throw invalid(decoded.problem);
  const { proof } = decoded;
  demand(proof.chainId === trust.chainId, `it is about the chain ${proof.chainId}, not ${trust.chainId}`);
  demand(proof.format === trust.format, `it says that the chain has the format ${proof.format}`);
  const block = checkBlock(proof, trust);
  const head = checkHead(proof, trust);
  checkPath(proof, head.hash);
  if (payload !== undefined) {
    demand(blockHashHex(payload) === block.payloadHash, 'the payload is not the one that the block holds');
  }
  return { chainId: proof.chainId, format: proof.format, block, head };
}

function checkBlock(proof: InclusionProof, trust: TrustRoot): ProofStatement['block'] {
  const bytes = Buffer.from(proof.blockHeader, 'base64url');
  const { blockIndex: index, blockHash: hash } = proof;
  demand(blockHashHex(bytes) === hash, 'the block header does not have the block hash');
  demand(index > 0 || hash === trust.genesisHash, 'block 0 is not the genesis block of chain.json');
  if (proof.format === FORMAT_LEGACY) {
    const decoded = decodeLegacyHeader(bytes);
    if ('problem' in decoded) throw invalid(`the block header is unusable: ${decoded.problem}`);
    const { block, payloadHash, payloadBytes, quadCount } = decoded.header;
    demand(block.index[0] === String(index), 'the block header is of another block');
    return { index, hash, payloadHash, payloadBytes, quadCount, timestamp: null, producer: null };
  }
  const header = checkNativeHeader(bytes, index, trust, 'the block header');
  const { payloadHash, payloadBytes, quadCount, timestamp, producer } = header;
  return { index, hash, payloadHash, payloadBytes, quadCount, timestamp, producer };
}

function checkHead(proof: InclusionProof, trust: TrustRoot): ProofStatement['head'] {
  const bytes = Buffer.from(proof.head, 'base64url');
  const { headKind: kind, treeSize: index } = proof;
  if (kind === 'anchor') {
    const anchor = checkAnchor(bytes, index, trust);
    demand(anchor.historyRoot === proof.root, 'the anchor has another history root');
    return { kind, index, hash: anchor.hash, producer: anchor.producer, timestamp: anchor.timestamp };
  }
  demand(proof.format !== FORMAT_LEGACY, 'a header of an imported chain vouches for nothing');
  const { historyRoot, producer, timestamp } = checkNativeHeader(bytes, index, trust, 'the head');
  demand(historyRoot === proof.root, 'the head has another history root');
  return { kind, index, hash: blockHashHex(bytes), producer, timestamp };
}

function checkNativeHeader(bytes: Uint8Array, index: number, trust: TrustRoot, what: string) {
  const decoded = decodeHeader(bytes);
  if ('problem' in decoded) throw invalid(`${what} is unusable: ${decoded.problem}`);
  const { header } = decoded;
  demand(header.chainId === trust.chainId, `${what} is of another chain`);
  demand(header.index === index, `${what} is that of block ${header.index}`);
  demand(trust.producers.includes(header.producer), `the producer of ${what} is not trusted`);
  demand(verifyHeader(header), `the signature of ${what} does not verify`);
  return header;
}

function checkAnchor(bytes: Uint8Array, index: number, trust: TrustRoot): Anchor {
  const decoded = decodeAnchor(bytes);
  if ('problem' in decoded) throw invalid(`the anchor is unusable: ${decoded.problem}`);
  const { anchor } = decoded;
  demand(anchor.chainId === trust.chainId, 'the anchor is of another chain');
  demand(anchor.index === index, `the anchor names block ${anchor.index}`);
  demand(trust.producers.includes(anchor.producer), 'the producer of the anchor is not trusted');
  demand(verifyAnchor(anchor), 'the signature of the anchor does not verify');
  return anchor;
}

function checkPath(proof: InclusionProof, headHash: string): void {
  const { blockIndex, blockHash: hash, treeSize, path, root } = proof;
  if (blockIndex === treeSize) {
    demand(hash === headHash && path.length === 0, 'the block is not the head');
    return;
  }
  const claim = {
    index: blockIndex,
    size: treeSize,
    leaf: leafHash(raw(hash)),
    path: path.map(raw),
    root: raw(root),
  };
  demand(verifyInclusion(claim), 'the path does not lead from the block to the root');
}

const raw = (hex: string): Buffer => Buffer.from(hex, 'hex');

function demand(holds: boolean, problem: string): asserts holds {
  if (!holds) throw invalid(problem);
}

const invalid = (problem: string): ProvChainError => new ProvChainError('PROOF_INVALID', problem);
