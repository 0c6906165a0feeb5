import { FORMAT_LEGACY, verifyHeader, ZERO_HASH } from '../chain/index.js';
import { type Block, openBlock } from './block.js';
import type { StoredValue } from './block-reader.js';
import type { FactCollector } from './finding.js';
import type { Plan } from './plan.js';

/**
 * The header checks of every level: present, hash recomputed, well-formed, index, chain id, link, timestamp order,
 * producer trusted. Returns the block, or undefined when there is nothing to take apart.
 *
 * @param previous the block before; undefined for genesis, or when that one is missing (which is its own finding)
 */
export function checkHeader(
  plan: Plan,
  stored: StoredValue,
  previous: Block | undefined,
  facts: FactCollector,
): Block | undefined {
  const { index, value } = stored;
  if (stored.unreadable) facts.add('HEADER_UNREADABLE', index);
  else if (value === null) facts.add('HEADER_MISSING', index);
  if (value === null) return undefined;

  const block = openBlock(plan.evidence.trust.format, index, value);
  if (!block.hash.equals(block.storedHash)) {
    facts.add('HEADER_HASH_MISMATCH', index, {
      stored: Buffer.from(block.storedHash).toString('hex'),
      recomputed: block.hashHex,
    });
  }
  if (block.problem !== undefined) facts.add('HEADER_INVALID', index, { problem: block.problem });
  if (block.header) checkNativeHeader(plan, block, previous, facts);
  return block;
}

function checkNativeHeader(
  plan: Plan,
  block: Block,
  previous: Block | undefined,
  facts: FactCollector,
): void {
  const header = block.header;
  if (!header) return;
  const { index } = block;
  const { trust } = plan.evidence;
  if (header.index !== index) facts.add('INDEX_MISMATCH', index, { header: header.index });
  if (header.chainId !== trust.chainId) {
    facts.add('CHAIN_ID_MISMATCH', index, { header: header.chainId, trusted: trust.chainId });
  }
  const expected = index === 0 ? ZERO_HASH : previous?.hashHex;
  if (expected !== undefined && header.previousHash !== expected) {
    facts.add('LINK_BROKEN', index, { previousHash: header.previousHash, expected });
  }
  // Both are RFC 3339 in UTC with milliseconds, so the order of the texts is the order in time.
  if (previous?.header && header.timestamp < previous.header.timestamp) {
    facts.add('TIMESTAMP_REGRESSION', index, {
      timestamp: header.timestamp,
      previous: previous.header.timestamp,
    });
  }
  if (!trust.producers.includes(header.producer)) {
    facts.add('SIGNER_UNTRUSTED', index, { producer: header.producer });
  }
}

/**
 * Which signatures are verified, and that they hold. The blocks above the anchor always; with `signatures` all; with
 * `signatures-sampled` the sample and the last block of every run of one producer, which by the links covers its run.
 * The predecessor's signatures cannot be verified: it stores a node id where the key should be.
 */
export class SignatureCheck {
  verified = 0;

  readonly #plan: Plan;
  readonly #facts: FactCollector;
  readonly #sample: ReadonlySet<number>;
  readonly #all: boolean;
  readonly #runs: boolean;
  #pending: Block | undefined;

  constructor(plan: Plan, sample: ReadonlySet<number>, facts: FactCollector) {
    const legacy = plan.evidence.trust.format === FORMAT_LEGACY;
    this.#plan = plan;
    this.#facts = facts;
    this.#sample = sample;
    this.#all = !legacy && plan.checks.includes('signatures');
    this.#runs = !legacy && plan.checks.includes('signatures-sampled');
  }

  /** Takes the blocks in order; undefined stands for one that is missing. */
  next(block: Block | undefined): void {
    if (this.#runs) this.#endRun(block);
    if (!block?.header) return;
    const { index } = block;
    if (this.#all || index >= this.#plan.signaturesFrom || (this.#runs && this.#sample.has(index)))
      this.#verify(block);
    else if (this.#runs) this.#pending = block;
  }

  /** Ends the run that reaches the end of a shard; `after` is the block behind it, undefined at the end of the scope. */
  end(after: Block | undefined): void {
    this.#endRun(after);
  }

  #endRun(next: Block | undefined): void {
    const last = this.#pending;
    this.#pending = undefined;
    if (last?.header && last.header.producer !== next?.header?.producer) this.#verify(last);
  }

  #verify(block: Block): void {
    this.verified++;
    if (block.header && !verifyHeader(block.header)) {
      this.#facts.add('SIGNATURE_INVALID', block.index, { producer: block.header.producer });
    }
  }
}
