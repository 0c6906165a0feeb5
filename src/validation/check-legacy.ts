import { isAmbiguous, type LegacyHeader, legacyHashes, matchLegacyHash } from '../chain/index.js';
import type { Block } from './block.js';
import type { FactCollector } from './finding.js';
import { parseStored } from './stored-payload.js';

/**
 * Every hash that a block of the predecessor (`provchain-org/0`) may be linked by: the stored one, and those that its
 * formulas give. Undefined where no one value may be picked: for an ambiguous, missing or damaged block.
 */
export type LegacyLinks = ReadonlySet<string> | undefined;

/** The check of a legacy header alone: it names its own height, and has one value for each field. */
export function checkLegacyHeader(index: number, header: LegacyHeader, facts: FactCollector): void {
  if (isAmbiguous(header)) {
    const fields = Object.entries(header.block).filter(([, values]) => values.length > 1);
    facts.add('HEADER_AMBIGUOUS', index, { fields: fields.map(([name]) => name).join(' ') });
  }
  if (header.block.index[0] !== String(index)) {
    facts.add('INDEX_MISMATCH', index, { header: header.block.index[0] ?? null });
  }
}

/**
 * The checks that need the data: which formula reproduces the stored hash, and whether the block is linked to the
 * one before. An ambiguous block's hash is not judged; of its several links one must fit.
 *
 * @param payload the payload, when its digest matched
 * @returns what the next block may name this one by
 */
export function checkLegacyBlock(
  block: Block,
  payload: Uint8Array,
  previous: LegacyLinks,
  facts: FactCollector,
): LegacyLinks {
  const { index, legacy: header } = block;
  if (!header) return undefined;
  if (index > 0 && previous && !header.block.previousHash.some((hash) => previous.has(hash))) {
    facts.add('LINK_BROKEN', index, { previousHash: header.block.previousHash.join(' ') });
  }
  if (isAmbiguous(header)) return undefined;
  const quads = parseStored(payload);
  if ('refused' in quads) {
    facts.add(quads.refused, index, { reason: quads.reason });
    return undefined;
  }
  const formula = matchLegacyHash(header, quads);
  const stored = header.block.hash[0];
  if (formula === 'none') facts.add('HEADER_HASH_MISMATCH', index, { stored, rule: 'provchain-org/0' });
  else facts.add('LEGACY_HASH', index, { formula });
  return new Set([stored, ...Object.values(legacyHashes(header, quads))]);
}
