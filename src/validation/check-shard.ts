import { hash } from 'node:crypto';
import { FORMAT_LEGACY, type Subtree } from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { type Block, openBlock } from './block.js';
import { readBlock, readBlocks } from './block-reader.js';
import { checkHeader, SignatureCheck } from './check-header.js';
import { checkTreeRecords, claimOrNothing, HistoryCheck } from './check-history.js';
import { checkTreeKeys, reportUnknownKey } from './check-keys.js';
import { checkLegacyBlock, checkLegacyHeader, type LegacyLinks } from './check-legacy.js';
import { checkPayload } from './check-payload.js';
import { checkSamples } from './check-samples.js';
import type { Check } from './check-set.js';
import { FactCollector, factText, isAccusation } from './finding.js';
import type { Plan, Range } from './plan.js';
import { sampledBlocks } from './sample.js';
import { BREATH_MS, type ShardControl, type ShardResult, type ShardTask, type StopReason } from './shard.js';
import { type ShardContext, shardContext } from './shard-context.js';
import { isClean } from './shard-evidence.js';
import type { BlockSource, Column } from './source.js';

/** Blocks whose headers are held at once. */
const SEGMENT_BLOCKS = 1000;

/**
 * Checks one shard of a plan. What accuses the data is confirmed through a handle opened anew before it is reported.
 * A known shard in which anything at all has changed is checked as if it were not known.
 *
 * Errors: STORE_UNAVAILABLE and STORE_CORRUPT from the source, and STORE_UNAVAILABLE when two readings of the same
 * blocks disagree: then nothing is known.
 */
export async function checkShard(
  source: BlockSource,
  plan: Plan,
  task: ShardTask,
  control: ShardControl,
): Promise<ShardResult> {
  if (task.samples) return checkSamples(source, plan, task.range, control);
  const quiet: ShardControl = { ...control, progress: () => {} };
  const { known, ...anew } = task;
  if (known) {
    const result = await new ShardPass(source, plan, task, control).run();
    if (isClean(result) && result.lastHash === known.lastHash) return { ...result, knownSince: known.at };
  }
  const first = await new ShardPass(source, plan, anew, known ? quiet : control).run();
  if (![...first.facts, ...first.historyFacts].some(isAccusation)) return first;
  const fresh = await source.reopen();
  try {
    const second = await new ShardPass(fresh, plan, anew, quiet).run();
    return confirmed(first, second);
  } finally {
    await fresh.close();
  }
}

/** The second reading, provided that it accuses of the same as the first. */
function confirmed(first: ShardResult, second: ShardResult): ShardResult {
  if (second.stopped) {
    // Told to stop before everything was confirmed: what was not is not reported, and the shard is incomplete.
    return second;
  }
  const accusations = ({ facts, historyFacts }: ShardResult) =>
    [...facts, ...historyFacts].filter(isAccusation).map(factText).sort().join('\n');
  if (accusations(first) === accusations(second) || first.stopped) return second;
  const { from, to } = first.range;
  throw new ProvChainError(
    'STORE_UNAVAILABLE',
    `two readings of blocks ${from} to ${to - 1} disagree, so neither is believed`,
  );
}

/** One reading of one shard, from beginning to end. */
class ShardPass {
  readonly #source: BlockSource;
  readonly #plan: Plan;
  readonly #range: Range;
  readonly #control: ShardControl;
  readonly #context: ShardContext;
  readonly #historyFacts = new FactCollector();
  readonly #sample: ReadonlySet<number>;
  readonly #signatures: SignatureCheck;
  /** Canonical forms and signatures were checked before: see `shard-evidence.ts`. */
  readonly #known: boolean;
  readonly #onlyHistory: boolean;
  readonly #givenFrontier: readonly Subtree[] | undefined;
  #history: HistoryCheck | undefined;
  #stopped: StopReason | undefined;
  #lastBreath: number;
  #previous: Block | undefined;
  #legacyLinks: LegacyLinks;

  constructor(source: BlockSource, plan: Plan, task: ShardTask, control: ShardControl) {
    this.#source = source;
    this.#plan = plan;
    this.#range = task.range;
    this.#control = control;
    this.#lastBreath = control.clock();
    this.#context = shardContext(plan, control.clock);
    this.#sample = sampledBlocks(plan.pin.headHash, plan.scope, task.range.from, task.range.to);
    this.#known = task.known !== undefined;
    this.#signatures = new SignatureCheck(plan, this.#sample, this.#context.facts, this.#known);
    this.#onlyHistory = task.frontier !== undefined;
    this.#givenFrontier = task.frontier;
  }

  async run(): Promise<ShardResult> {
    const { from, to } = this.#range;
    const started = this.#control.clock();
    this.#previous = await this.#blockAt(from - 1);
    const claimed = await this.#startHistory();
    await this.#startLegacyLinks();
    let coveredTo = from;
    while (coveredTo < to) {
      const end = Math.min(to, coveredTo + SEGMENT_BLOCKS);
      await this.#checkSegment({ from: coveredTo, to: end });
      if (this.#stopped) break;
      coveredTo = end;
      this.#stopped = coveredTo < to ? this.#control.stopped() : undefined;
      if (this.#stopped) break;
      if (this.#control.clock() - this.#lastBreath > BREATH_MS) await this.#breathe();
    }
    const stopped = this.#stopped;
    const last = this.#previous;
    if (!stopped && !this.#onlyHistory) {
      this.#signatures.end(to < this.#plan.scope.to ? await this.#blockAt(to) : undefined);
    }
    this.#context.checked.signatures = this.#signatures.verified;
    this.#context.stopwatch.enter('blockchain');
    return {
      range: this.#range,
      stopped,
      coveredTo,
      facts: this.#context.facts.facts,
      historyFacts: this.#historyFacts.facts,
      checked: this.#context.checked,
      verifiedAboveAnchor: this.#signatures.verifiedAboveAnchor,
      categoryMs: this.#context.stopwatch.ms,
      durationMs: this.#control.clock() - started,
      subtrees: this.#history?.subtrees(),
      claimedFrontier: claimed,
      lastHash: !stopped && last?.index === to - 1 ? last.hashHex : undefined,
    };
  }

  /** Whether to stop. A few hard blocks can take seconds, so that it is asked before every payload. */
  #isStopped(): boolean {
    this.#stopped ??= this.#control.stopped();
    return this.#stopped !== undefined;
  }

  async #breathe(): Promise<void> {
    await this.#control.breathe();
    this.#lastBreath = this.#control.clock();
  }

  /** Reads everything at once, so that there is always something to work on while the rest is being read. */
  async #checkSegment(segment: Range): Promise<void> {
    const { stopwatch, checked, facts } = this.#context;
    stopwatch.enter('blockchain');
    const before = checked.payloadBytes;
    const headers = this.#checkHeaders(segment);
    const work: Promise<unknown>[] = [headers];
    if (this.#history && this.#has('history')) work.push(this.#checkTreeRecords(headers));
    if (!this.#onlyHistory) {
      if (this.#has('keys')) work.push(checkTreeKeys(this.#source, segment, facts));
      if (this.#has('payloads')) work.push(this.#checkPayloads(segment, headers));
    }
    await allSettled(work);
    if (!this.#onlyHistory) {
      this.#control.progress(segment.to - segment.from, checked.payloadBytes - before);
    }
  }

  async #checkTreeRecords(headers: Promise<unknown>): Promise<void> {
    await headers;
    const completed = this.#history?.takeCompleted() ?? [];
    await checkTreeRecords(this.#source, completed, this.#historyFacts);
  }

  /** Returns the blocks of the segment by position, for their payloads; undefined where there is no header. */
  async #checkHeaders(segment: Range): Promise<(Block | undefined)[]> {
    const { facts, checked } = this.#context;
    const blocks: (Block | undefined)[] = [];
    // What nobody asks for again need not outlive its batch.
    const keep = this.#has('payloads');
    // Given a frontier, everything but the history was already reported by the first run of this shard.
    const sink = this.#onlyHistory ? new FactCollector() : facts;
    for await (const batch of readBlocks(this.#source, 'header', segment, this.#onStray('header', sink))) {
      for (const stored of batch) {
        const block = checkHeader(this.#plan, stored, this.#previous, sink);
        if (block?.legacy) checkLegacyHeader(block.index, block.legacy, sink);
        this.#history?.next(block);
        if (!this.#onlyHistory) {
          this.#signatures.next(block);
          if (block) checked.headers++;
          if (keep) blocks.push(block);
        }
        this.#previous = block;
      }
    }
    return blocks;
  }

  async #checkPayloads(segment: Range, headers: Promise<readonly (Block | undefined)[]>): Promise<void> {
    const { facts, stopwatch } = this.#context;
    for await (const batch of readBlocks(this.#source, 'payload', segment, this.#onStray('payload', facts))) {
      const blocks = await headers;
      stopwatch.enter('transactions');
      for (const stored of batch) {
        if (this.#control.clock() - this.#lastBreath > BREATH_MS) await this.#breathe();
        if (this.#isStopped()) return;
        const { index } = stored;
        const block = blocks[index - segment.from];
        const sampled = this.#sample.has(index);
        const canonical = this.#has('canonical') || (sampled && this.#has('canonical-sampled'));
        const payload = checkPayload(this.#context, block, stored, canonical ? this.#canonical : 'skip');
        if (!block?.header) this.#checkLegacy(block, payload);
      }
    }
  }

  #checkLegacy(block: Block | undefined, payload: Uint8Array | undefined): void {
    this.#legacyLinks =
      block && payload ? checkLegacyBlock(block, payload, this.#legacyLinks, this.#context.facts) : undefined;
  }

  /** The links into the first block: what the block before the shard may be named by. */
  async #startLegacyLinks(): Promise<void> {
    const before = this.#previous;
    if (!before?.legacy || !this.#has('payloads')) return;
    const { value } = await readBlock(this.#source, 'payload', before.index);
    // An altered one names nothing, as in the shard that holds it.
    if (value === null || hash('sha256', value) !== before.legacy.payloadHash) return;
    this.#legacyLinks = checkLegacyBlock(before, value, undefined, new FactCollector());
  }

  /** Returns the frontier that the history is checked from, if it was only claimed. */
  async #startHistory(): Promise<readonly Subtree[] | undefined> {
    const { from } = this.#range;
    const full = this.#has('history');
    const sealed = this.#plan.evidence.trust.format === FORMAT_LEGACY;
    if (!full && !sealed) return undefined;
    const claimed =
      this.#givenFrontier || !full ? undefined : await claimOrNothing(this.#source, from, this.#previous);
    const sealedTo = sealed ? this.#plan.sealedTo : Number.POSITIVE_INFINITY;
    this.#history = new HistoryCheck(
      this.#range,
      this.#givenFrontier ?? claimed,
      sealedTo,
      this.#historyFacts,
    );
    return claimed;
  }

  /** A sample is drawn anew for each head, so that only what covers every payload was done before. */
  get #canonical(): 'check' | 'known' {
    return this.#known && this.#has('canonical') ? 'known' : 'check';
  }

  #has(check: Check): boolean {
    return this.#plan.checks.includes(check);
  }

  #onStray(column: Column, facts: FactCollector): (key: Uint8Array) => void {
    return this.#has('keys') ? (key) => reportUnknownKey(column, key, facts) : () => {};
  }

  async #blockAt(index: number): Promise<Block | undefined> {
    if (index < 0) return undefined;
    const { value } = await readBlock(this.#source, 'header', index);
    return value ? openBlock(this.#plan.evidence.trust.format, index, value) : undefined;
  }
}

/** Waits for the end of all, so that nothing goes on behind the caller's back, and then throws the first error. */
async function allSettled(work: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}
