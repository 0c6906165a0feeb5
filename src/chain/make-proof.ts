/** Making of `provchain-proof/1` documents from what a store holds. */
import { ProvChainError } from '../errors.js';
import { decodeAnchor } from './anchor.js';
import { blockHash, blockHashHex, decodeHeader } from './block-header.js';
import { leafHash, RangeTree } from './history-tree.js';
import { inclusionPath, type NodeAt, verifyInclusion } from './merkle-proof.js';
import type { InclusionProof } from './proof.js';
import { type ChainFormat, FORMAT_LEGACY } from './store-records.js';

/** What making a proof reads. Everything it gives is untrusted; a wrong value makes no wrong proof, but none. */
export interface ProofReader {
  /** The header of a block as stored, without the hash in front of it; null where there is none. */
  headerAt(index: number): Promise<Uint8Array | null>;
  /** The tree record of a complete subtree of level ≥ 1: its raw hash; null where there is none. */
  subtreeAt(level: number, position: number): Promise<Uint8Array | null>;
}

export interface ProofRequest {
  readonly chainId: string;
  readonly format: ChainFormat;
  /** The block to prove. */
  readonly index: number;
  /** Number of blocks of the state to prove it in: its last block is the head. */
  readonly height: number;
  /** The bytes of anchor.json: the only head an imported chain has. */
  readonly anchor: Uint8Array | null;
}

/** A head, as far as a path needs it. */
interface Head {
  readonly kind: InclusionProof['headKind'];
  readonly bytes: Uint8Array;
  readonly historyRoot: string;
}

/**
 * The proof that block `index` is part of the chain at `height`, under the head `height - 1`. Reads one header or tree
 * record per level of the tree. Where tree records are missing or wrong (a Warning of validation, not a fault of the
 * chain), the path is computed from the headers of all blocks before the head instead.
 *
 * Whether the head is signed by somebody who is trusted is for the reader of the proof to check (`verifyProof`).
 *
 * Errors: OUT_OF_RANGE when there is no such block below the height, or an imported chain's anchor names another head;
 * CHAIN_DAMAGED when a header is missing or unusable, or the blocks do not lead to the root that the head has; what
 * the reader throws.
 */
export async function makeProof(reader: ProofReader, request: ProofRequest): Promise<InclusionProof> {
  const { chainId, format, index, height } = request;
  if (!(Number.isSafeInteger(index) && index >= 0 && index < height)) {
    throw new ProvChainError('OUT_OF_RANGE', `a chain of ${height} blocks has no block ${index}`);
  }
  const size = height - 1;
  const header = await requireHeader(reader, index);
  const head = await findHead(reader, request, size);
  const hash = blockHash(header);
  const path = index === size ? [] : await findPath(reader, { index, size, hash, head });
  return {
    schema: 'provchain-proof/1',
    chainId,
    format,
    blockIndex: index,
    blockHash: blockHashHex(header),
    blockHeader: base64url(header),
    treeSize: size,
    root: head.historyRoot,
    path: path.map((node) => node.toString('hex')),
    headKind: head.kind,
    head: base64url(head.bytes),
  };
}

async function findHead(reader: ProofReader, request: ProofRequest, size: number): Promise<Head> {
  if (request.format === FORMAT_LEGACY) return anchorHead(request.anchor, size);
  const bytes = await requireHeader(reader, size);
  const decoded = decodeHeader(bytes);
  if ('problem' in decoded) throw damaged(size, `the header is unusable: ${decoded.problem}`);
  return { kind: 'header', bytes, historyRoot: decoded.header.historyRoot };
}

function anchorHead(bytes: Uint8Array | null, size: number): Head {
  const decoded = bytes ? decodeAnchor(bytes) : { problem: 'there is none.' };
  if (bytes === null || 'problem' in decoded) {
    const problem = 'problem' in decoded ? decoded.problem : '';
    throw new ProvChainError(
      'CHAIN_DAMAGED',
      `the anchor, an imported chain's only head, is unusable: ${problem}`,
    );
  }
  const { index, historyRoot } = decoded.anchor;
  if (index !== size) {
    const message = `only its anchor vouches for an imported chain, and that names block ${index}, not ${size}`;
    throw new ProvChainError('OUT_OF_RANGE', message);
  }
  return { kind: 'anchor', bytes, historyRoot };
}

interface PathRequest {
  readonly index: number;
  readonly size: number;
  /** Raw hash of the block. */
  readonly hash: Uint8Array;
  readonly head: Head;
}

async function findPath(reader: ProofReader, { index, size, hash, head }: PathRequest): Promise<Buffer[]> {
  const root = Buffer.from(head.historyRoot, 'hex');
  const leaf = leafHash(hash);
  for (const nodeAt of [fromRecords(reader), fromHeaders(reader)]) {
    const path = await inclusionPath(index, size, nodeAt);
    if (verifyInclusion({ index, size, leaf, path, root })) return path;
  }
  throw damaged(index, `the blocks before block ${size} do not lead to its history root`);
}

function fromRecords(reader: ProofReader): NodeAt {
  const computed = fromHeaders(reader);
  return async (level, position) => {
    const record = level === 0 ? null : await reader.subtreeAt(level, position);
    // A record of another length is no hash; whatever it is, it is not believed.
    return record?.length === HASH_BYTES ? record : computed(level, position);
  };
}

function fromHeaders(reader: ProofReader): NodeAt {
  return async (level, position) => {
    const from = position * 2 ** level;
    if (level === 0) return leafHash(blockHash(await requireHeader(reader, from)));
    const tree = new RangeTree(from);
    for (let index = from; index < from + 2 ** level; index++) {
      tree.append(blockHash(await requireHeader(reader, index)));
    }
    const [subtree] = tree.subtrees();
    return subtree.hash;
  };
}

const HASH_BYTES = 32;

async function requireHeader(reader: ProofReader, index: number): Promise<Uint8Array> {
  const header = await reader.headerAt(index);
  if (header === null) throw damaged(index, 'its header is missing');
  return header;
}

const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');

const damaged = (block: number, problem: string): ProvChainError =>
  new ProvChainError('CHAIN_DAMAGED', problem, { place: { block } });
