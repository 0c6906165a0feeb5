import { ProvChainError } from '../errors.js';
import { type Canonical, canonicalize, parseNQuads, type QuadText } from '../rdf/index.js';
import type { FindingCode } from './finding.js';

/** Why bytes out of the store, which an attacker controls, could not be read as RDF; as the finding it makes. */
export interface Refusal {
  readonly refused: FindingCode;
  readonly reason: string;
}

const CODES: Readonly<Record<string, FindingCode>> = {
  RDF_ENCODING: 'PAYLOAD_ENCODING',
  RDF_SYNTAX: 'PAYLOAD_SYNTAX',
  CANONICAL_LIMIT: 'CANONICAL_LIMIT',
  // More than fits in memory.
  BLOCK_TOO_LARGE: 'CANONICAL_LIMIT',
};

export function canonicalizeStored(payload: Uint8Array, workLimit: number): Canonical | Refusal {
  return orRefusal(() => canonicalize(payload, { maxHashNDegreeCalls: workLimit }));
}

export function parseStored(payload: Uint8Array): readonly QuadText[] | Refusal {
  return orRefusal(() => parseNQuads(payload));
}

function orRefusal<T>(read: () => T): T | Refusal {
  try {
    return read();
  } catch (error) {
    const refused = error instanceof ProvChainError ? CODES[error.code] : undefined;
    if (refused === undefined) throw error;
    return { refused, reason: (error as ProvChainError).message };
  }
}
