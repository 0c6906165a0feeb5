import type { Json } from './ingest-json.js';

type JsonObject = { [key: string]: Json };

/**
 * Code units that all IRIs of a document may have together after expansion. Measured with jsonld 9.0.0: a document
 * of 123 kB with one long @vocab took 16 s for 200 million, one of 370 kB outgrew a heap of 1.5 GB.
 */
const MAX_EXPANDED_LENGTH = 64 * 1024 * 1024;
/**
 * Term definitions that all contexts may hold together, each with what it inherits: the processor copies all of
 * them for every context. Measured: 4,000 contexts of one term each, 74 kB, took 830 MB.
 */
const MAX_DEFINITIONS = 2_000_000;
/** How many terms may build on each other before their lengths are estimated instead. */
const MAX_CHAIN = 64;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * An upper bound for what expansion makes of a document, so that a small document whose contexts multiply is
 * refused before the processor is let at it. An attacker controls the contexts.
 */
class ContextWeight {
  /** Strings outside of contexts, keys among them: each can become an IRI. */
  strings = 0;
  definitions = 0;
  private readonly seen = new Set<string>();
  private readonly idsOfTerm = new Map<string, Set<string>>();
  private readonly lengthOfTerm = new Map<string, number>();
  private allIds = 0;
  private tangled = false;
  private longestBase = 0;
  private relativeBases = 0;

  constructor(private readonly refuse: (message: string) => never) {}

  /** @param inherited term definitions in force around the value */
  visit(value: Json, inherited: number): void {
    if (typeof value === 'string') this.strings++;
    else if (Array.isArray(value)) for (const each of value) this.visit(each, inherited);
    else if (isObject(value)) {
      const active = '@context' in value ? this.visitContext(value['@context'], inherited) : inherited;
      for (const [key, each] of Object.entries(value)) {
        if (key === '@context') continue;
        this.strings++;
        this.visit(each, active);
      }
    }
  }

  /** The longest IRI that a string of a few characters can expand to. */
  longestExpansion(): number {
    let longest = 0;
    for (const term of this.idsOfTerm.keys()) longest = Math.max(longest, this.lengthOf(term, 0));
    // However terms build on each other, none gets longer than all definitions one after the other.
    return (this.tangled ? this.allIds : longest) + this.longestBase + this.relativeBases;
  }

  /** Visits one context or a list of them; how many definitions are in force after it. */
  private visitContext(context: Json, inherited: number): number {
    let active = inherited;
    for (const each of Array.isArray(context) ? context : [context]) {
      if (!isObject(each)) continue;
      const terms = Object.keys(each);
      active += terms.length;
      // The processor remembers what a context came to, so an identical one costs nothing again.
      const text = `${active} ${JSON.stringify(each)}`;
      if (this.seen.has(text)) continue;
      this.seen.add(text);
      this.definitions += active;
      if (this.definitions > MAX_DEFINITIONS) this.refuse('its contexts hold too many terms together');
      for (const term of terms) this.visitTerm(term, each[term], active);
    }
    return active;
  }

  private visitTerm(term: string, definition: Json, active: number): void {
    if (term === '@vocab' || term === '@base') {
      if (typeof definition !== 'string') return;
      if (definition.includes(':')) this.longestBase = Math.max(this.longestBase, definition.length);
      else this.relativeBases += definition.length;
      return;
    }
    const parts = isObject(definition) ? definition : { '@id': definition };
    const id = parts['@id'] ?? parts['@reverse'];
    const ids = this.idsOfTerm.get(term) ?? new Set();
    const iri = typeof id === 'string' ? id : term;
    this.idsOfTerm.set(term, ids.add(iri));
    this.allIds += iri.length;
    const scoped = parts['@context'];
    if (scoped !== undefined) this.visitContext(scoped, active);
  }

  /** The length of a term's IRI when its prefix is replaced by the longest that it ever stands for. */
  private lengthOf(term: string, depth: number): number {
    const known = this.lengthOfTerm.get(term);
    if (known !== undefined) return known;
    if (depth > MAX_CHAIN) {
      this.tangled = true;
      return 0;
    }
    let longest = 0;
    for (const id of this.idsOfTerm.get(term) ?? []) {
      const prefix = this.idsOfTerm.has(id) ? id : id.slice(0, Math.max(0, id.indexOf(':')));
      const expanded = prefix === term ? 0 : this.lengthOf(prefix, depth + 1);
      longest = Math.max(longest, id.length + expanded);
    }
    this.lengthOfTerm.set(term, longest);
    return longest;
  }
}

/**
 * Refuses a JSON-LD document whose contexts would make it outgrow memory when it is expanded.
 *
 * @param refuse throws with the reason
 */
export function checkContexts(document: Json, refuse: (message: string) => never): void {
  const weight = new ContextWeight(refuse);
  weight.visit(document, 0);
  if (weight.strings * weight.longestExpansion() > MAX_EXPANDED_LENGTH) {
    refuse('the IRIs of its contexts are too long for so many names');
  }
}
