import { decodeAnchor, FORMAT_LEGACY, HistoryTree, type Subtree } from '../chain/index.js';
import { openBlock } from './block.js';
import { readBlock } from './block-reader.js';
import { claimOrNothing, recomputeFrontier, sameFrontier } from './check-history.js';
import type { FindingFact } from './finding.js';
import type { Plan } from './plan.js';
import type { ShardOutcome, ShardResult, ShardTask } from './shard.js';
import type { BlockSource } from './source.js';

/** What the history checks of all shards come to. `complete` is false when a part of them could not be judged. */
export interface JoinedHistory {
  readonly facts: readonly FindingFact[];
  readonly complete: boolean;
}

/**
 * Joins the subtrees of the shards, in order, into the one history tree, and judges what each shard found: it had
 * started from the frontier that tree records claim, and counts only if that is the frontier joined from the shards
 * before it. Where it is not, `rerun` has the shard checked again from the true one.
 *
 * Behind a missing header, a failed shard or a wrong root no root can be judged, so the join ends there.
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
  const sealed = plan.evidence.trust.format === FORMAT_LEGACY;
  if (!full && !sealed) return { facts: [], complete: true };
  const facts: FindingFact[] = [];
  const start = await startFrontier(source, plan);
  if (!start) return { facts, complete: false };
  const tree = HistoryTree.from(plan.scope.from, start);
  let next = plan.scope.from;
  for (const result of results) {
    if (result.range.from !== next || result.stopped) return { facts, complete: false };
    const judged = full ? await judge(result, tree.frontier(), rerun) : result.historyFacts;
    if (!judged) return { facts, complete: false };
    facts.push(...judged);
    const wrongRoot = judged.some(({ code }) => code === 'HISTORY_ROOT_MISMATCH');
    if (wrongRoot || !result.subtrees) return { facts, complete: false };
    for (const subtree of result.subtrees) tree.appendSubtree(subtree);
    next = result.range.to;
  }
  if (sealed) facts.push(...sealFacts(plan, tree));
  return { facts, complete: next === plan.scope.to };
}

async function judge(
  { range, claimedFrontier, historyFacts }: ShardResult,
  frontier: readonly Subtree[],
  rerun: (task: ShardTask) => Promise<ShardOutcome>,
): Promise<readonly FindingFact[] | undefined> {
  if (sameFrontier(claimedFrontier, frontier)) return historyFacts;
  const outcome = await rerun({ range, frontier });
  return 'result' in outcome && !outcome.result.stopped ? outcome.result.historyFacts : undefined;
}

/**
 * The frontier over the blocks before the scope. Tree records are believed if they fold to the history root of the
 * scope's first header, which commits to exactly one set of blocks; otherwise the headers before are read.
 */
async function startFrontier(source: BlockSource, plan: Plan): Promise<readonly Subtree[] | undefined> {
  const { from } = plan.scope;
  if (from === 0) return [];
  const blockAt = async (index: number) => {
    const { value } = await readBlock(source, 'header', index);
    return value ? openBlock(plan.evidence.trust.format, index, value) : undefined;
  };
  const claimed = await claimOrNothing(source, from, await blockAt(from - 1));
  const root = claimed && HistoryTree.from(from, claimed).root().toString('hex');
  if (root !== undefined && root === (await blockAt(from))?.header?.historyRoot) return claimed;
  return recomputeFrontier(source, plan, from);
}

/** An imported chain has no roots in its headers; the anchor made at import seals all blocks before the one it names. */
function sealFacts(plan: Plan, tree: HistoryTree): FindingFact[] {
  const { evidence, scope, sealedTo } = plan;
  if (!evidence.anchor || tree.size !== sealedTo || scope.from !== 0) return [];
  const decoded = decodeAnchor(evidence.anchor);
  if ('problem' in decoded) return [];
  const root = tree.root().toString('hex');
  const anchored = decoded.anchor.historyRoot;
  return root === anchored
    ? []
    : [{ code: 'ANCHOR_MISMATCH', block: sealedTo, details: { historyRoot: root, anchored } }];
}
