/** The canonical identifiers of all blank nodes of a table (RDFC-1.0 section 4.4.3, steps 3 to 5). */

import type { HashAlgorithm } from './digest.js';
import { FirstDegreeHasher } from './first-degree.js';
import { NDegreeHasher, type NDegreeResult } from './hash-n-degree.js';
import type { IdentifierIssuer } from './identifier-issuer.js';
import type { QuadTable } from './quad-table.js';
import { QuadsOfNodes } from './quads-of-nodes.js';
import { RelatedHasher } from './related-hasher.js';
import { DEFAULT_MAX_CALLS, WorkLimit } from './work-limit.js';

/** Up to here insertion beats the engine's sort. */
const INSERTION_SORTED = 32;

// Reused by every call: canonicalization is synchronous and a thread does one at a time.
const quads = new QuadsOfNodes();
const firstDegreeHasher = new FirstDegreeHasher();

/**
 * Issues to `canonical` an identifier for every blank node of `table`, whose distinct rows are `order[0..count)`.
 * Returns the number of Hash N-Degree Quads calls it took. Throws CANONICAL_LIMIT.
 */
export function issueCanonicalLabels(
  table: QuadTable,
  order: Int32Array,
  count: number,
  canonical: IdentifierIssuer,
  algorithm: HashAlgorithm,
  maxCalls = DEFAULT_MAX_CALLS,
): number {
  const nodes = table.nodes.count;
  canonical.reset(nodes);
  if (nodes === 1) {
    // Whatever its hash, it comes first.
    canonical.issue(0);
    return 0;
  }
  quads.build(table, order, count);
  const hashes: string[] = [];
  firstDegreeHasher.hashAll(table, quads, algorithm, hashes);
  const sorted = sortByHash(hashes);

  // Step 4: unique hashes first, in code point order of the hashes; the others wait.
  const alike: number[][] = [];
  for (let i = 0, next = 0; i < nodes; i = next) {
    const hash = hashes[sorted[i]!]!;
    next = i + 1;
    while (next < nodes && hashes[sorted[next]!] === hash) next++;
    if (next === i + 1) canonical.issue(sorted[i]!);
    else alike.push(sorted.slice(i, next));
  }
  if (alike.length === 0) return 0;

  const limit = new WorkLimit(maxCalls);
  const related = new RelatedHasher(
    algorithm,
    table,
    quads,
    hashes,
    hashClasses(alike, nodes),
    canonical,
    limit,
  );
  const hasher = new NDegreeHasher(algorithm, nodes, canonical, related, limit);
  for (const identifiers of alike) issueAlike(identifiers, canonical, hasher);
  return limit.calls;
}

/** Step 5 for the blank nodes of one hash. */
function issueAlike(
  identifiers: readonly number[],
  canonical: IdentifierIssuer,
  hasher: NDegreeHasher,
): void {
  const results: NDegreeResult[] = [];
  for (const node of identifiers) if (!canonical.has(node)) results.push(hasher.run(node));
  results.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  for (const { issued } of results) for (const node of issued) canonical.issue(node);
}

/** The node numbers in the order of their hashes. */
function sortByHash(hashes: readonly string[]): number[] {
  const sorted = hashes.map((_, node) => node);
  if (sorted.length > INSERTION_SORTED) {
    return sorted.sort((a, b) => (hashes[a]! < hashes[b]! ? -1 : hashes[a]! > hashes[b]! ? 1 : 0));
  }
  for (let i = 1; i < sorted.length; i++) {
    const node = sorted[i]!;
    const hash = hashes[node]!;
    let j = i;
    for (; j > 0 && hashes[sorted[j - 1]!]! > hash; j--) sorted[j] = sorted[j - 1]!;
    sorted[j] = node;
  }
  return sorted;
}

/** Numbers for the hashes of blank nodes that are alike; the others have canonical identifiers and need none. */
function hashClasses(alike: readonly number[][], nodes: number): Int32Array {
  const classes = new Int32Array(nodes);
  alike.forEach((identifiers, number) => {
    for (const node of identifiers) classes[node] = number;
  });
  return classes;
}
