import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStreamReader } from '../../src/client/event-stream.js';

const read = (...texts: string[]) => {
  const reader = new EventStreamReader();
  return texts.flatMap((text) => reader.push(text));
};

describe('EventStreamReader', () => {
  it('gives type, data and id of each event', () => {
    expect(read('event: state\nid: 7\ndata: {"a":1}\n\ndata: second\n\n')).toEqual([
      { type: 'state', data: '{"a":1}', id: '7' },
      { type: 'message', data: 'second', id: '7' },
    ]);
  });

  it('joins lines of data, and leaves out comments, fields without meaning and events without data', () => {
    expect(read(':\n\nretry: 10\n\n: alive\ndata: a\ndata:b\nnovalue\nother: c\n\nevent: x\n\n')).toEqual([
      { type: 'message', data: 'a\nb', id: undefined },
    ]);
  });

  it.each(['\n', '\r\n', '\r'])('reads the same events however the text is cut, with line ends %j', (end) => {
    const text = ['event: state', 'id: 1', 'data: é', '', ':', '', 'data: x', 'data: y', '', ''].join(end);
    // A lone CR at the very end may still be half of a CR LF, so one more character decides.
    const whole = read(`${text}:`);
    expect(whole).toHaveLength(2);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const parts = places.slice(1).map((to, i) => text.slice(places[i], to));
        expect(read(...parts, ':')).toEqual(whole);
      }),
    );
  });

  it('refuses an event that does not end', () => {
    const reader = new EventStreamReader();
    expect(() => {
      for (let i = 0; i < 20; i++) reader.push(`data: ${'x'.repeat(100_000)}\n`);
    }).toThrow(expect.objectContaining({ code: 'SERVER_UNREACHABLE' }));
  });
});
