/**
 * The blank nodes of a document, numbered from 0 in the order their labels are first read, and for each the label it
 * had. Canonical input carries labels c14n0, c14n1, …: those are looked up by their number instead of their bytes.
 */

import type { ByteArena } from './byte-arena.js';
import { ByteInterner, doubled } from './byte-interner.js';
import { BYTE } from './characters.js';

const C14N = 0x6e343163; // "c14n", little-endian
const MAX_DIRECT = 1 << 16;
const INITIAL_NODES = 256;

export class BlankNodes {
  count = 0;
  /** Bounds of the label of each node in the text, without `_:`. */
  labelStart = new Int32Array(INITIAL_NODES);
  labelEnd = new Int32Array(INITIAL_NODES);
  /** N when the label is c14nN and N was looked up directly, otherwise -1. */
  canonicalInput = new Int32Array(INITIAL_NODES);
  /** Node + 1 by N of c14nN. */
  #direct = new Int32Array(INITIAL_NODES);
  readonly #labels = new ByteInterner();
  /** Node by number of its label in `#labels`. */
  #interned: number[] = [];

  reset(): void {
    for (let node = 0; node < this.count; node++) {
      const number = this.canonicalInput[node]!;
      if (number >= 0) this.#direct[number] = 0;
    }
    this.count = 0;
    this.#labels.reset();
    this.#interned.length = 0;
    if (this.labelStart.length > 64 * INITIAL_NODES) {
      this.labelStart = new Int32Array(INITIAL_NODES);
      this.labelEnd = new Int32Array(INITIAL_NODES);
      this.canonicalInput = new Int32Array(INITIAL_NODES);
      this.#direct = new Int32Array(INITIAL_NODES);
    }
  }

  /** The node whose label is the bytes `[start, end)` of `text`. */
  nodeOf(text: ByteArena, start: number, end: number): number {
    const number = canonicalNumber(text, start, end);
    if (number >= 0) {
      while (number >= this.#direct.length) this.#direct = doubled(this.#direct);
      const known = this.#direct[number]! - 1;
      if (known >= 0) return known;
      this.#direct[number] = this.count + 1;
      return this.#add(start, end, number);
    }
    const label = this.#labels.intern(text, start, end);
    if (label < this.#interned.length) return this.#interned[label]!;
    this.#interned.push(this.count);
    return this.#add(start, end, -1);
  }

  #add(start: number, end: number, number: number): number {
    const node = this.count++;
    if (node === this.labelStart.length) {
      this.labelStart = doubled(this.labelStart);
      this.labelEnd = doubled(this.labelEnd);
      this.canonicalInput = doubled(this.canonicalInput);
    }
    this.labelStart[node] = start;
    this.labelEnd[node] = end;
    this.canonicalInput[node] = number;
    return node;
  }
}

/** N when the label is exactly c14nN without leading zeros and N is small, otherwise -1. */
function canonicalNumber(text: ByteArena, start: number, end: number): number {
  const { bytes, view } = text;
  const digits = end - start - 4;
  if (digits < 1 || digits > 5 || view.getInt32(start, true) !== C14N) return -1;
  let number = 0;
  for (let p = start + 4; p < end; p++) {
    const digit = bytes[p]! - BYTE.zero;
    if (digit < 0 || digit > 9) return -1;
    number = 10 * number + digit;
  }
  if (digits > 1 && bytes[start + 4] === BYTE.zero) return -1;
  return number < MAX_DIRECT ? number : -1;
}
