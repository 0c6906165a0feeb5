/**
 * Hash N-Degree Quads (RDFC-1.0 section 4.8), for blank nodes that are alike at first degree.
 *
 * The specification's recursion is a loop over a stack of frames here, since a chain of blank nodes recurses as deep
 * as it is long and an attacker may send one of any length.
 */

import { type HashAlgorithm, hexDigest } from './digest.js';
import { IdentifierIssuer } from './identifier-issuer.js';
import { nextPermutation } from './permutations.js';
import type { RelatedGroup, RelatedHasher } from './related-hasher.js';
import type { WorkLimit } from './work-limit.js';

/** What one run of the algorithm gives: the hash, and the nodes in the order the path identifier issuer met them. */
export interface NDegreeResult {
  readonly hash: string;
  readonly issued: Int32Array;
}

/** Longer data is not looked up among what was hashed: it hardly recurs, and the memory is better bounded. */
const MEMO_DATA_CHARS = 2048;
const MEMO_ENTRIES = 4096;

/** One activation of the algorithm. */
class Frame {
  readonly node: number;
  /** Step 3: related hashes in ascending order, with the blank nodes of each. */
  readonly groups: readonly RelatedGroup[];
  /** The group at work (step 5). */
  group = -1;
  /** Step 4: data to hash. */
  data = '';
  /** Identifiers issued before the group; every arrangement starts from there (step 5.4.1). */
  mark = 0;
  chosenPath = '';
  /** Identifiers the chosen arrangement issued after `mark`; undefined while none is chosen. */
  chosen: Int32Array | undefined;
  path = '';
  /** The path is below the chosen path already, whatever follows. Until then it is a prefix of it. */
  below = false;
  /** Step 5.4.3 and the place in it. */
  recursion: number[] = [];
  next = 0;

  constructor(node: number, groups: readonly RelatedGroup[]) {
    this.node = node;
    this.groups = groups;
  }
}

export class NDegreeHasher {
  readonly #algorithm: HashAlgorithm;
  readonly #canonical: IdentifierIssuer;
  readonly #related: RelatedHasher;
  readonly #limit: WorkLimit;
  /** The path identifier issuer, with prefix b. */
  readonly #issuer = new IdentifierIssuer();
  readonly #digests = new Map<string, string>();

  constructor(
    algorithm: HashAlgorithm,
    nodes: number,
    canonical: IdentifierIssuer,
    related: RelatedHasher,
    limit: WorkLimit,
  ) {
    this.#algorithm = algorithm;
    this.#canonical = canonical;
    this.#related = related;
    this.#limit = limit;
    this.#issuer.reset(nodes);
  }

  /** RDFC-1.0 4.4.3 steps 5.2.2 to 5.2.4 for one blank node. Throws CANONICAL_LIMIT. */
  run(node: number): NDegreeResult {
    const issuer = this.#issuer;
    issuer.rollBack(0);
    issuer.issue(node);
    const stack = [this.#enter(node)];
    let hash: string | undefined;
    for (;;) {
      const frame = stack[stack.length - 1]!;
      const child = this.#advance(frame, hash);
      hash = undefined;
      if (child >= 0) {
        stack.push(this.#enter(child));
        continue;
      }
      hash = this.#digest(frame.data);
      stack.pop();
      if (stack.length === 0) return { hash, issued: issuer.issuedSince(0) };
    }
  }

  /** Steps 1 to 3. */
  #enter(node: number): Frame {
    this.#limit.call();
    return new Frame(node, this.#related.groupsOf(node, this.#issuer));
  }

  /**
   * Runs a frame until it needs the hash of a blank node, which is returned, or is finished: -1. `hash` is what it was
   * waiting for, undefined at the first call.
   */
  #advance(frame: Frame, hash: string | undefined): number {
    let alive = hash === undefined || this.#takeResult(frame, hash);
    if (frame.group < 0 && !this.#nextGroup(frame)) return -1;
    for (;;) {
      if (alive && frame.next < frame.recursion.length) return frame.recursion[frame.next]!;
      if (alive) this.#choose(frame);
      const { nodes } = frame.groups[frame.group]!;
      if (nodes.length === 1 || !nextPermutation(nodes)) {
        this.#closeGroup(frame);
        if (!this.#nextGroup(frame)) return -1;
        alive = true;
      } else {
        alive = this.#startPermutation(frame);
      }
    }
  }

  /** Steps 5.1 to 5.3, and the first permutation. False when there are no more groups. */
  #nextGroup(frame: Frame): boolean {
    frame.group++;
    if (frame.group === frame.groups.length) return false;
    const { hash, nodes } = frame.groups[frame.group]!;
    frame.data += hash;
    frame.chosenPath = '';
    frame.chosen = undefined;
    frame.mark = this.#issuer.count;
    if (nodes.length > 1) nodes.sort((a, b) => a - b);
    this.#startPermutation(frame);
    return true;
  }

  /** Steps 5.4.1 to 5.4.4. False when the permutation cannot be the chosen one (5.4.4.3). */
  #startPermutation(frame: Frame): boolean {
    const issuer = this.#issuer;
    const { nodes } = frame.groups[frame.group]!;
    issuer.rollBack(frame.mark);
    frame.path = '';
    frame.below = false;
    frame.recursion.length = 0;
    frame.next = 0;
    for (let i = 0; i < nodes.length; i++) {
      this.#limit.step(1);
      const related = nodes[i]!;
      let identifier: string;
      if (this.#canonical.has(related)) {
        identifier = `_:c14n${this.#canonical.number[related]}`;
      } else {
        if (!issuer.has(related)) frame.recursion.push(related);
        identifier = `_:b${issuer.issue(related)}`;
      }
      if (!append(frame, identifier)) return false;
    }
    return true;
  }

  /** Steps 5.4.5.2 to 5.4.5.5. */
  #takeResult(frame: Frame, hash: string): boolean {
    const related = frame.recursion[frame.next++]!;
    return append(frame, `_:b${this.#issuer.number[related]}<${hash}>`);
  }

  /** Step 5.4.6. */
  #choose(frame: Frame): void {
    if (frame.chosen !== undefined && !frame.below && frame.path.length === frame.chosenPath.length) return;
    frame.chosenPath = frame.path;
    // With a single arrangement the issuer already is where the chosen one left it.
    frame.chosen =
      frame.groups[frame.group]!.nodes.length > 1 ? this.#issuer.issuedSince(frame.mark) : NOTHING;
  }

  /** Steps 5.5 and 5.6. */
  #closeGroup(frame: Frame): void {
    const issuer = this.#issuer;
    frame.data += frame.chosenPath;
    if (frame.groups[frame.group]!.nodes.length === 1) return;
    issuer.rollBack(frame.mark);
    for (const node of frame.chosen!) issuer.issue(node);
  }

  /** Step 6. Blank nodes that are alike hash the same data again and again. */
  #digest(data: string): string {
    if (data.length > MEMO_DATA_CHARS) return hexDigest(this.#algorithm, data);
    const known = this.#digests.get(data);
    if (known !== undefined) return known;
    const digest = hexDigest(this.#algorithm, data);
    if (this.#digests.size < MEMO_ENTRIES) this.#digests.set(data, digest);
    return digest;
  }
}

const NOTHING = new Int32Array(0);

/** Appends to the path; false when it thereby comes after the chosen path, and all its continuations with it. */
function append(frame: Frame, text: string): boolean {
  if (frame.chosen !== undefined && !frame.below) {
    const rival = frame.chosenPath.slice(frame.path.length, frame.path.length + text.length);
    if (text > rival) return false;
    frame.below = text < rival;
  }
  frame.path += text;
  return true;
}
