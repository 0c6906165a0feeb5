/**
 * A growing byte buffer that is read and written four bytes at a time.
 *
 * Everything the canonicalizer touches is an offset into such a buffer: no string and no object is made per quad.
 * Reads and writes may run up to `SLACK` bytes past `length`, so the loops below need no tail handling.
 */

import { ProvChainError } from '../errors.js';

const SLACK = 16;
const INITIAL_BYTES = 1 << 16;
/** A document this large is an exception: what it needed is given back when the next document starts. */
const RETAINED_BYTES = 1 << 22;
/** Offsets are kept in Int32Arrays. */
const MAX_BYTES = 2 ** 31 - 1;

export class ByteArena {
  bytes = new Uint8Array(INITIAL_BYTES);
  view = new DataView(this.bytes.buffer);
  length = 0;

  /** Empties the arena and gives back what an unusually large document made it grow to. */
  reset(): void {
    this.length = 0;
    if (this.bytes.length > RETAINED_BYTES) this.#resize(INITIAL_BYTES);
  }

  /** Makes room for `extra` more bytes. The caller reads `bytes` and `view` anew: they may have been replaced. */
  reserve(extra: number): void {
    const needed = this.length + extra + 2 * SLACK;
    if (needed > this.bytes.length) this.#grow(needed);
  }

  /** Puts `input` at offset 0 and zero bytes behind it, which end every scanning loop. */
  load(input: Uint8Array): void {
    this.length = 0;
    this.reserve(input.length);
    this.bytes.set(input);
    this.length = input.length + SLACK;
    this.bytes.fill(0, input.length, this.length);
  }

  push(byte: number): void {
    if (this.length + SLACK >= this.bytes.length) this.#grow(this.length + SLACK + 1);
    this.bytes[this.length++] = byte;
  }

  #grow(needed: number): void {
    if (needed > MAX_BYTES) {
      throw new ProvChainError('BLOCK_TOO_LARGE', 'the document is too long to be canonicalized in memory');
    }
    const old = this.bytes;
    this.#resize(Math.min(MAX_BYTES, Math.max(needed, 2 * old.length)));
    this.bytes.set(old.subarray(0, this.length));
  }

  #resize(bytes: number): void {
    this.bytes = new Uint8Array(bytes);
    this.view = new DataView(this.bytes.buffer);
  }
}

/**
 * Copies `[start, end)` of `from` to `to` at `at`, possibly touching three bytes more, and returns the offset after
 * the copy. The caller has reserved the room.
 */
export function copyBytes(from: DataView, start: number, end: number, to: DataView, at: number): number {
  const shift = at - start;
  for (let p = start; p < end; p += 4) to.setInt32(p + shift, from.getInt32(p, true), true);
  return end + shift;
}

/**
 * How many bytes the texts at `a` and `b` have in common, from `known` (already compared) up to `limit`.
 */
export function sharedPrefix(view: DataView, a: number, b: number, known: number, limit: number): number {
  let shared = known;
  while (shared < limit) {
    const difference = view.getInt32(a + shared, true) ^ view.getInt32(b + shared, true);
    if (difference !== 0) {
      // The lowest set bit of a little-endian difference lies in the first byte that differs.
      shared += (31 - Math.clz32(difference & -difference)) >> 3;
      break;
    }
    shared += 4;
  }
  return Math.min(shared, limit);
}

/** Whether the `length` bytes at `a` of `first` and at `b` of `second` are the same. */
export function sameBytes(first: DataView, a: number, second: DataView, b: number, length: number): boolean {
  let p = 0;
  for (; p + 4 <= length; p += 4) {
    if (first.getInt32(a + p, true) !== second.getInt32(b + p, true)) return false;
  }
  const rest = length - p;
  if (rest === 0) return true;
  const difference = first.getInt32(a + p, true) ^ second.getInt32(b + p, true);
  return difference << (32 - 8 * rest) === 0;
}
