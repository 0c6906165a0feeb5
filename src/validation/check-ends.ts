import {
  type Anchor,
  blockKey,
  CHAIN_KEY,
  decodeAnchor,
  decodeChainRecord,
  decodeHeadRecord,
  FORMAT_LEGACY,
  HEAD_KEY,
  indexOfKey,
  verifyAnchor,
  ZERO_HASH,
} from '../chain/index.js';
import { type Block, openBlock } from './block.js';
import { readBlock } from './block-reader.js';
import { checkBehindHead, checkStrayKeys } from './check-keys.js';
import type { FactCollector } from './finding.js';
import type { ChainEvidence, Pin, Plan } from './plan.js';
import type { BlockSource } from './source.js';

/** The head of a store as it is now, and what is wrong with the record of it. */
interface Head {
  readonly height: number;
  readonly hash: string;
  readonly problem?: string;
}

/** Headers that may be missing below a head record which is believed: each of them is a finding. */
const MOST_MISSING = 100_000;

/**
 * Finds the end of a chain in one view of its store. The head record is believed when a header stands at the height
 * it names and not too many are missing below it; otherwise the anchor's height is taken if a header stands there, or
 * else the headers are counted up to the first hole. Errors: STORE_CORRUPT, STORE_UNAVAILABLE.
 */
async function findHead(source: BlockSource, evidence: ChainEvidence): Promise<Head> {
  const anchor = validAnchor(evidence);
  const record = await source.get('default', HEAD_KEY);
  const decoded = record ? decodeHeadRecord(record) : { problem: 'there is no head record' };
  let problem: string;
  if ('head' in decoded) {
    const { index, hash } = decoded.head;
    const block = await blockAt(source, evidence, index);
    if (!block) problem = `it names block ${index}, which has no header`;
    else if (await isFarOff(source, index, anchor))
      problem = `it names block ${index}, far behind the others`;
    else {
      const wrong = block.hashHex === hash ? undefined : `it names the hash ${hash}`;
      return { height: index + 1, hash: block.hashHex, problem: wrong };
    }
  } else problem = decoded.problem;
  const anchored = anchor && (await blockAt(source, evidence, anchor.index));
  const last = anchored ?? (await lastBeforeHole(source, evidence));
  return last
    ? { height: last.index + 1, hash: last.hashHex, problem }
    : { height: 0, hash: ZERO_HASH, problem };
}

/**
 * Whether more headers are missing below block `index` than could ever be reported one by one: with a single header and
 * a head record, anybody can claim 2^53 blocks. What is below a valid anchor was signed, so only what is above it counts.
 */
async function isFarOff(source: BlockSource, index: number, anchor: Anchor | undefined): Promise<boolean> {
  const from = anchor ? anchor.index + 1 : 0;
  const blocks = index - from;
  if (blocks <= MOST_MISSING) return index === Number.MAX_SAFE_INTEGER;
  let present = 0;
  for await (const entries of source.scan('header', blockKey(from), blockKey(index), { keysOnly: true })) {
    for (const { key } of entries) if (indexOfKey(key) !== undefined) present++;
  }
  return blocks - present > MOST_MISSING;
}

async function blockAt(
  source: BlockSource,
  evidence: ChainEvidence,
  index: number,
): Promise<Block | undefined> {
  const { value } = await readBlock(source, 'header', index);
  return value ? openBlock(evidence.trust.format, index, value) : undefined;
}

async function lastBeforeHole(source: BlockSource, evidence: ChainEvidence): Promise<Block | undefined> {
  let next = 0;
  scan: for await (const entries of source.scan('header', blockKey(0), undefined, { keysOnly: true })) {
    for (const { key } of entries) {
      const index = indexOfKey(key);
      if (index === undefined) continue;
      if (index !== next) break scan;
      next++;
    }
  }
  return next === 0 ? undefined : blockAt(source, evidence, next - 1);
}

/**
 * The anchor, or what is wrong with it. Its producer must be one that the trust root trusts: an attacker who can replace
 * anchor.json can sign it with a key of their own.
 */
function judgeAnchor({ anchor: bytes, trust }: ChainEvidence): { anchor: Anchor } | { problem: string } {
  if (!bytes) return { problem: 'anchor.json is missing' };
  const decoded = decodeAnchor(bytes);
  if ('problem' in decoded) return decoded;
  const { anchor } = decoded;
  if (anchor.chainId !== trust.chainId) return { problem: `it names the chain ${anchor.chainId}` };
  if (!trust.producers.includes(anchor.producer)) return { problem: 'its producer is not in the trust root' };
  if (!verifyAnchor(anchor)) return { problem: 'its signature does not verify' };
  return { anchor };
}

function validAnchor(evidence: ChainEvidence): Anchor | undefined {
  const judged = judgeAnchor(evidence);
  return 'problem' in judged ? undefined : judged.anchor;
}

/** Height and head hash to validate at, and the block that a valid anchor names (null without one). */
export async function pinChain(
  source: BlockSource,
  evidence: ChainEvidence,
): Promise<{ pin: Pin; anchorIndex: number | null }> {
  const { height, hash } = await findHead(source, evidence);
  return { pin: { height, headHash: hash }, anchorIndex: validAnchor(evidence)?.index ?? null };
}

/**
 * What no shard can see: the records of chain and head, genesis against the trust root, the anchor, and the keys
 * outside the blocks. Errors: STORE_CORRUPT, STORE_UNAVAILABLE.
 */
export async function checkEnds(source: BlockSource, plan: Plan, facts: FactCollector): Promise<void> {
  const { evidence } = plan;
  const head = await findHead(source, evidence);
  if (head.problem) facts.add('HEAD_MISMATCH', null, { problem: head.problem });
  await checkChainRecord(source, plan, facts);
  await checkNeighbours(source, plan, head, facts);
  await checkGenesis(source, plan, facts);
  await checkAnchor(source, plan, head, facts);
  await checkBehindHead(source, head.height, facts);
  const whole = plan.scope.from === 0 && plan.scope.to === plan.pin.height;
  if (whole && plan.checks.includes('keys'))
    await checkStrayKeys(source, plan.pin.height, head.height - 1, facts);
}

async function checkChainRecord(source: BlockSource, plan: Plan, facts: FactCollector): Promise<void> {
  const { trust } = plan.evidence;
  const record = await source.get('default', CHAIN_KEY);
  const decoded = record ? decodeChainRecord(record) : { problem: 'there is no chain record' };
  if ('problem' in decoded) facts.add('CHAIN_ID_MISMATCH', null, { problem: decoded.problem });
  else if (decoded.chain.chainId !== trust.chainId || decoded.chain.format !== trust.format) {
    facts.add('CHAIN_ID_MISMATCH', null, {
      store: `${decoded.chain.chainId} (${decoded.chain.format})`,
      trusted: `${trust.chainId} (${trust.format})`,
    });
  }
}

/**
 * The blocks that the scope hangs on: genesis, the one before, the one that the anchor names. Where one is missing
 * outside the scope, no shard says so, and a comparison with it is not made.
 */
async function checkNeighbours(
  source: BlockSource,
  { evidence, scope }: Plan,
  head: Head,
  facts: FactCollector,
): Promise<void> {
  const wanted = new Set([0, Math.max(0, scope.from - 1)]);
  const anchor = validAnchor(evidence);
  if (anchor && anchor.index < head.height) wanted.add(anchor.index);
  for (const index of wanted) {
    if (index >= scope.from && index < scope.to) continue;
    const { value, unreadable } = await readBlock(source, 'header', index);
    if (unreadable) facts.add('HEADER_UNREADABLE', index);
    else if (value === null) facts.add('HEADER_MISSING', index);
  }
}

async function checkGenesis(source: BlockSource, plan: Plan, facts: FactCollector): Promise<void> {
  const genesis = await blockAt(source, plan.evidence, 0);
  const { genesisHash } = plan.evidence.trust;
  if (genesis && genesis.hashHex !== genesisHash) {
    facts.add('GENESIS_MISMATCH', 0, { hash: genesis.hashHex, trusted: genesisHash });
  }
}

async function checkAnchor(source: BlockSource, plan: Plan, head: Head, facts: FactCollector): Promise<void> {
  const { evidence } = plan;
  const judged = judgeAnchor(evidence);
  if ('problem' in judged) {
    if (plan.requireAnchor) facts.add('ANCHOR_INVALID', null, { problem: judged.problem });
    if (source.logDamaged) {
      facts.add('STORE_UNAVAILABLE', null, {
        reason: 'the write-ahead log is torn, and without an anchor nothing tells whether blocks are missing',
      });
    }
    return;
  }
  const { anchor } = judged;
  if (anchor.index >= head.height) {
    facts.add('TRUNCATED', head.height, { height: head.height, anchored: anchor.index + 1 });
    return;
  }
  const legacy = evidence.trust.format === FORMAT_LEGACY;
  if (legacy && anchor.index + 1 < head.height) {
    // Native blocks above the anchor are signed; an imported chain takes none, and nothing would vouch for them.
    facts.add('ANCHOR_MISMATCH', anchor.index + 1, { problem: 'a block was added to an imported chain' });
  }
  const block = await blockAt(source, evidence, anchor.index);
  if (!block) return;
  if (block.hashHex !== anchor.hash) {
    facts.add('ANCHOR_MISMATCH', anchor.index, { hash: block.hashHex, anchored: anchor.hash });
  } else if (!legacy && block.header?.historyRoot !== anchor.historyRoot) {
    facts.add('ANCHOR_MISMATCH', anchor.index, {
      problem: 'the history root differs',
      anchored: anchor.historyRoot,
    });
  }
}
