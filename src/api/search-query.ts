import { iriTerm, isAbsoluteIri, literalTerm } from '../rdf/index.js';

/** What somebody searches blocks for, as it was typed. */
export type SearchQuery =
  | { readonly kind: 'height'; readonly index: number }
  | { readonly kind: 'hash'; readonly hash: string }
  /** Bytes of a line of N-Quads, as its terms are written there. */
  | { readonly kind: 'iri' | 'text'; readonly needle: string };

const HEIGHT = /^\d{1,15}$/;
const HASH = /^[0-9a-f]{64}$/i;
const QUOTED = /^"(.+)"$/s;
const BRACKETED = /^<(.+)>$/;

/**
 * A number is a height, 64 hexadecimal digits are a hash, an absolute IRI (with or without its brackets) is that term and
 * no longer one, and everything else, or what stands in double quotes, is a part of a term. Canonical N-Quads has one
 * spelling for each character, so that bytes can be compared. The text is the client's: any at all.
 */
export function parseSearchQuery(text: string): SearchQuery {
  const trimmed = text.trim();
  if (HEIGHT.test(trimmed)) return { kind: 'height', index: Number(trimmed) };
  if (HASH.test(trimmed)) return { kind: 'hash', hash: trimmed.toLowerCase() };
  const iri = BRACKETED.exec(trimmed)?.[1] ?? trimmed;
  if (isAbsoluteIri(iri)) return { kind: 'iri', needle: iriTerm(iri) };
  const wanted = QUOTED.exec(trimmed)?.[1] ?? trimmed;
  return { kind: 'text', needle: literalTerm(wanted, {}).slice(1, -1) };
}
