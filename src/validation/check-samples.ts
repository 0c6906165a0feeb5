import { hash } from 'node:crypto';
import { openBlock, payloadClaim } from './block.js';
import { readBlock } from './block-reader.js';
import { checkSparql, type SampledBlock } from './check-sparql.js';
import { crossCheck } from './cross-check.js';
import type { Plan, Range } from './plan.js';
import { noneChecked } from './report.js';
import { sampledBlocks, sampleSize } from './sample.js';
import { BREATH_MS, type ShardControl, type ShardResult, type StopReason } from './shard.js';
import { type ShardContext, shardContext } from './shard-context.js';
import type { BlockSource } from './source.js';
import { parseStored } from './stored-payload.js';

/** Sampled blocks that one task looks at, about. */
const TASK_BLOCKS = 1000;
/** Blocks and payload bytes that stand in the independent store at once: it holds some 600 bytes a quad. */
const STORE_BLOCKS = 50;
const STORE_BYTES = 4 << 20;

/**
 * The ranges in which the sample is held against other engines, apart from the shards. Loading and warming up those
 * engines takes a worker longer than a sample of 100 blocks, so that a small sample is for one worker alone.
 */
export function* planSamples({ scope, checks }: Pick<Plan, 'scope' | 'checks'>): Generator<Range> {
  if (!checks.includes('sparql-sampled') && !checks.includes('cross-check-sampled')) return;
  const blocks = scope.to - scope.from;
  const tasks = Math.ceil(sampleSize(blocks) / TASK_BLOCKS);
  const start = (task: number) => scope.from + Math.floor((task * blocks) / tasks);
  for (let task = 0; task < tasks; task++) yield { from: start(task), to: start(task + 1) };
}

/**
 * Holds the sampled blocks of a range against an independent RDF store and the reference canonicalizer. A block whose
 * payload is missing, altered or no RDF is left out: its shard reports that. Errors: STORE_UNAVAILABLE.
 */
export async function checkSamples(
  source: BlockSource,
  plan: Plan,
  range: Range,
  control: ShardControl,
): Promise<ShardResult> {
  const started = control.clock();
  const context = shardContext(plan, control.clock);
  const sample = [...sampledBlocks(plan.pin.headHash, plan.scope, range.from, range.to)].sort(
    (a, b) => a - b,
  );
  let stopped: StopReason | undefined;
  let coveredTo = range.from;
  for (let next = 0; next < sample.length; ) {
    stopped = control.stopped();
    if (stopped) break;
    const blocks: SampledBlock[] = [];
    for (let bytes = 0; next < sample.length && blocks.length < STORE_BLOCKS && bytes < STORE_BYTES; next++) {
      const block = await readSampled(source, plan, sample[next]);
      if (!block) continue;
      blocks.push(block);
      bytes += block.payload.length;
    }
    stopped = await compareEngines(context, blocks, control);
    if (stopped) break;
    coveredTo = (sample[next - 1] ?? range.from) + 1;
    await control.breathe();
  }
  context.stopwatch.enter('sparql');
  return {
    range,
    stopped,
    coveredTo: stopped ? coveredTo : range.to,
    facts: context.facts.facts,
    historyFacts: [],
    checked: noneChecked(),
    verifiedAboveAnchor: 0,
    categoryMs: context.stopwatch.ms,
    durationMs: control.clock() - started,
  };
}

/** Returns why it ended before the last block, if it did. */
async function compareEngines(
  { plan, facts, stopwatch }: ShardContext,
  blocks: readonly SampledBlock[],
  control: ShardControl,
): Promise<StopReason | undefined> {
  stopwatch.enter('sparql');
  if (plan.checks.includes('sparql-sampled')) checkSparql(blocks, facts);
  if (!plan.checks.includes('cross-check-sampled')) return undefined;
  stopwatch.enter('canonicalization');
  let lastBreath = control.clock();
  for (const block of blocks) {
    const stopped = control.stopped();
    if (stopped) return stopped;
    await crossCheck(block, plan.canonicalWorkLimit, facts);
    if (control.clock() - lastBreath > BREATH_MS) {
      await control.breathe();
      lastBreath = control.clock();
    }
  }
  return undefined;
}

async function readSampled(
  source: BlockSource,
  plan: Plan,
  index: number,
): Promise<SampledBlock | undefined> {
  const [stored, { value: payload }] = await Promise.all([
    readBlock(source, 'header', index),
    readBlock(source, 'payload', index),
  ]);
  const claim = stored.value && payloadClaim(openBlock(plan.evidence.trust.format, index, stored.value));
  if (!payload || !claim || hash('sha256', payload) !== claim.payloadHash) return undefined;
  const quads = parseStored(payload);
  return 'refused' in quads ? undefined : { index, payload, quads, quadCount: claim.quadCount };
}
