/** Hash Related Blank Node (RDFC-1.0 section 4.7), and the grouping of related blank nodes by it (4.8.3 step 3). */

import { ByteInterner } from './byte-interner.js';
import { type HashAlgorithm, hexDigest } from './digest.js';
import type { IdentifierIssuer } from './identifier-issuer.js';
import { NO_NODE, type QuadTable } from './quad-table.js';
import type { QuadsOfNodes } from './quads-of-nodes.js';
import type { WorkLimit } from './work-limit.js';

const POSITIONS = ['s', 'o', 'g'] as const;
type Position = 0 | 1 | 2;
const SUBJECT = 0;
const OBJECT = 1;
const GRAPH = 2;

/** Hashes kept for one document; beyond that they are computed again. */
const MEMO_ENTRIES = 1 << 16;
/** Few groups are searched one by one, more through a map. */
const SEARCHED_GROUPS = 8;

export interface RelatedGroup {
  readonly hash: string;
  /** May name a node twice, when it is related in the same way by two quads. */
  readonly nodes: number[];
}

export class RelatedHasher {
  readonly #algorithm: HashAlgorithm;
  readonly #table: QuadTable;
  readonly #quads: QuadsOfNodes;
  readonly #firstDegree: readonly string[];
  /** Numbers of distinct first-degree hashes by node. */
  readonly #hashClass: Int32Array;
  readonly #canonical: IdentifierIssuer;
  readonly #limit: WorkLimit;
  readonly #predicates = new ByteInterner();
  /** Number of its predicate by row, -1 while unknown. */
  readonly #predicate: Int32Array;
  readonly #hashes = new Map<number, string>();

  constructor(
    algorithm: HashAlgorithm,
    table: QuadTable,
    quads: QuadsOfNodes,
    firstDegree: readonly string[],
    hashClass: Int32Array,
    canonical: IdentifierIssuer,
    limit: WorkLimit,
  ) {
    this.#algorithm = algorithm;
    this.#table = table;
    this.#quads = quads;
    this.#firstDegree = firstDegree;
    this.#hashClass = hashClass;
    this.#canonical = canonical;
    this.#limit = limit;
    this.#predicate = new Int32Array(table.count).fill(-1);
  }

  /** The blank nodes beside `node` by their related hash, in the order of the hashes. */
  groupsOf(node: number, issuer: IdentifierIssuer): RelatedGroup[] {
    const { first, rows } = this.#quads;
    const { subjectNode, objectNode, graphNode } = this.#table;
    const groups: RelatedGroup[] = [];
    let byHash: Map<string, RelatedGroup> | undefined;
    const end = first[node + 1]!;
    this.#limit.step(end - first[node]!);
    for (let i = first[node]!; i < end; i++) {
      const row = rows[i]!;
      for (let position: Position = SUBJECT; position <= GRAPH; position++) {
        const column = position === SUBJECT ? subjectNode : position === OBJECT ? objectNode : graphNode;
        const related = column[row]!;
        if (related === NO_NODE || related === node) continue;
        const hash = this.#hashRelated(row, position as Position, related, issuer);
        if (byHash === undefined && groups.length > SEARCHED_GROUPS) {
          byHash = new Map(groups.map((group) => [group.hash, group]));
        }
        let group = byHash === undefined ? groups.find((g) => g.hash === hash) : byHash.get(hash);
        if (group === undefined) {
          group = { hash, nodes: [] };
          groups.push(group);
          byHash?.set(hash, group);
        }
        group.nodes.push(related);
      }
    }
    return groups.length > 1 ? groups.sort(byHashOrder) : groups;
  }

  #hashRelated(row: number, position: Position, related: number, issuer: IdentifierIssuer): string {
    const predicate = position === GRAPH ? 0 : 1 + this.#predicateOf(row);
    const canonical = this.#canonical.number[related]!;
    const temporary = issuer.number[related]!;
    // Everything the input of the hash is made of, as one number.
    let key = 3 * this.#hashClass[related]! + 2;
    if (canonical >= 0) key = 3 * canonical;
    else if (temporary >= 0) key = 3 * temporary + 1;
    key += 3 * this.#table.nodes.count * (3 * predicate + position);
    const known = this.#hashes.get(key);
    if (known !== undefined) return known;

    // Steps 1 to 4.
    let input: string = POSITIONS[position];
    if (position !== GRAPH) input += this.#predicateText(row);
    if (canonical >= 0) input += `_:c14n${canonical}`;
    else if (temporary >= 0) input += `_:b${temporary}`;
    else input += this.#firstDegree[related]!;
    const hash = hexDigest(this.#algorithm, input);
    if (this.#hashes.size < MEMO_ENTRIES) this.#hashes.set(key, hash);
    return hash;
  }

  #predicateOf(row: number): number {
    const known = this.#predicate[row]!;
    if (known >= 0) return known;
    const { text, subjectEnd, predicateEnd } = this.#table;
    const predicate = this.#predicates.intern(text, subjectEnd[row]! + 1, predicateEnd[row]!);
    this.#predicate[row] = predicate;
    return predicate;
  }

  #predicateText(row: number): string {
    const { text, subjectEnd, predicateEnd } = this.#table;
    return Buffer.from(
      text.bytes.buffer,
      subjectEnd[row]! + 1,
      predicateEnd[row]! - subjectEnd[row]! - 1,
    ).toString();
  }
}

function byHashOrder(a: RelatedGroup, b: RelatedGroup): number {
  return a.hash < b.hash ? -1 : 1;
}
