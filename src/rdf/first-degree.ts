/** Hash First Degree Quads (RDFC-1.0 section 4.6). */

import { ByteArena, copyBytes, sameBytes, sharedPrefix } from './byte-arena.js';
import { type HashAlgorithm, hexDigest } from './digest.js';
import { LineSorter } from './line-sorter.js';
import type { QuadTable } from './quad-table.js';
import type { QuadsOfNodes } from './quads-of-nodes.js';
import { type NodeNames, writeRow } from './row-writer.js';

/** The names of step 3.1.1: `_:a` for the blank node at hand and `_:z` for others. */
const NAMES = new DataView(Uint8Array.from(Buffer.from('_:a_:z..')).buffer);
const NAME_BYTES = 3;
const SELF = 0;
const OTHER = 3;
/** Views on the message buffer are kept by length: making one costs a tenth of hashing it. */
const CACHED_VIEWS = 4096;
/** Blank nodes alike have the same message: what was hashed is kept, one message for each length modulo this. */
const MEMO_SLOTS = 64;
const MEMO_BYTES = 1 << 18;

export class FirstDegreeHasher {
  readonly #message = new ByteArena();
  readonly #sorted = new ByteArena();
  readonly #sorter = new LineSorter();
  #lineStart = new Int32Array(64);
  #lineEnd = new Int32Array(64);
  #views: (Uint8Array | undefined)[] = [];
  #viewedBuffer: ArrayBufferLike | undefined;
  readonly #memo = new ByteArena();
  readonly #memoStart = new Int32Array(MEMO_SLOTS);
  readonly #memoLength = new Int32Array(MEMO_SLOTS);
  readonly #memoHash: string[] = new Array(MEMO_SLOTS).fill('');

  /** Appends to `hashes` the first-degree hash of every blank node of `table`, in the order of their numbers. */
  hashAll(table: QuadTable, quads: QuadsOfNodes, algorithm: HashAlgorithm, hashes: string[]): void {
    this.#memo.reset();
    this.#message.reset();
    this.#sorted.reset();
    this.#memoLength.fill(0);
    const nodes = table.nodes.count;
    const names = { view: NAMES, start: new Int32Array(nodes).fill(OTHER), end: new Int32Array(nodes) };
    names.end.fill(OTHER + NAME_BYTES);
    for (let node = 0; node < nodes; node++) {
      names.start[node] = SELF;
      names.end[node] = SELF + NAME_BYTES;
      const length = this.#assemble(table, quads, node, names);
      hashes.push(this.#digest(algorithm, length));
      names.start[node] = OTHER;
      names.end[node] = OTHER + NAME_BYTES;
    }
  }

  /** Steps 1 to 4: the sorted lines of the node's quads, at the beginning of `#message`. Returns their length. */
  #assemble(table: QuadTable, quads: QuadsOfNodes, node: number, names: NodeNames): number {
    const from = quads.first[node]!;
    const count = quads.first[node + 1]! - from;
    if (count > this.#lineStart.length) {
      this.#lineStart = new Int32Array(2 * count);
      this.#lineEnd = new Int32Array(2 * count);
    }
    const { start, end } = table;
    const { rows } = quads;
    const lineStart = this.#lineStart;
    const lineEnd = this.#lineEnd;
    const message = this.#message;
    let room = 0;
    for (let i = 0; i < count; i++) room += end[rows[from + i]!]! - start[rows[from + i]!]! + 3 * NAME_BYTES;
    message.length = 0;
    message.reserve(room);
    const { view } = message;
    let ascending = true;
    let at = 0;
    for (let i = 0; i < count; i++) {
      lineStart[i] = at;
      at = writeRow(table, rows[from + i]!, names, view, at);
      lineEnd[i] = at;
      if (i > 0 && ascending)
        ascending = !isBelow(view, lineStart[i]!, lineStart[i - 1]!, at - lineStart[i]!);
    }
    message.length = at;
    if (!ascending) this.#sortLines(count);
    return at;
  }

  #sortLines(count: number): void {
    const sorter = this.#sorter;
    sorter.reserve(count);
    for (let i = 0; i < count; i++) sorter.order[i] = i;
    sorter.sort(this.#message.view, this.#lineStart, this.#lineEnd, count);
    const sorted = this.#sorted;
    sorted.length = 0;
    sorted.reserve(this.#message.length);
    let at = 0;
    for (let i = 0; i < count; i++) {
      const line = sorter.order[i]!;
      at = copyBytes(this.#message.view, this.#lineStart[line]!, this.#lineEnd[line]!, sorted.view, at);
    }
    copyBytes(sorted.view, 0, at, this.#message.view, 0);
  }

  /** Step 5. */
  #digest(algorithm: HashAlgorithm, length: number): string {
    const memo = this.#memo;
    const slot = length % MEMO_SLOTS;
    const start = this.#memoStart[slot]!;
    const message = this.#message;
    const recurs = this.#memoLength[slot] === length;
    if (recurs && start >= 0 && sameBytes(memo.view, start, message.view, 0, length))
      return this.#memoHash[slot]!;
    const digest = hexDigest(algorithm, this.#view(length));
    this.#memoLength[slot] = length;
    this.#memoStart[slot] = -1;
    // Only when a length recurs is it worth a copy.
    if (recurs && memo.length + length < MEMO_BYTES) {
      memo.reserve(length);
      this.#memoStart[slot] = memo.length;
      this.#memoHash[slot] = digest;
      memo.length = copyBytes(message.view, 0, length, memo.view, memo.length);
    }
    return digest;
  }

  #view(length: number): Uint8Array {
    const { bytes } = this.#message;
    if (length >= CACHED_VIEWS) return bytes.subarray(0, length);
    if (this.#viewedBuffer !== bytes.buffer) {
      this.#viewedBuffer = bytes.buffer;
      this.#views = [];
    }
    this.#views[length] ??= bytes.subarray(0, length);
    return this.#views[length]!;
  }
}

/** Whether the line at `a`, `length` bytes long, comes before the line at `b`. */
function isBelow(text: DataView, a: number, b: number, length: number): boolean {
  const shared = sharedPrefix(text, a, b, 0, length);
  return shared < length && text.getUint8(a + shared) < text.getUint8(b + shared);
}
