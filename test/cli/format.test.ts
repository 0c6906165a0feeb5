import { describe, expect, it } from 'vitest';
import {
  formatAmount,
  formatBlocks,
  formatCount,
  formatMegabytes,
  formatSeconds,
} from '../../src/cli/format.js';
import { shellWord } from '../../src/cli/shell-word.js';
import { formatPlace, printable } from '../../src/cli/terminal.js';

describe('numbers', () => {
  it('are grouped, with the noun in the right form', () => {
    expect([formatCount(1234567), formatAmount(1, 'block'), formatAmount(0, 'block')]).toEqual([
      '1,234,567',
      '1 block',
      '0 blocks',
    ]);
  });

  it.each([
    [0, '0.00 MB'],
    [123_456, '0.12 MB'],
    [4_560_000, '4.6 MB'],
    [1_234_567_890, '1,235 MB'],
  ])('of bytes: %i is %s', (bytes, text) => expect(formatMegabytes(bytes)).toBe(text));

  it.each([
    [12.4, '12 ms'],
    [1234, '1.23 s'],
    [59_940, '59.9 s'],
    [119_600, '2 min 0 s'],
  ])('of milliseconds: %d is %s', (ms, text) => expect(formatSeconds(ms)).toBe(text));

  it('of blocks are joined into runs, and the rest is counted', () => {
    expect(formatBlocks([3, 7, 8, 8, 9])).toBe('3, 7–9');
    expect(formatBlocks([1, 3, 5, 6, 9], 2)).toBe('1, 3 and 3 more');
  });
});

describe('text from a block', () => {
  it('cannot steer a terminal', () => {
    expect(printable('a\u001b[2Jb\r\nc\u202ed\u0085e')).toBe('a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{202e}d\\u{85}e');
  });

  it('is otherwise left alone', () => {
    expect(printable('Großhändler 検査員 "A" 😀')).toBe('Großhändler 検査員 "A" 😀');
  });
});

describe('a place', () => {
  it.each([
    [undefined, ''],
    [{ source: 'a.nq', line: 2, column: 5, offset: 30 }, 'a.nq:2:5'],
    [{ source: 'a.nq' }, 'a.nq'],
    [{ source: 'a.nq', offset: 7 }, 'a.nq, byte 7'],
    [{ line: 2, column: 5 }, '2:5'],
    [{ block: 7 }, 'block 7'],
  ])('%j reads %s', (place, text) => expect(formatPlace(place)).toBe(text));
});

describe('a word for the shell', () => {
  it('is quoted only where it must be', () => {
    expect(['demo/chain', 'my chain', "it's", '$(rm)', ''].map(shellWord)).toEqual([
      'demo/chain',
      "'my chain'",
      "'it'\\''s'",
      "'$(rm)'",
      "''",
    ]);
  });
});
