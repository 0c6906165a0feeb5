/** Counting the quads of a stored payload without parsing it. */

import { ByteArena, sameBytes } from './byte-arena.js';
import { ByteInterner } from './byte-interner.js';
import { BYTE } from './characters.js';

// Constants of this module are compiled into its loops, imported ones are loaded each time they are used.
const { at: AT, dot: DOT, greater: GREATER, less: LESS, quote: QUOTE, space: SPACE } = BYTE;

const text = new ByteArena();
const graphs = new ByteInterner();

/**
 * Counts lines (quads) and distinct graph terms, the default graph being one more (transactions), of canonical
 * N-Quads. For a valid payload the numbers are those of `canonicalize`; for anything else they are some numbers, the
 * same ones every time: it never throws. Meant for bytes whose digest was found right, at about memory speed.
 */
export function countQuads(payload: Uint8Array): { quads: number; transactions: number } {
  text.reset();
  text.load(payload);
  graphs.reset();
  const { bytes, view } = text;
  const end = payload.length;
  let quads = 0;
  let hasDefaultGraph = false;
  // The last graph term, with its terminator.
  let graph = 0;
  let graphBytes = 0;
  let line = 0;
  while (line < end) {
    quads++;
    const object = afterSpace(view, afterSpace(view, line, end), end);
    let name: number;
    let next = -1;
    if (bytes[object] === QUOTE) {
      next = afterLineFeed(view, object, end);
      name = graphBehindLiteral(bytes, object, next);
    } else {
      name = afterSpace(view, object, end);
    }
    if (name < 0 || bytes[name] === DOT) {
      hasDefaultGraph = true;
      line = next < 0 ? name + 2 : next;
    } else if (graphBytes > 0 && name + graphBytes <= end && sameBytes(view, graph, view, name, graphBytes)) {
      line = name + graphBytes;
    } else {
      line = next < 0 ? afterLineFeed(view, name, end) : next;
      graph = name;
      graphBytes = line - name;
      graphs.intern(text, graph, line);
    }
  }
  return { quads, transactions: graphs.count + (hasDefaultGraph ? 1 : 0) };
}

/** The offset after the first space at or behind `from`, at most `end`. */
function afterSpace(view: DataView, from: number, end: number): number {
  return after(view, from, end, 0x20202020);
}

function afterLineFeed(view: DataView, from: number, end: number): number {
  return after(view, from, end, 0x0a0a0a0a);
}

/** The offset after the first byte of the kind `pattern` repeats, at most `end`; four bytes at a step. */
function after(view: DataView, from: number, end: number, pattern: number): number {
  for (let p = from; p < end; p += 4) {
    const word = view.getInt32(p, true) ^ pattern;
    // The lowest bit that is set here belongs to the first byte that is zero.
    const zeros = (word - 0x01010101) & ~word & 0x80808080;
    if (zeros !== 0) return Math.min(end, p + ((31 - Math.clz32(zeros & -zeros)) >> 3) + 1);
  }
  return end;
}

/**
 * Where the graph name of a line begins whose object is the literal at `literal`, or -1 for the default graph. What a
 * literal contains can look like anything, so this reads backwards from the line's end `next`: only a quotation mark,
 * a language tag or a datatype can end a literal, and none of them contains a space.
 */
function graphBehindLiteral(bytes: Uint8Array, literal: number, next: number): number {
  let p = next - 4;
  if (p <= literal || bytes[p] === QUOTE) return -1;
  if (bytes[p] === GREATER) {
    while (p > literal && bytes[p] !== LESS) p--;
    return bytes[p - 1] === SPACE ? p : -1;
  }
  while (p > literal && bytes[p] !== SPACE && bytes[p] !== QUOTE && bytes[p] !== AT) p--;
  return bytes[p] === SPACE ? p + 1 : -1;
}
