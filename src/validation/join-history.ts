import { decodeAnchor, FORMAT_LEGACY, HistoryTree, type Subtree } from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { openBlock, rawHash } from './block.js';
import { readBlocks } from './block-reader.js';
import { sameFrontier } from './check-history.js';
import { failureFact, shardFailed } from './failure.js';
import { type FindingFact, isAccusation } from './finding.js';
import type { Plan, Range } from './plan.js';
import type { ShardOutcome, ShardResult, ShardTask, StopReason } from './shard.js';
import type { BlockSource } from './source.js';

/** What the history checks of all shards come to. */
export interface JoinedHistory {
  readonly facts: readonly FindingFact[];
  /** False when a part could not be judged; then `facts`, `stopped` or what the shards found say why. */
  readonly complete: boolean;
  readonly stopped?: StopReason;
}

/**
 * Joins the subtrees of the shards, in order, into the one history tree, and judges what each shard found: it had
 * started from the frontier that tree records claim, and counts only if that is the frontier joined from the shards
 * before it. Where it is not, `rerun` has the shard checked again from the true one.
 *
 * Behind a missing header, a failed shard or a wrong root no root can be judged, so the join ends there.
 *
 * The blocks outside the scope count too, by their headers: a history is one of all blocks before. What accuses because
 * of them is confirmed through a fresh handle.
 *
 * @param results in the order of their ranges, without gaps up to the first failed shard
 */
export async function joinHistory(
  source: BlockSource,
  plan: Plan,
  results: readonly ShardResult[],
  rerun: (task: ShardTask) => Promise<ShardOutcome>,
): Promise<JoinedHistory> {
  const full = plan.checks.includes('history');
  const sealed = plan.evidence.trust.format === FORMAT_LEGACY && plan.anchored;
  if (!full && !sealed) return { facts: [], complete: true };
  const tree = new HistoryTree();
  const start = sealed ? Math.min(plan.scope.from, plan.sealedTo) : plan.scope.from;
  const before = await appendHeaders(source, plan, tree, { from: 0, to: start });
  if (before) return { facts: [before], complete: false };
  const frontier = tree.frontier();
  const joined = await joinShards(plan, tree, results, full ? rerun : undefined);
  const seal = sealed && joined.complete ? await judgeSeal(source, plan, tree) : undefined;
  if (joined.facts.some(isAccusation)) await confirmHeaders(source, plan, start, frontier);
  if (seal?.facts.some(isAccusation)) await confirmHeaders(source, plan, plan.sealedTo, tree.frontier());
  if (!seal) return joined;
  return { facts: [...joined.facts, ...seal.facts], complete: seal.complete };
}

/** Without `rerun` the shards are only joined: their own roots are not judged. */
async function joinShards(
  plan: Plan,
  tree: HistoryTree,
  results: readonly ShardResult[],
  rerun: ((task: ShardTask) => Promise<ShardOutcome>) | undefined,
): Promise<JoinedHistory> {
  const facts: FindingFact[] = [];
  const end = (more: Partial<JoinedHistory>): JoinedHistory => ({ facts, complete: false, ...more });
  let next = plan.scope.from;
  for (const result of results) {
    if (result.range.from !== next || result.stopped) return end({});
    if (rerun) {
      // Behind the block that the anchor of a legacy chain names nothing belongs, and nothing is joined.
      if (tree.size !== next) return end({});
      const judged = await judge(result, tree.frontier(), rerun);
      if ('stopped' in judged) return end(judged);
      for (const fact of judged) facts.push(fact);
      if (judged.some(({ code }) => JUDGED_NO_FURTHER.has(code))) return end({});
    }
    if (!result.subtrees) return end({});
    for (const subtree of result.subtrees) tree.appendSubtree(subtree);
    next = result.range.to;
  }
  return end({ complete: next === plan.scope.to });
}

const JUDGED_NO_FURTHER: ReadonlySet<string> = new Set([
  'HISTORY_ROOT_MISMATCH',
  'SHARD_FAILED',
  'STORE_UNAVAILABLE',
  'STORE_UNREADABLE',
]);

async function judge(
  { range, claimedFrontier, historyFacts }: ShardResult,
  frontier: readonly Subtree[],
  rerun: (task: ShardTask) => Promise<ShardOutcome>,
): Promise<readonly FindingFact[] | { stopped: StopReason }> {
  if (sameFrontier(claimedFrontier, frontier)) return historyFacts;
  const outcome = await rerun({ range, frontier });
  if ('failed' in outcome) return [failureFact(range, outcome.failed)];
  const { stopped } = outcome.result;
  return stopped ? { stopped } : outcome.result.historyFacts;
}

/**
 * Adds the blocks of a range outside the scope, by their headers. Tree records would be faster and are an attacker's,
 * as the header that they would have to agree with may be. Returns what keeps the history from being judged, if a block
 * is missing. Errors: STORE_UNAVAILABLE.
 */
async function appendHeaders(
  source: BlockSource,
  plan: Plan,
  tree: HistoryTree,
  range: Range,
): Promise<FindingFact | undefined> {
  if (range.from >= range.to) return undefined;
  for await (const batch of readBlocks(source, 'header', range, () => {})) {
    for (const { index, value } of batch) {
      if (value === null) {
        return shardFailed(plan.scope, `block ${index}, which its history counts, has no readable header`);
      }
      tree.append(rawHash(openBlock(plan.evidence.trust.format, index, value)));
    }
  }
  return undefined;
}

/**
 * An imported chain has no roots in its headers; the anchor made at import seals all blocks before the one it names.
 *
 * @param tree over the blocks up to the end of the scope
 */
async function judgeSeal(source: BlockSource, plan: Plan, tree: HistoryTree): Promise<JoinedHistory> {
  const after = await appendHeaders(source, plan, tree, { from: tree.size, to: plan.sealedTo });
  if (after) return { facts: [after], complete: false };
  const decoded = decodeAnchor(plan.evidence.anchor ?? new Uint8Array());
  if ('problem' in decoded) return { facts: [], complete: false };
  const details = { historyRoot: tree.rootHex(), anchored: decoded.anchor.historyRoot };
  const facts: FindingFact[] = [];
  if (details.historyRoot !== details.anchored) {
    facts.push({ code: 'ANCHOR_MISMATCH', block: plan.sealedTo, details });
  }
  return { facts, complete: true };
}

/**
 * Reads the headers before block `to`, which may have been read only once, once more. Errors: STORE_UNAVAILABLE when
 * they are not the same.
 */
async function confirmHeaders(
  source: BlockSource,
  plan: Plan,
  to: number,
  frontier: readonly Subtree[],
): Promise<void> {
  if (to === 0) return;
  const again = new HistoryTree();
  const fresh = await source.reopen();
  try {
    const missing = await appendHeaders(fresh, plan, again, { from: 0, to });
    if (!missing && sameFrontier(again.frontier(), frontier)) return;
  } finally {
    await fresh.close();
  }
  throw new ProvChainError('STORE_UNAVAILABLE', `two readings of the headers before block ${to} disagree`);
}
