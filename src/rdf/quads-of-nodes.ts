/** The blank node to quads map of RDFC-1.0 section 4.2: for every blank node the rows it occurs in, each row once. */

import { NO_NODE, type QuadTable } from './quad-table.js';

export class QuadsOfNodes {
  /** The rows of node n are `rows[first[n] .. first[n + 1])`. */
  first = new Int32Array(64);
  rows = new Int32Array(256);

  /** RDFC-1.0 4.4.3 step 2, for the distinct rows `order[0..count)` in that order. */
  build(table: QuadTable, order: Int32Array, count: number): void {
    const { subjectNode, objectNode, graphNode } = table;
    const nodes = table.nodes.count;
    if (this.first.length < nodes + 2 || this.first.length > 1 << 16)
      this.first = new Int32Array(2 * nodes + 64);
    else this.first.fill(0, 0, nodes + 2);
    const first = this.first;
    // Counts go two places up, so that after filling `first[n]` is where the rows of n begin.
    for (let i = 0; i < count; i++) {
      const row = order[i]!;
      const subject = subjectNode[row]!;
      const object = objectNode[row]!;
      const graph = graphNode[row]!;
      if (subject !== NO_NODE) first[subject + 2]!++;
      if (object !== NO_NODE && object !== subject) first[object + 2]!++;
      if (graph !== NO_NODE && graph !== subject && graph !== object) first[graph + 2]!++;
    }
    for (let node = 2; node < nodes + 2; node++) first[node]! += first[node - 1]!;
    const total = first[nodes + 1]!;
    if (this.rows.length < total || this.rows.length > 1 << 18) this.rows = new Int32Array(2 * total + 256);
    const rows = this.rows;
    for (let i = 0; i < count; i++) {
      const row = order[i]!;
      const subject = subjectNode[row]!;
      const object = objectNode[row]!;
      const graph = graphNode[row]!;
      if (subject !== NO_NODE) rows[first[subject + 1]!++] = row;
      if (object !== NO_NODE && object !== subject) rows[first[object + 1]!++] = row;
      if (graph !== NO_NODE && graph !== subject && graph !== object) rows[first[graph + 1]!++] = row;
    }
  }
}
