import { hash } from 'node:crypto';
import { canonicalJson } from '../chain/index.js';
import { openBlock } from './block.js';
import { readBlock } from './block-reader.js';
import { type Plan, planShards, type Range } from './plan.js';
import type { ShardOutcome, ShardResult, ShardRunner, ShardTask } from './shard.js';
import type { BlockSource } from './source.js';

/**
 * What an earlier job has shown of blocks that did not change.
 *
 * No stamp of a file can justify leaving bytes unread: a table file that is added later overrides blocks of older
 * files, which stay as they were. So every job reads and hashes all headers and payloads of its level again, and takes
 * over only what is a pure function of those bytes and costs the most: the canonical form of each payload and the
 * signature of each header. The hash of a shard's last header covers, through links and payload hashes, every byte of
 * the shard: if nothing at all is found and the last header still has that hash, the bytes are those that were checked.
 */

/** Where it is kept which shards were found clean, and when. What comes out of it decides a verdict: it must be authentic. */
export interface EvidenceStore {
  /** When each shard was read by the job that found it clean (ISO 8601), in the order of the keys; undefined where nothing is known. */
  read(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** Shards that a job has found clean, which read them at `at` (ISO 8601). */
  write(keys: readonly string[], at: string): Promise<void>;
}

/** A full shard by what identifies its evidence. */
export interface ShardIdentity {
  readonly range: Range;
  readonly lastHash: string;
  /** Of the store: 64 lower-case hex digits. */
  readonly key: string;
}

/** Whether a plan asks for anything that evidence could spare. */
export function canReuse(plan: Plan): boolean {
  return plan.checks.includes('canonical') || plan.checks.includes('signatures');
}

/** A result that covers its shard to the end and has nothing to say about it. */
export function isClean(result: ShardResult): boolean {
  const { stopped, facts, historyFacts, coveredTo, range } = result;
  return !stopped && facts.length === 0 && historyFacts.length === 0 && coveredTo === range.to;
}

/**
 * The full shards of a plan with the keys of their evidence; only those, since they stay the same while a chain grows.
 * A shard whose last header is missing, unreadable or no header is left out. Errors: STORE_UNAVAILABLE.
 */
export async function identifyShards(
  source: BlockSource,
  plan: Plan,
  engineVersion: string,
): Promise<ShardIdentity[]> {
  const identified: ShardIdentity[] = [];
  for (const range of planShards(plan)) {
    if (range.to - range.from !== plan.batchSize) continue;
    const { value } = await readBlock(source, 'header', range.to - 1);
    if (!value) continue;
    const { hashHex, problem } = openBlock(plan.evidence.trust.format, range.to - 1, value);
    if (problem === undefined) {
      identified.push({ range, lastHash: hashHex, key: evidenceKey(plan, engineVersion, range, hashHex) });
    }
  }
  return identified;
}

function evidenceKey(plan: Plan, engineVersion: string, range: Range, lastHash: string): string {
  const { evidence, policyHash } = plan;
  const identity = {
    chain: evidence.trust.chainId,
    engineVersion,
    from: range.from,
    lastHash,
    policyHash,
    replica: evidence.replicaId,
    to: range.to,
  };
  return hash('sha256', canonicalJson(identity));
}

/**
 * Runs shards with what is known of them, and notes which ones are worth knowing of the next time.
 *
 * @param known when a shard was found clean (ISO 8601), by key
 */
export class KnownShards implements ShardRunner {
  readonly concurrency: number;
  /** Keys of the shards found clean without any help from evidence. */
  readonly clean: string[] = [];
  readonly #runner: ShardRunner;
  readonly #identities: ReadonlyMap<number, ShardIdentity>;
  readonly #known: ReadonlyMap<string, string>;

  constructor(runner: ShardRunner, identities: readonly ShardIdentity[], known: ReadonlyMap<string, string>) {
    this.concurrency = runner.concurrency;
    this.#runner = runner;
    this.#identities = new Map(identities.map((identity) => [identity.range.from, identity]));
    this.#known = known;
  }

  async run(task: ShardTask, signal: AbortSignal): Promise<ShardOutcome> {
    const identity = task.samples || task.frontier ? undefined : this.#identities.get(task.range.from);
    if (!identity) return this.#runner.run(task, signal);
    const { key, lastHash } = identity;
    const at = this.#known.get(key);
    const outcome = await this.#runner.run(at ? { ...task, known: { lastHash, at } } : task, signal);
    if ('result' in outcome) {
      const { result } = outcome;
      if (isClean(result) && !result.knownSince && result.lastHash === lastHash) this.clean.push(key);
    }
    return outcome;
  }
}
