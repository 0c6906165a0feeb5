/** Quads with their blank nodes renamed. */

import { copyBytes } from './byte-arena.js';
import { NO_NODE, type QuadTable, TERMINATOR_BYTES } from './quad-table.js';

/** What to call the blank nodes: node n is `[start[n], end[n])` of `view`, with `_:`. */
export interface NodeNames {
  readonly view: DataView;
  readonly start: Int32Array;
  readonly end: Int32Array;
}

/**
 * Writes the row with other names for its blank nodes to `to` at `offset`; returns the offset after its line feed. The
 * caller has reserved room for the row and three names.
 */
export function writeRow(
  table: QuadTable,
  row: number,
  { view: names, start, end }: NodeNames,
  to: DataView,
  offset: number,
): number {
  const { view } = table.text;
  const subject = table.subjectNode[row]!;
  const object = table.objectNode[row]!;
  const graph = table.graphNode[row]!;
  const rowEnd = table.end[row]!;
  let from = table.start[row]!;
  let at = offset;
  if (subject !== NO_NODE) {
    at = copyBytes(names, start[subject]!, end[subject]!, to, at);
    from = table.subjectEnd[row]!;
  }
  if (object !== NO_NODE) {
    at = copyBytes(view, from, table.predicateEnd[row]! + 1, to, at);
    at = copyBytes(names, start[object]!, end[object]!, to, at);
    from = table.objectEnd[row]!;
  }
  if (graph !== NO_NODE) {
    at = copyBytes(view, from, table.objectEnd[row]! + 1, to, at);
    at = copyBytes(names, start[graph]!, end[graph]!, to, at);
    from = rowEnd - TERMINATOR_BYTES;
  }
  return copyBytes(view, from, rowEnd, to, at);
}
