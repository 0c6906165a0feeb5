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
import { checkStrayKeys } from './check-keys.js';
import type { FactCollector } from './finding.js';
import type { ChainEvidence, Pin, Plan } from './plan.js';
import type { BlockSource } from './source.js';

/** The head of a store as it is now, and what is wrong with the record of it. */
interface Head {
  readonly height: number;
  readonly hash: string;
  readonly problem?: string;
}

/**
 * Finds the end of a chain in one view of its store. The head record is believed when a header stands at the height
 * it names; otherwise the anchor's height is taken if a header stands there, or else the headers are counted up to
 * the first hole. Errors: STORE_CORRUPT, STORE_UNAVAILABLE.
 */
async function findHead(source: BlockSource, evidence: ChainEvidence): Promise<Head> {
  const record = await source.get('default', HEAD_KEY);
  const decoded = record ? decodeHeadRecord(record) : { problem: 'there is no head record' };
  let problem: string;
  if ('head' in decoded) {
    const { index, hash } = decoded.head;
    const block = await blockAt(source, evidence, index);
    if (block) {
      const wrong = block.hashHex === hash ? undefined : `it names the hash ${hash}`;
      return { height: index + 1, hash: block.hashHex, problem: wrong };
    }
    problem = `it names block ${index}, which has no header`;
  } else problem = decoded.problem;
  const anchor = decodeEvidence(evidence);
  const anchored = anchor && (await blockAt(source, evidence, anchor.index));
  const last = anchored ?? (await lastBeforeHole(source, evidence));
  return last
    ? { height: last.index + 1, hash: last.hashHex, problem }
    : { height: 0, hash: ZERO_HASH, problem };
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

function decodeEvidence({ anchor }: ChainEvidence): Anchor | undefined {
  if (!anchor) return undefined;
  const decoded = decodeAnchor(anchor);
  return 'problem' in decoded ? undefined : decoded.anchor;
}

/**
 * What is wrong with an anchor, or undefined. The anchor's producer must be one that the trust root trusts: an
 * attacker who can replace anchor.json can sign it with a key of their own.
 */
function anchorProblem(evidence: ChainEvidence): string | undefined {
  if (!evidence.anchor) return 'anchor.json is missing';
  const decoded = decodeAnchor(evidence.anchor);
  if ('problem' in decoded) return decoded.problem;
  const { anchor } = decoded;
  if (anchor.chainId !== evidence.trust.chainId) return `it names the chain ${anchor.chainId}`;
  if (!evidence.trust.producers.includes(anchor.producer)) return 'its producer is not in the trust root';
  if (!verifyAnchor(anchor)) return 'its signature does not verify';
  return undefined;
}

/** Height and head hash to validate at, and the block that a valid anchor names (null without one). */
export async function pinChain(
  source: BlockSource,
  evidence: ChainEvidence,
): Promise<{ pin: Pin; anchorIndex: number | null }> {
  const { height, hash } = await findHead(source, evidence);
  const anchor = anchorProblem(evidence) === undefined ? decodeEvidence(evidence) : undefined;
  return { pin: { height, headHash: hash }, anchorIndex: anchor ? anchor.index : null };
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
  await checkGenesis(source, plan, facts);
  await checkAnchor(source, plan, head, facts);
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

async function checkGenesis(source: BlockSource, plan: Plan, facts: FactCollector): Promise<void> {
  const genesis = await blockAt(source, plan.evidence, 0);
  const { genesisHash } = plan.evidence.trust;
  if (!genesis) {
    if (plan.pin.height === 0) facts.add('HEADER_MISSING', 0, { problem: 'the store holds no block' });
  } else if (genesis.hashHex !== genesisHash) {
    facts.add('GENESIS_MISMATCH', 0, { hash: genesis.hashHex, trusted: genesisHash });
  }
}

async function checkAnchor(source: BlockSource, plan: Plan, head: Head, facts: FactCollector): Promise<void> {
  const { evidence } = plan;
  if (!evidence.anchor && source.logDamaged) {
    facts.add('STORE_UNAVAILABLE', null, {
      reason: 'the write-ahead log is torn, and without an anchor nothing tells whether blocks are missing',
    });
  }
  if (!plan.requireAnchor && !evidence.anchor) return;
  const problem = anchorProblem(evidence);
  if (problem) {
    if (plan.requireAnchor) facts.add('ANCHOR_INVALID', null, { problem });
    return;
  }
  const anchor = decodeEvidence(evidence);
  if (!anchor) return;
  if (anchor.index >= head.height) {
    facts.add('TRUNCATED', head.height, { height: head.height, anchored: anchor.index + 1 });
    return;
  }
  const block = await blockAt(source, evidence, anchor.index);
  if (!block) return; // Missing below the head: the shard that holds it says so.
  if (block.hashHex !== anchor.hash) {
    facts.add('ANCHOR_MISMATCH', anchor.index, { hash: block.hashHex, anchored: anchor.hash });
  } else if (evidence.trust.format !== FORMAT_LEGACY && block.header?.historyRoot !== anchor.historyRoot) {
    facts.add('ANCHOR_MISMATCH', anchor.index, {
      problem: 'the history root differs',
      anchored: anchor.historyRoot,
    });
  }
}
