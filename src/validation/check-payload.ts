import { hash } from 'node:crypto';
import { type Canonical, countQuads } from '../rdf/index.js';
import { type Block, type PayloadClaim, payloadClaim } from './block.js';
import type { StoredValue } from './block-reader.js';
import type { FactCollector } from './finding.js';
import type { Checked } from './report.js';
import type { ShardContext } from './shard-context.js';
import { canonicalizeStored, type Refusal } from './stored-payload.js';

/**
 * The payload checks: present, size and SHA-256 against the header, quads and transactions recounted, and (when
 * `canonical` is 'check') parsed and canonicalized again. With 'known' an earlier job has done that to the same bytes.
 *
 * If the digest matches, the stored bytes are the ones that were canonicalized at append, so hashing covers all data
 * (DESIGN §5). Only if it does not are they canonicalized to tell harmless rewriting from tampering.
 *
 * @returns the payload when its digest matched and nothing speaks against reading it, for the checks that look further into it
 */
export function checkPayload(
  context: ShardContext,
  block: Block | undefined,
  stored: StoredValue,
  canonical: 'check' | 'known' | 'skip',
): Uint8Array | undefined {
  const { checked, facts } = context;
  const { index, value: payload } = stored;
  if (stored.unreadable) facts.add('PAYLOAD_UNREADABLE', index);
  else if (payload === null && block) facts.add('PAYLOAD_MISSING', index);
  else if (payload !== null && !block) facts.add('ORPHAN_PAYLOAD', index, { payloadBytes: payload.length });
  const claim = block && payloadClaim(block);
  if (payload === null || !claim) return undefined;

  checked.payloads++;
  checked.payloadBytes += payload.length;
  const digest = hash('sha256', payload);
  if (digest !== claim.payloadHash) {
    checkAlteredPayload(context, index, payload, digest, claim);
    return undefined;
  }
  const outcome = canonical === 'check' ? timedCanonicalize(context, payload) : undefined;
  if (outcome && 'refused' in outcome) {
    facts.add(outcome.refused, index, { reason: outcome.reason });
    if (outcome.refused !== 'CANONICAL_LIMIT') return undefined;
  } else if (outcome) {
    checked.canonicalized++;
    if (!outcome.unchanged) {
      facts.add('CANONICAL_MISMATCH', index, { canonicalHash: hash('sha256', outcome.bytes) });
    }
  } else if (canonical === 'known') checked.canonicalized++;
  // Canonicalizing has counted already.
  const counts = outcome && 'quads' in outcome ? outcome : countQuads(payload);
  if (payload.length !== claim.payloadBytes) reportSize(index, payload, claim, facts);
  checkCounts(index, counts, claim, checked, facts);
  return payload;
}

/**
 * Longest payload, beside eight times the signed length, in which harmless rewriting is still looked for: whoever can
 * write to the store could otherwise have gigabytes canonicalized.
 */
const LONGEST_REWRITING_BYTES = 64 << 20;

const TOO_LONG: Refusal = { refused: 'CANONICAL_LIMIT', reason: 'the payload is too long' };

/** The digest does not match: has the meaning changed, or only the way it is written? */
function checkAlteredPayload(
  context: ShardContext,
  index: number,
  payload: Uint8Array,
  digest: string,
  claim: PayloadClaim,
): void {
  const { checked, facts } = context;
  const tooLong = payload.length > Math.max(8 * claim.payloadBytes, LONGEST_REWRITING_BYTES);
  const outcome = tooLong ? TOO_LONG : timedCanonicalize(context, payload);
  if (!('refused' in outcome)) {
    checked.canonicalized++;
    checkCounts(index, outcome, claim, checked, facts);
    if (hash('sha256', outcome.bytes) === claim.payloadHash) {
      facts.add('PAYLOAD_NOT_CANONICAL', index, { payloadHash: digest, canonicalHash: claim.payloadHash });
      return;
    }
  } else if (outcome.refused !== 'CANONICAL_LIMIT')
    facts.add(outcome.refused, index, { reason: outcome.reason });
  facts.add('PAYLOAD_DIGEST_MISMATCH', index, { payloadHash: digest, expected: claim.payloadHash });
  if (payload.length !== claim.payloadBytes) reportSize(index, payload, claim, facts);
}

function timedCanonicalize({ plan, stopwatch }: ShardContext, payload: Uint8Array): Canonical | Refusal {
  stopwatch.enter('canonicalization');
  const outcome = canonicalizeStored(payload, plan.canonicalWorkLimit);
  stopwatch.enter('transactions');
  return outcome;
}

function reportSize(index: number, payload: Uint8Array, claim: PayloadClaim, facts: FactCollector): void {
  facts.add('PAYLOAD_SIZE_MISMATCH', index, { payloadBytes: payload.length, expected: claim.payloadBytes });
}

function checkCounts(
  index: number,
  counts: { readonly quads: number; readonly transactions: number },
  claim: PayloadClaim,
  checked: Checked,
  facts: FactCollector,
): void {
  checked.quads += counts.quads;
  checked.transactions += counts.transactions;
  if (counts.quads !== claim.quadCount) {
    facts.add('QUAD_COUNT_MISMATCH', index, { quads: counts.quads, expected: claim.quadCount });
  }
  if (claim.transactionCount !== undefined && counts.transactions !== claim.transactionCount) {
    facts.add('TRANSACTION_COUNT_MISMATCH', index, {
      transactions: counts.transactions,
      expected: claim.transactionCount,
    });
  }
}
