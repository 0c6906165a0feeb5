/**
 * Reads an N-Quads document into a {@link QuadTable}.
 *
 * The loop here accepts nothing but canonically spelled lines, which is what a ledger stores, and so needs no state
 * besides the current offset. At the first line that is spelled otherwise it hands over to `readStatement`, which
 * knows the whole grammar, spells the line canonically and makes all errors. So a mistake here can cost time but not
 * accept a wrong document, as long as every line accepted here is canonical.
 */

import { sameBytes, sharedPrefix } from './byte-arena.js';
import { iriEnd, labelEnd, literalEnd } from './canonical-terms.js';
import { BYTE } from './characters.js';
import { NO_NODE as NONE, type QuadTable } from './quad-table.js';
import { readStatement } from './statement-reader.js';

// Constants of this module are compiled into its loop, imported ones are loaded each time they are used.
const { dot: DOT, less: LESS, lineFeed: LINE_FEED, quote: QUOTE, space: SPACE } = BYTE;
const NO_NODE = NONE;

/**
 * Fills `table` with the statements of `input` (N-Quads 1.1, UTF-8). Throws RDF_SYNTAX or RDF_ENCODING with the place
 * of the first error. An attacker controls `input`.
 */
export function scanNQuads(table: QuadTable, input: Uint8Array): void {
  table.reset();
  table.text.load(input);
  let position = 0;
  while (position < input.length) {
    position = scanCanonicalLines(table, position, input.length);
    if (position < input.length) {
      table.verbatim = false;
      table.ascending = false;
      position = readStatement(table, position, input.length);
    }
  }
}

/**
 * Adds rows while lines are spelled canonically. Returns the start of the first line that is not, or `end`.
 *
 * This is the loop every stored byte passes, hence its length. Sorted lines share their beginning with the line
 * before: comparing the two (which the order check needs anyway, at four bytes a step) tells which terms are the same
 * and need no second look. Most lines also share the graph name of the line before.
 */
function scanCanonicalLines(table: QuadTable, from: number, end: number): number {
  const { text, nodes, graphs } = table;
  const { bytes, view } = text;
  let { start, subjectEnd, predicateEnd, objectEnd, end: lineEnd } = table;
  let { subjectNode: subjectNodes, objectNode: objectNodes, graphNode: graphNodes } = table;
  let row = table.count;
  let line = from;
  let previous = -1;
  // Ends of the previous line's terms, relative to the line; -1 when there is no previous line.
  let subject = -1;
  let predicate = -1;
  let object = -1;
  let subjectNode = NO_NODE;
  let objectNode = NO_NODE;
  let graphNode = NO_NODE;
  // The last graph name with its terminator.
  let graph = 0;
  let graphBytes = 0;

  while (line < end) {
    let shared = 0;
    if (previous >= 0) {
      shared = sharedPrefix(view, previous, line, 0, line - previous);
      if (bytes[line + shared]! <= bytes[previous + shared]! || shared === line - previous)
        table.ascending = false;
    }

    if (shared <= subject || subject < 0) {
      let p: number;
      if (bytes[line] === LESS) {
        p = iriEnd(bytes, view, line);
        subjectNode = NO_NODE;
      } else {
        p = labelEnd(bytes, line);
        if (p > 0) subjectNode = nodes.nodeOf(text, line + 2, p);
      }
      if (p < 0 || bytes[p] !== SPACE) break;
      subject = p - line;
    }

    if (shared <= predicate || predicate < 0) {
      const p = iriEnd(bytes, view, line + subject + 1);
      if (p < 0 || bytes[p] !== SPACE) break;
      predicate = p - line;
    }

    if (shared <= object || object < 0) {
      let p = line + predicate + 1;
      const first = bytes[p]!;
      if (first === LESS) {
        p = iriEnd(bytes, view, p);
        objectNode = NO_NODE;
      } else if (first === QUOTE) {
        p = literalEnd(bytes, view, p);
        objectNode = NO_NODE;
      } else {
        const label = p + 2;
        p = labelEnd(bytes, p);
        if (p > 0) objectNode = nodes.nodeOf(text, label, p);
      }
      if (p < 0 || bytes[p] !== SPACE) break;
      object = p - line;
    }

    const name = line + object + 1;
    let next: number;
    let thisGraphNode = NO_NODE;
    if (bytes[name] === DOT) {
      if (bytes[name + 1] !== LINE_FEED) break;
      next = name + 2;
      table.hasDefaultGraph = true;
    } else if (graphBytes > 0 && sameBytes(view, graph, view, name, graphBytes)) {
      next = name + graphBytes;
      thisGraphNode = graphNode;
    } else {
      let p: number;
      if (bytes[name] === LESS) {
        p = iriEnd(bytes, view, name);
        graphNode = NO_NODE;
      } else {
        p = labelEnd(bytes, name);
        if (p > 0) graphNode = nodes.nodeOf(text, name + 2, p);
      }
      if (p < 0 || bytes[p] !== SPACE) break;
      if (bytes[p + 1] !== DOT || bytes[p + 2] !== LINE_FEED) break;
      graphs.intern(text, name, p);
      next = p + 3;
      graph = name;
      graphBytes = next - name;
      thisGraphNode = graphNode;
    }

    if (row === start.length) {
      table.grow();
      ({ start, subjectEnd, predicateEnd, objectEnd, end: lineEnd } = table);
      ({ subjectNode: subjectNodes, objectNode: objectNodes, graphNode: graphNodes } = table);
    }
    start[row] = line;
    subjectEnd[row] = line + subject;
    predicateEnd[row] = line + predicate;
    objectEnd[row] = line + object;
    lineEnd[row] = next;
    subjectNodes[row] = subjectNode;
    objectNodes[row] = objectNode;
    graphNodes[row] = thisGraphNode;
    row++;
    previous = line;
    line = next;
  }
  table.count = row;
  return line;
}
