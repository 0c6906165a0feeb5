import { describe, expect, it } from 'vitest';
import { ByteArena } from '../../src/rdf/byte-arena.js';
import { ByteInterner, hashBytes } from '../../src/rdf/byte-interner.js';
import { canonicalize } from '../../src/rdf/index.js';

function arenaOf(texts: readonly string[]): { arena: ByteArena; bounds: [number, number][] } {
  const arena = new ByteArena();
  arena.load(Buffer.from(texts.join('')));
  let at = 0;
  const bounds = texts.map((text): [number, number] => {
    const start = at;
    at += Buffer.byteLength(text);
    return [start, at];
  });
  return { arena, bounds };
}

/** Labels of eight letters with the same hash: the last four undo what the first four made different. */
function collidingLabels(count: number): string[] {
  const labels: string[] = [];
  const view = new DataView(new ArrayBuffer(16));
  let target: number | undefined;
  for (let i = 0; labels.length < count; i++) {
    const head = Buffer.from(i.toString(36).padStart(4, '_'));
    for (let p = 0; p < 4; p++) view.setUint8(p, head[p]!);
    // The state of the hash of eight bytes after the first four.
    let state = Math.imul(8 ^ view.getInt32(0, true), 0x9e3779b1);
    state ^= state >>> 15;
    target ??= state ^ 0x61616161;
    view.setInt32(4, state ^ target, true);
    const label = Buffer.from(view.buffer, 0, 8).toString('latin1');
    if (/^[a-zA-Z0-9_]{8}$/.test(label)) labels.push(label);
  }
  return labels;
}

describe('ByteInterner', () => {
  it('numbers texts in the order they are first seen', () => {
    const texts = ['b', 'a', 'b', '', 'abcd', 'abc', 'abcde', 'a', '', 'abcde', 'é'];
    const { arena, bounds } = arenaOf(texts);
    const interner = new ByteInterner();
    const numbers = bounds.map(([start, end]) => interner.intern(arena, start, end));
    expect(numbers).toEqual([0, 1, 0, 2, 3, 4, 5, 1, 2, 5, 6]);
    interner.reset();
    expect(interner.intern(arena, bounds[4]![0], bounds[4]![1])).toBe(0);
  });

  it('keeps its numbers while it grows', () => {
    const texts = Array.from({ length: 20_000 }, (_, i) => `label-${i}`);
    const { arena, bounds } = arenaOf(texts);
    const interner = new ByteInterner();
    for (let round = 0; round < 2; round++) {
      bounds.forEach(([start, end], i) => {
        if (interner.intern(arena, start, end) !== i) throw new Error(`number of ${i}`);
      });
    }
    expect(interner.count).toBe(20_000);
  });

  it('tells texts apart that were chosen to have one hash', () => {
    const texts = collidingLabels(500);
    const { arena, bounds } = arenaOf(texts);
    const hashes = new Set(bounds.map(([start]) => hashBytes(arena.view, start, 8)));
    expect(hashes.size).toBe(1);
    expect(new Set(texts).size).toBe(500);
    const interner = new ByteInterner();
    for (let round = 0; round < 2; round++) {
      expect(bounds.map(([start, end]) => interner.intern(arena, start, end))).toEqual(
        texts.map((_, i) => i),
      );
    }
    const quads = texts.map((text, i) => `_:${text} <a:p> "${i}" .\n`).join('');
    expect(canonicalize(Buffer.from(quads), { map: true }).labels!.size).toBe(texts.length);
  });
});
