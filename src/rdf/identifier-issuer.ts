/**
 * Issue Identifier (RDFC-1.0 section 4.5): gives blank nodes the numbers 0, 1, … in the order they are asked for.
 *
 * The specification copies the issuer for every permutation it tries. Since identifiers are only ever appended, one
 * issuer that can go back to an earlier count does the same without copies, which on a chain of blank nodes would be
 * quadratic in memory.
 */

export class IdentifierIssuer {
  /** The number of each node, -1 when none has been issued. */
  number = new Int32Array(0);
  /** The nodes in the order of their numbers. */
  order = new Int32Array(0);
  count = 0;

  /** Forgets everything and makes room for `nodes` nodes. */
  reset(nodes: number): void {
    if (nodes > this.number.length || this.number.length > 1 << 16) {
      const size = Math.max(64, 2 * nodes);
      this.number = new Int32Array(size);
      this.order = new Int32Array(size);
    }
    this.number.fill(-1, 0, nodes);
    this.count = 0;
  }

  has(node: number): boolean {
    return this.number[node]! >= 0;
  }

  issue(node: number): number {
    const known = this.number[node]!;
    if (known >= 0) return known;
    this.number[node] = this.count;
    this.order[this.count] = node;
    return this.count++;
  }

  /** Takes back all identifiers from number `count` on. */
  rollBack(count: number): void {
    while (this.count > count) this.number[this.order[--this.count]!] = -1;
  }

  /** The nodes issued from number `from` on, in order. */
  issuedSince(from: number): Int32Array {
    return this.order.slice(from, this.count);
  }
}
