/**
 * Sorts lines of a text in byte order, which for UTF-8 is code point order (RDFC-1.0 section 4.4.3 step 7 wants code
 * point order; JavaScript's own string order differs from it for astral characters).
 *
 * A natural merge sort that remembers for each line how much it shares with the line before, so no byte is compared
 * twice on the way down: O(n log n) integer steps plus the distinguishing bytes, whatever an attacker sends, and one
 * pass when the lines are sorted already (cf. Ng and Kakehi, "Merging string sequences by longest common prefixes").
 *
 * Precondition: no line is a proper prefix of another. Lines that end with their only line feed are such.
 */

import { sharedPrefix } from './byte-arena.js';

const INITIAL = 1 << 10;
const RETAINED = 1 << 16;

export class LineSorter {
  /** The numbers of the lines: set by the caller up to `count` before `sort`, sorted after it. */
  order = new Int32Array(INITIAL);
  /** Bytes that line `order[i]` shares with line `order[i - 1]`, for i > 0. */
  #shared = new Int32Array(INITIAL);
  #otherOrder = new Int32Array(INITIAL);
  #otherShared = new Int32Array(INITIAL);
  /** Where the ascending runs begin, and behind the last one the count. */
  #runs = new Int32Array(INITIAL + 1);

  /** Makes room for `count` lines; what `order` held is lost. */
  reserve(count: number): void {
    if (count < this.order.length && this.order.length <= RETAINED) return;
    const size = Math.max(INITIAL, 1 << (32 - Math.clz32(count)));
    this.order = new Int32Array(size);
    this.#shared = new Int32Array(size);
    this.#otherOrder = new Int32Array(size);
    this.#otherShared = new Int32Array(size);
    this.#runs = new Int32Array(size + 1);
  }

  /**
   * Sorts `order[0..count)`, where line n is `[start[n], end[n])` of `view`. Equal lines keep their order.
   */
  sort(view: DataView, start: Int32Array, end: Int32Array, count: number): void {
    let runs = this.#findRuns(view, start, end, count);
    while (runs > 1) runs = this.#mergeRuns(view, start, end, runs);
  }

  /** Removes all but the first of equal lines from the sorted `order`. Returns how many are left. */
  dropDuplicates(start: Int32Array, end: Int32Array, count: number): number {
    const order = this.order;
    const shared = this.#shared;
    let kept = Math.min(count, 1);
    for (let i = 1; i < count; i++) {
      const line = order[i]!;
      if (shared[i]! < end[line]! - start[line]!) order[kept++] = line;
    }
    return kept;
  }

  #findRuns(view: DataView, start: Int32Array, end: Int32Array, count: number): number {
    const order = this.order;
    const shared = this.#shared;
    let runs = 0;
    this.#runs[0] = 0;
    for (let i = 1; i < count; i++) {
      const a = order[i - 1]!;
      const b = order[i]!;
      const length = end[a]! - start[a]!;
      const common = sharedPrefix(view, start[a]!, start[b]!, 0, length);
      shared[i] = common;
      if (common < length && view.getUint8(start[a]! + common) > view.getUint8(start[b]! + common)) {
        this.#runs[++runs] = i;
      }
    }
    this.#runs[++runs] = count;
    return runs;
  }

  /** Merges neighbouring runs in pairs. Returns the number of runs left. */
  #mergeRuns(view: DataView, start: Int32Array, end: Int32Array, runs: number): number {
    const bounds = this.#runs;
    let merged = 0;
    for (let run = 0; run < runs; run += 2) {
      const low = bounds[run]!;
      const middle = bounds[run + 1]!;
      const high = run + 1 < runs ? bounds[run + 2]! : middle;
      this.#merge(view, start, end, low, middle, high);
      bounds[merged++] = low;
    }
    bounds[merged] = bounds[runs]!;
    [this.order, this.#otherOrder] = [this.#otherOrder, this.order];
    [this.#shared, this.#otherShared] = [this.#otherShared, this.#shared];
    return merged;
  }

  /** Merges `[low, middle)` and `[middle, high)` into the other arrays. */
  #merge(
    view: DataView,
    start: Int32Array,
    end: Int32Array,
    low: number,
    middle: number,
    high: number,
  ): void {
    const order = this.order;
    const shared = this.#shared;
    const toOrder = this.#otherOrder;
    const toShared = this.#otherShared;
    let i = low;
    let j = middle;
    // What the heads of the two runs share with the line written last.
    let sharedI = 0;
    let sharedJ = 0;
    let k = low;
    while (i < middle && j < high) {
      let takeFirst = sharedI > sharedJ;
      if (sharedI === sharedJ) {
        const a = order[i]!;
        const b = order[j]!;
        const length = end[a]! - start[a]!;
        const common = sharedPrefix(view, start[a]!, start[b]!, sharedI, length);
        takeFirst = common >= length || view.getUint8(start[a]! + common) < view.getUint8(start[b]! + common);
        toShared[k] = sharedI;
        if (takeFirst) sharedJ = common;
        else sharedI = common;
      } else {
        toShared[k] = takeFirst ? sharedI : sharedJ;
      }
      if (takeFirst) {
        toOrder[k++] = order[i++]!;
        sharedI = shared[i]!;
      } else {
        toOrder[k++] = order[j++]!;
        sharedJ = shared[j]!;
      }
    }
    for (; i < middle; i++, k++) {
      toOrder[k] = order[i]!;
      toShared[k] = sharedI;
      sharedI = shared[i + 1]!;
    }
    for (; j < high; j++, k++) {
      toOrder[k] = order[j]!;
      toShared[k] = sharedJ;
      sharedJ = shared[j + 1]!;
    }
  }
}
