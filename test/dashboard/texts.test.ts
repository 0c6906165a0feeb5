import { describe, expect, it } from 'vitest';
import { curlCommand } from '../../dashboard/src/api/curl.js';
import { fieldErrors, problemFrom } from '../../dashboard/src/api/problem.js';
import { EventText } from '../../dashboard/src/live/event-text.js';
import { hrefOf, parsePlace, wholeNumber } from '../../dashboard/src/place/place.js';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatRange,
  formatRelative,
  formatShort,
} from '../../dashboard/src/show/format.js';

const NOW = Date.parse('2025-06-01T12:00:00.000Z');

describe('the texts of figures', () => {
  it('are a dash for what was not measured, never a zero', () => {
    for (const format of [formatCount, formatShort, formatPercent, formatBytes, formatDuration]) {
      expect([format(null), format(undefined), format(0)]).toEqual(['–', '–', expect.stringMatching(/^0/)]);
    }
  });

  it('hold three digits that count', () => {
    expect([0.0421, 1234, 12_345, 999_499, 999_600, 3_141_592].map((value) => formatShort(value))).toEqual([
      ...['0.0421', '1,230', '12.3k', '999k', '1M', '3.14M'],
    ]);
    expect([0, 999, 1000, 1_234_567, 5e12].map((value) => formatBytes(value))).toEqual([
      ...['0 B', '999 B', '1 kB', '1.23 MB', '5 TB'],
    ]);
  });

  it('hold one decimal of a percentage at most', () => {
    expect([1, 0.8349, 0.00946, 0.001, 0.00042].map((share) => formatPercent(share))).toEqual([
      ...['100 %', '83.5 %', '0.9 %', '0.1 %', '0.04 %'],
    ]);
  });

  it('are durations in at most two units, and never sixty of the smaller one', () => {
    const texts = [0.4, 820, 4200, 59_990, 119_700, 200_000, 3_600_000, 7_500_000, 200_000_000].map((ms) =>
      formatDuration(ms),
    );
    expect(texts).toEqual([
      ...['0.4 ms', '820 ms', '4.2 s', '60 s', '2 min', '3 min 20 s', '1 h', '2 h 5 min', '2 d 8 h'],
    ]);
  });

  it('are ages in one unit, of the past and of the future', () => {
    expect([0, 44, 61, 7199, 7200, 200_000].map(formatAge)).toEqual([
      ...['just now', '40 s', '1 min', '1 h', '2 h', '2 days'],
    ]);
    expect(formatRelative('2025-06-01T11:57:00.000Z', NOW)).toBe('3 min ago');
    expect(formatRelative('2025-06-01T14:00:30.000Z', NOW)).toBe('in 2 h');
    expect(formatRelative('no time', NOW)).toBe('no time');
  });

  it('name the last block of a range, not the one after it', () => {
    expect([formatRange(7, 8), formatRange(3, 8)]).toEqual(['block 7', 'blocks 3–7']);
  });
});

describe('a place', () => {
  it('is read from its address and written to it', () => {
    const href = hrefOf(['search'], { q: 'http://e.org/a b?c#d', page: undefined, empty: '' });
    expect(href).toBe('#/search?q=http%3A%2F%2Fe.org%2Fa+b%3Fc%23d');
    expect(parsePlace(href)).toEqual({ path: ['search'], query: { q: 'http://e.org/a b?c#d' } });
  });

  it('is the overview without a path, and survives what cannot be decoded', () => {
    expect(parsePlace('')).toEqual({ path: [], query: {} });
    expect(parsePlace('#/')).toEqual({ path: [], query: {} });
    expect(parsePlace('#/blocks/%E0%A4%A')).toEqual({ path: ['blocks', '%E0%A4%A'], query: {} });
  });

  it('holds whole numbers only where they are plain digits', () => {
    expect(['12', '-1', '1e3', '', undefined, '1234567890123456'].map(wholeNumber)).toEqual([
      ...[12, undefined, undefined, undefined, undefined, undefined],
    ]);
  });
});

describe('curlCommand', () => {
  const origin = 'https://node.example:8443';

  it('names method, token and body', () => {
    const command = curlCommand({
      origin,
      authentication: true,
      method: 'POST',
      path: '/api/jobs',
      body: { level: 'Full' },
    });
    expect(command).toBe(
      `curl -sS -X POST -H "Authorization: Bearer $PROVCHAIN_TOKEN" -H 'Content-Type: application/json' --data '{"level":"Full"}' 'https://node.example:8443/api/jobs'`,
    );
  });

  it('gives a shell nothing to run in what a user wrote', () => {
    const body = { comment: `it's $(rm -rf /) "here"` };
    expect(curlCommand({ origin, authentication: false, path: '/x', body })).toBe(
      `curl -sS -H 'Content-Type: application/json' --data '{"comment":"it'\\''s $(rm -rf /) \\"here\\""}' 'https://node.example:8443/x'`,
    );
  });
});

describe('a problem', () => {
  it('is read from the answer, or made from the status where there is no problem in it', () => {
    const text = JSON.stringify({ code: 'OVERLOADED', detail: 'the queue is full', retryAfterSeconds: 5 });
    expect(problemFrom(503, text)).toMatchObject({ status: 503, code: 'OVERLOADED', retryAfterSeconds: 5 });
    expect(problemFrom(502, '<html>')).toMatchObject({ status: 502, code: 'HTTP_502' });
  });

  it('names the fields that were refused', () => {
    const errors = fieldErrors('body.batch_size: Too small; body.max_cpu_percent: Too big; something else');
    expect([...errors]).toEqual([
      ['batch_size', 'Too small'],
      ['max_cpu_percent', 'Too big'],
      ['', 'something else'],
    ]);
  });
});

describe('EventText', () => {
  it('gives whole events, wherever the pieces are cut, and passes over signs of life', () => {
    const text = 'id: 1\nevent: state\ndata: {"a":1}\n\n:\n\nid:2\ndata:x\ndata: y\n\nid: 3\ndata: cut';
    const wanted = [
      { id: '1', data: '{"a":1}' },
      { id: '2', data: 'x\ny' },
    ];
    for (let size = 1; size < text.length; size += 3) {
      const events = new EventText();
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect(pieces.flatMap((piece) => events.take(piece))).toEqual(wanted);
    }
  });
});
