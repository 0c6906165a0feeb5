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
  if (block.hashHex !== block.storedHashHex) {
    facts.add('HEADER_HASH_MISMATCH', index, { stored: block.storedHashHex, recomputed: block.hashHex });
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
 * Which signatures are verified, and that they hold: with `signatures` all; with `signatures-sampled` the sample and the
 * last block of every run of one producer, which by the links covers its run; and at every level those of the blocks
 * above the anchor. The predecessor's signatures cannot be verified: it stores a node id where the key should be.
 */
export class SignatureCheck {
  /** Signatures that the level asks for. */
  verified = 0;
  /** Signatures beyond those, of blocks above the anchor: how many depends on the moment the anchor was read. */
  verifiedAboveAnchor = 0;

  readonly #plan: Plan;
  readonly #facts: FactCollector;
  readonly #sample: ReadonlySet<number>;
  readonly #all: boolean;
  readonly #known: boolean;
  readonly #runs: boolean;
  /** The last block so far of a run whose end is not known yet, if its signature is only asked for as a last one. */
  #last: Block | undefined;

  /** @param known an earlier job has verified the signatures of these very headers: they are only counted */
  constructor(plan: Plan, sample: ReadonlySet<number>, facts: FactCollector, known = false) {
    const legacy = plan.evidence.trust.format === FORMAT_LEGACY;
    this.#plan = plan;
    this.#facts = facts;
    this.#sample = sample;
    this.#all = !legacy && plan.checks.includes('signatures');
    this.#known = known && this.#all;
    this.#runs = !legacy && plan.checks.includes('signatures-sampled');
  }

  /** Takes the blocks in order; undefined stands for one that is missing. */
  next(block: Block | undefined): void {
    this.#endRun(block);
    if (!block?.header) return;
    const asked = this.#all || (this.#runs && this.#sample.has(block.index));
    if (asked) {
      this.verified++;
      if (!this.#known) this.#verify(block);
    } else if (this.#runs) this.#last = block;
    else if (this.#isAboveAnchor(block)) this.#verifyAboveAnchor(block);
  }

  /** Ends the run that reaches the end of a shard; `after` is the block behind it, undefined at the end of the scope. */
  end(after: Block | undefined): void {
    this.#endRun(after);
  }

  #endRun(next: Block | undefined): void {
    const last = this.#last;
    this.#last = undefined;
    if (!last) return;
    if (last.header?.producer !== next?.header?.producer) {
      this.verified++;
      this.#verify(last);
    } else if (this.#isAboveAnchor(last)) this.#verifyAboveAnchor(last);
  }

  #isAboveAnchor({ index }: Block): boolean {
    return index >= this.#plan.signaturesFrom;
  }

  #verifyAboveAnchor(block: Block): void {
    this.verifiedAboveAnchor++;
    this.#verify(block);
  }

  #verify({ index, header }: Block): void {
    if (header && !verifyHeader(header))
      this.#facts.add('SIGNATURE_INVALID', index, { producer: header.producer });
  }
}
