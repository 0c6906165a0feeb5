import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignLines, differLines } from '../../src/rdf/index.js';

describe('differLines', () => {
  it('shows what each text has more of, whatever the order', () => {
    expect(differLines('a\nb\nb\nc\n', 'c\nb\nd\n')).toEqual([
      { change: 'removed', line: 'a' },
      { change: 'removed', line: 'b' },
      { change: 'added', line: 'd' },
    ]);
  });

  it('shows nothing when only the order differs', () => {
    expect(differLines('a\nb\n', 'b\na')).toEqual([]);
  });
});

describe('alignLines', () => {
  it('shows a line that was moved as removed there and added here, and keeps the others', () => {
    expect(alignLines('c\na\nb\n', 'a\nb\nc\n')).toEqual([
      { op: 'removed', line: 'c' },
      { op: 'same', line: 'a' },
      { op: 'same', line: 'b' },
      { op: 'added', line: 'c' },
    ]);
  });

  it('takes a line without its end, or with another, for another line', () => {
    expect(alignLines('a\nb', 'a\nb\n')).toEqual([
      { op: 'same', line: 'a' },
      { op: 'removed', line: 'b' },
      { op: 'added', line: 'b' },
    ]);
    expect(alignLines('a\r\n', 'a\n')).toEqual([
      { op: 'removed', line: 'a\r' },
      { op: 'added', line: 'a' },
    ]);
    expect(alignLines('', '')).toEqual([]);
  });

  const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 8 });
  const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

  it('holds both texts in order, and keeps as many lines as can be kept', () => {
    fc.assert(
      fc.property(texts, fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e')), (before, after) => {
        const aligned = alignLines(textOf(before), textOf(after));
        const without = (op: string) => aligned.filter((each) => each.op !== op).map(({ line }) => line);
        expect(without('added')).toEqual(before);
        expect(without('removed')).toEqual(after);
        expect(aligned.filter(({ op }) => op === 'same')).toHaveLength(longestCommon(before, after));
      }),
      { numRuns: 500 },
    );
  });

  it('takes twenty thousand lines in reverse', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => String(i));
    const aligned = alignLines(textOf(lines.toReversed()), textOf(lines));
    expect(aligned.filter(({ op }) => op === 'same')).toHaveLength(1);
    expect(aligned).toHaveLength(39_999);
  });
});

/** Length of the longest common subsequence, by the textbook. */
function longestCommon([first, ...rest]: readonly string[], after: readonly string[]): number {
  if (first === undefined) return 0;
  const skipped = longestCommon(rest, after);
  const at = after.indexOf(first);
  return at < 0 ? skipped : Math.max(skipped, 1 + longestCommon(rest, after.slice(at + 1)));
}
