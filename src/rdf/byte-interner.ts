/**
 * Numbers distinct byte strings (labels, graph names, predicates) in the order they are first seen, without making
 * JavaScript strings of them: open addressing over offsets into the text.
 *
 * An attacker chooses these bytes and can make them collide. A search that takes more than `MAX_PROBES` steps falls
 * back to a `Map` of strings, whose hashes the engine seeds, so a document stays near linear.
 */

import { type ByteArena, sameBytes } from './byte-arena.js';

const INITIAL_SLOTS = 256;
const MAX_PROBES = 64;

export class ByteInterner {
  count = 0;
  start = new Int32Array(64);
  end = new Int32Array(64);
  #slots = new Int32Array(INITIAL_SLOTS);
  #colliding: Map<string, number> | undefined;

  reset(): void {
    if (this.count === 0) return;
    this.count = 0;
    this.#colliding = undefined;
    if (this.#slots.length > 16 * INITIAL_SLOTS) {
      this.#slots = new Int32Array(INITIAL_SLOTS);
      this.start = new Int32Array(64);
      this.end = new Int32Array(64);
    } else {
      this.#slots.fill(0);
    }
  }

  /** The number of the bytes `[start, end)` of `text`; `count` before the call when they are new. */
  intern(text: ByteArena, start: number, end: number): number {
    const { view } = text;
    const length = end - start;
    const mask = this.#slots.length - 1;
    let slot = hashBytes(view, start, length) & mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) {
        this.#slots[slot] = this.count + 1;
        return this.#add(text, start, end);
      }
      const other = this.start[entry]!;
      if (this.end[entry]! - other === length && sameBytes(view, other, view, start, length)) return entry;
      slot = (slot + 1) & mask;
    }
    return this.#internColliding(text, start, end);
  }

  #internColliding(text: ByteArena, start: number, end: number): number {
    this.#colliding ??= new Map();
    const key = Buffer.from(text.bytes.buffer, start, end - start).toString('latin1');
    const known = this.#colliding.get(key);
    if (known !== undefined) return known;
    this.#colliding.set(key, this.count);
    return this.#add(text, start, end);
  }

  #add(text: ByteArena, start: number, end: number): number {
    const entry = this.count++;
    if (entry === this.start.length) {
      this.start = doubled(this.start);
      this.end = doubled(this.end);
    }
    this.start[entry] = start;
    this.end[entry] = end;
    if (this.#colliding === undefined && 4 * this.count > this.#slots.length) this.#rehash(text);
    return entry;
  }

  #rehash(text: ByteArena): void {
    const slots = new Int32Array(4 * this.#slots.length);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.count; entry++) {
      const start = this.start[entry]!;
      let slot = hashBytes(text.view, start, this.end[entry]! - start) & mask;
      let probe = 0;
      while (slots[slot] !== 0 && probe++ < MAX_PROBES) slot = (slot + 1) & mask;
      if (slots[slot] !== 0) {
        // Somebody chose the bytes to collide: the table stays as it is, and what does not fit goes to the map.
        this.#colliding = new Map();
        return;
      }
      slots[slot] = entry + 1;
    }
    this.#slots = slots;
  }
}

/** A weak hash of the `length` bytes at `start`, four at a step. */
export function hashBytes(view: DataView, start: number, length: number): number {
  let hash = length;
  let p = start;
  const end = start + length;
  for (; p + 4 <= end; p += 4) {
    hash = Math.imul(hash ^ view.getInt32(p, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  if (p < end) {
    hash = Math.imul(hash ^ (view.getInt32(p, true) << (32 - 8 * (end - p))), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

export function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
