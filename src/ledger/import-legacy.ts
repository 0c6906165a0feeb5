import { type KeyObject, randomUUID } from 'node:crypto';
import {
  blockHash,
  blockKey,
  CHAIN_KEY,
  encodeChainRecord,
  encodeHeadRecord,
  encodeLegacyHeader,
  encodeStoredHeader,
  FORMAT_LEGACY,
  generateProducerKey,
  HEAD_KEY,
  HistoryTree,
  type LegacyBlock,
  type LegacySummary,
  legacySummary,
  nextTimestamp,
  readLegacyDump,
  treeKey,
} from '../chain/index.js';
import type { ChainTip } from './block-builder.js';
import { checkedId } from './create-chain.js';
import { storeNewChain } from './new-chain.js';
import type { Put } from './rocks.js';

export interface ImportOptions {
  /** Default: a random UUID. */
  readonly chainId?: string;
  /** Signs the anchor, which is all that vouches for an imported chain. Default: a new key. */
  readonly producerKey?: KeyObject;
  /** Milliseconds since 1970: the time of the import. */
  readonly now?: () => number;
  /** Names the dump in errors. */
  readonly source?: string;
}

const BATCH_BLOCKS = 512;

/**
 * Makes a chain of format `provchain-org/0` in `dir` from a dump of the predecessor (N-Quads): every header as the
 * dump has it, ambiguous ones with all their values, and every payload in canonical form. Hash, tree and anchor follow
 * the native rules over those headers, so that what was imported cannot change unseen, whatever it was worth.
 *
 * Errors, and nothing is stored: RDF_SYNTAX, RDF_ENCODING, CANONICAL_LIMIT, LEGACY_FORMAT; USAGE for an id that is
 * none; CHAIN_EXISTS; STORE_UNAVAILABLE.
 */
export async function importLegacyDump(
  dir: string,
  dump: Uint8Array,
  options: ImportOptions = {},
): Promise<LegacySummary> {
  const chainId = checkedId(options.chainId ?? randomUUID());
  const { blocks } = readLegacyDump(dump, options.source);
  const { puts, genesisHash, tip } = layOut(chainId, blocks, (options.now ?? Date.now)());
  const key = options.producerKey ?? generateProducerKey();
  await storeNewChain(dir, { chainId, format: FORMAT_LEGACY, genesisHash, key, tip, puts });
  return legacySummary(blocks);
}

/** The store's content in batches, and what anchor and trust root say of it. A dump has at least one block. */
function layOut(chainId: string, blocks: readonly LegacyBlock[], nowMs: number) {
  const tree = new HistoryTree();
  const hashes: string[] = [];
  const puts: Put[][] = [];
  let batch: Put[] = [];
  let historyRoot = tree.rootHex();
  for (const [index, { header, payload }] of blocks.entries()) {
    const headerBytes = encodeLegacyHeader(header);
    const hash = blockHash(headerBytes);
    const key = blockKey(index);
    batch.push({ column: 'header', key, value: encodeStoredHeader(hash, headerBytes) });
    batch.push({ column: 'payload', key, value: payload });
    historyRoot = tree.rootHex();
    for (const subtree of tree.append(hash)) {
      batch.push({ column: 'default', key: treeKey(subtree.level, subtree.position), value: subtree.hash });
    }
    hashes.push(hash.toString('hex'));
    if (hashes.length % BATCH_BLOCKS === 0) {
      puts.push(batch);
      batch = [];
    }
  }
  const index = hashes.length - 1;
  const hash = hashes[index]!;
  batch.push({ column: 'default', key: HEAD_KEY, value: encodeHeadRecord({ hash, index }) });
  batch.push({
    column: 'default',
    key: CHAIN_KEY,
    value: encodeChainRecord({ chainId, format: FORMAT_LEGACY }),
  });
  puts.push(batch);
  const tip: ChainTip = { index, hash, historyRoot, timestamp: nextTimestamp(undefined, nowMs) };
  return { puts, genesisHash: hashes[0]!, tip };
}
