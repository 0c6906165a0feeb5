import { hash } from 'node:crypto';
import {
  type Anchor,
  type BlockHeader,
  blockHash,
  blockKey,
  CHAIN_KEY,
  decodeAnchor,
  decodeChainRecord,
  decodeHeader,
  decodeHeadRecord,
  frontierKeys,
  HEAD_KEY,
  HistoryTree,
  leafHash,
  type Subtree,
  splitStoredHeader,
  treeKey,
  verifyAnchor,
  verifyHeader,
} from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { canonicalize } from '../rdf/index.js';
import type { BlockSource } from '../validation/index.js';
import type { ChainTip } from './block-builder.js';
import type { ChainFiles } from './chain-files.js';

/** The end of a chain that was found sound: what a writer continues from. */
export interface ChainEnd {
  readonly tip: ChainTip;
  /** Over all blocks, the tip included. */
  readonly tree: HistoryTree;
  readonly anchor: Anchor;
}

interface StoredBlock {
  readonly header: BlockHeader;
  readonly hash: Buffer;
}

/**
 * Checks what a writer is about to build on: chain and head record, the last block whole, the anchor, every block
 * above the anchor (a crash between a batch and its anchor leaves some), and the tree. All of it is read from a store
 * that anybody may have changed; a new block over a wrong end would cover the damage with a valid signature.
 *
 * Errors: CHAIN_DAMAGED with the block where there is one; STORE_CORRUPT, STORE_UNAVAILABLE.
 */
export async function checkChainEnd(source: BlockSource, files: ChainFiles): Promise<ChainEnd> {
  await checkChainRecord(source, files);
  const head = await readHead(source);
  const anchor = readAnchor(files);
  if (anchor.index > head.index) {
    throw damaged(
      `the store ends at block ${head.index}, but the anchor names block ${anchor.index}`,
      head.index,
    );
  }
  const last = await checkBlock(source, files, head.index);
  if (last.hash.toString('hex') !== head.hash) {
    throw damaged(`the head record names the hash ${head.hash} for block ${head.index}`, head.index);
  }
  await checkNothingBehind(source, head.index);
  await checkAnchored(source, files, anchor, head.index);
  const before = await treeBefore(source, last.header);
  before.append(last.hash);
  const { timestamp, historyRoot } = last.header;
  return { tip: { index: head.index, hash: head.hash, timestamp, historyRoot }, tree: before, anchor };
}

async function checkChainRecord(source: BlockSource, { trust }: ChainFiles): Promise<void> {
  const record = await source.get('default', CHAIN_KEY);
  const decoded = record ? decodeChainRecord(record) : { problem: 'there is none' };
  if ('problem' in decoded) throw damaged(`the chain record is unusable: ${decoded.problem}`);
  if (decoded.chain.chainId !== trust.chainId || decoded.chain.format !== trust.format) {
    throw damaged(`the store belongs to chain ${decoded.chain.chainId}, chain.json to ${trust.chainId}`);
  }
}

async function readHead(source: BlockSource) {
  const record = await source.get('default', HEAD_KEY);
  const decoded = record ? decodeHeadRecord(record) : { problem: 'there is none' };
  if ('problem' in decoded) throw damaged(`the head record is unusable: ${decoded.problem}`);
  return decoded.head;
}

function readAnchor({ anchor, trust }: ChainFiles): Anchor {
  const decoded = anchor ? decodeAnchor(anchor) : { problem: 'anchor.json is missing' };
  if ('problem' in decoded) throw damaged(`the anchor is unusable: ${decoded.problem}`);
  if (decoded.anchor.chainId !== trust.chainId) throw damaged('the anchor belongs to another chain');
  if (!trust.producers.includes(decoded.anchor.producer))
    throw damaged('the producer of the anchor is not trusted');
  if (!verifyAnchor(decoded.anchor)) throw damaged('the signature of the anchor does not verify');
  return decoded.anchor;
}

/** One block with everything that can be said of it alone. */
async function checkBlock(source: BlockSource, { trust }: ChainFiles, index: number): Promise<StoredBlock> {
  const fail = (problem: string): never => {
    throw damaged(`block ${index}: ${problem}`, index);
  };
  const stored = await source.get('header', blockKey(index));
  const parts = stored ? splitStoredHeader(stored) : undefined;
  if (!parts) return fail(stored ? 'its header is cut off' : 'it has no header');
  const actual = blockHash(parts.header);
  if (Buffer.compare(actual, parts.hash) !== 0) fail('its hash is not that of its header');
  const decoded = decodeHeader(parts.header);
  if ('problem' in decoded) return fail(decoded.problem);
  const { header } = decoded;
  if (header.index !== index || header.chainId !== trust.chainId) fail('its header belongs elsewhere');
  if (!trust.producers.includes(header.producer)) fail('its producer is not trusted');
  if (!verifyHeader(parts.header)) fail('its signature does not verify');
  if (index === 0 && actual.toString('hex') !== trust.genesisHash)
    fail('it is not the genesis block of chain.json');
  const payload = await source.get('payload', blockKey(index));
  if (!payload) return fail('it has no payload');
  if (hash('sha256', payload) !== header.payloadHash) fail('its payload is not what its header names');
  return { header, hash: actual };
}

async function checkNothingBehind(source: BlockSource, index: number): Promise<void> {
  for (const column of ['header', 'payload'] as const) {
    for await (const entries of source.scan(column, blockKey(index + 1), undefined, {
      keysOnly: true,
      batchEntries: 1,
    })) {
      if (entries.length > 0) throw damaged(`there is a ${column} behind the head, block ${index}`, index);
    }
  }
}

/** The block that the anchor names is the one it was made for, and those above it were appended after it. */
async function checkAnchored(
  source: BlockSource,
  files: ChainFiles,
  anchor: Anchor,
  head: number,
): Promise<void> {
  let previous = await checkBlock(source, files, anchor.index);
  if (previous.hash.toString('hex') !== anchor.hash || previous.header.historyRoot !== anchor.historyRoot) {
    throw damaged(`block ${anchor.index} is not the one that the anchor was made for`, anchor.index);
  }
  for (let index = anchor.index + 1; index <= head; index++) {
    const block = await checkBlock(source, files, index);
    const { header } = block;
    if (
      header.previousHash !== previous.hash.toString('hex') ||
      header.timestamp < previous.header.timestamp
    ) {
      throw damaged(`block ${index} does not continue block ${index - 1}`, index);
    }
    const payload = await source.get('payload', blockKey(index));
    const { unchanged, quads, transactions } = canonicalize(payload ?? Buffer.alloc(0));
    if (!unchanged || quads !== header.quadCount || transactions !== header.transactionCount) {
      throw damaged(`block ${index} has a payload that no append stores`, index);
    }
    previous = block;
  }
}

/**
 * The tree over the blocks before one, by the tree records if they give the root that its header was signed with, and
 * otherwise by all the headers: the records are a cache, and a wrong one keeps nobody from appending.
 */
async function treeBefore(source: BlockSource, header: BlockHeader): Promise<HistoryTree> {
  const claimed = await treeByRecords(source, header.index);
  if (claimed?.rootHex() === header.historyRoot) return claimed;
  const tree = new HistoryTree();
  for await (const entries of source.scan('header', blockKey(0), blockKey(header.index))) {
    for (const { value } of entries) {
      const parts = splitStoredHeader(value);
      if (parts) tree.append(blockHash(parts.header));
    }
  }
  if (tree.rootHex() === header.historyRoot) return tree;
  throw damaged(
    `the blocks before block ${header.index} are not those that it was signed over`,
    header.index,
  );
}

async function treeByRecords(source: BlockSource, size: number): Promise<HistoryTree | undefined> {
  const frontier: Subtree[] = [];
  for (const place of frontierKeys(size)) {
    const { level, position } = place;
    let subtree: Uint8Array | null;
    if (level > 0) subtree = await source.get('default', treeKey(level, position));
    else {
      const stored = await source.get('header', blockKey(position));
      const parts = stored ? splitStoredHeader(stored) : undefined;
      subtree = parts ? leafHash(blockHash(parts.header)) : null;
    }
    if (subtree?.length !== 32) return undefined;
    frontier.push({ level, position, hash: subtree });
  }
  return HistoryTree.from(size, frontier);
}

function damaged(problem: string, block?: number): ProvChainError {
  return new ProvChainError(
    'CHAIN_DAMAGED',
    `nothing is appended, because the chain's end does not hold: ${problem}`,
    {
      place: { block },
    },
  );
}
