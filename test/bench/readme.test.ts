import { describe, expect, it } from 'vitest';
import { newestResults, replaceBlock, resultsTable, resultsTables } from '../../bench/readme.js';
import { makeResult, type Result } from '../../bench/results.js';
import type { Bar, BenchRow } from '../../bench/row.js';
import { judge, median } from '../../bench/row.js';

const MACHINE = { cpu: 'a processor', cores: 2, node: 'v20.20.2', load: 0.5 };

const row = (ours: number, peer: number, bar: Bar, more: Partial<BenchRow> = {}): BenchRow => ({
  name: 'a row',
  title: 'one thing against another',
  unit: 'ms',
  ours,
  peer,
  bar,
  settings: { quick: false },
  ...more,
});

const result = (measured: BenchRow, day = '2026-01-02'): Result =>
  makeResult(measured, 'abc1234', new Date(`${day}T00:00:00.000Z`), MACHINE);

describe('judge', () => {
  it.each<[string, Bar, number, number, number, boolean]>([
    ['faster by as much as asked for', { fasterBy: 5 }, 10, 50, 5, true],
    ['not as much faster', { fasterBy: 5 }, 10, 49, 4.9, false],
    ['as slow as allowed', { atMostTimes: 1.5 }, 15, 10, 1.5, true],
    ['slower than allowed', { atMostTimes: 1.5 }, 16, 10, 1.6, false],
    ['as much more as allowed', { atMostMore: 60, below: 500 }, 160, 100, 60, true],
    ['more than allowed', { atMostMore: 60, below: 500 }, 161, 100, 61, false],
    ['little more, but over the limit', { atMostMore: 60, below: 500 }, 500, 499, 1, false],
    ['as much of the peer as asked for', { atLeastShare: 0.75 }, 75, 100, 0.75, true],
    ['less of the peer than asked for', { atLeastShare: 0.75 }, 74, 100, 0.74, false],
    ['of no bar', { none: true }, 10, 100, 0.1, true],
  ])('tells what is %s', (_, bar, ours, peer, value, pass) => {
    expect(judge(row(ours, peer, bar))).toMatchObject({ value, pass });
  });
});

describe('median', () => {
  it('is the middle value, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});

describe('newestResults', () => {
  it('keeps the last result of each row at full size', () => {
    const old = result(row(1, 2, { fasterBy: 5 }), '2026-01-01');
    const other = result(row(1, 2, { fasterBy: 5 }, { name: 'another' }));
    const newer = result(row(1, 9, { fasterBy: 5 }));
    const quick = result(row(1, 1, { fasterBy: 5 }, { settings: { quick: true } }));
    expect(newestResults([old, other, newer, quick])).toEqual([newer, other]);
  });
});

describe('resultsTable', () => {
  it('prints both figures, the ratio with its bar, and which rows are short', () => {
    const table = resultsTable([
      result(row(10, 55, { fasterBy: 5 })),
      result(row(2000.4, 1000, { atMostTimes: 1.5 })),
    ]);
    expect(table).toContain(
      '| one thing against another | 10 ms | 55 ms | 5.50× as fast (≥ 5×) | pass |\n' +
        '| one thing against another | 2,000 ms | 1,000 ms | 2.00× (≤ 1.5×) | **short** |\n',
    );
    expect(table).toContain('2 cores of a processor, Node 20.20.2, 2026-01-02, commit abc1234');
  });
});

describe('resultsTables', () => {
  it('keeps the engine, the load and the figures of the guide apart, and leaves out what is not there', () => {
    const load = result(row(90, 100, { atLeastShare: 0.85 }, { table: 'load', unit: 'req/s' }));
    const guide = result(row(2, 4, { atMostTimes: 1 }, { table: 'guide', place: '300 blocks' }));
    const text = resultsTables([guide, load, result(row(1, 2, { none: true }))]);
    const [engine, rest, figures] = text.split(/\n(?=\| REST|\| the guide)/);
    expect(engine).toContain('| one thing against another | 1 ms | 2 ms | 50 % of it |  |');
    expect(rest).toContain('| 90 req/s | 100 req/s | 90 % of it (≥ 85 %) | pass |');
    expect(figures).toContain(
      '| one thing against another: 300 blocks | 2 ms | 4 ms | 0.50× (≤ 1×) | pass |',
    );
    expect(resultsTables([load])).not.toContain('the guide says');
  });
});

describe('replaceBlock', () => {
  const before = 'text\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nmore\n';

  it('replaces what stands between the markers and nothing else', () => {
    const after = 'text\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nmore\n';
    expect(replaceBlock(before, 'new')).toBe(after);
    expect(replaceBlock(after, 'new')).toBe(after);
  });

  it('refuses a document without the markers', () => {
    expect(() => replaceBlock('text', 'new')).toThrow('bench:begin');
  });
});
