import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/chain/index.js';

describe('canonicalJson', () => {
  it('sorts members by UTF-16 units, as the example of RFC 8785 §3.2.3 has them', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const inOrder = [...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map((match) => match[1]);
    expect(inOrder).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it('writes strings as RFC 8785 §3.2.2.2 wants them', () => {
    expect(canonicalJson('€$\u000f\nA\'B"\\\\"/\u2028\u007f')).toBe(
      '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u2028\u007f"',
    );
  });

  it('writes nested values without white space', () => {
    expect(canonicalJson({ b: [1, -2, { z: null, a: true }], a: -0, '': false })).toBe(
      '{"":false,"a":0,"b":[1,-2,{"a":true,"z":null}]}',
    );
  });

  it.each([
    ['a fraction', 0.5],
    ['an unsafe integer', 2 ** 53],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    ['a hole in an array', new Array(1)],
    ['a lone surrogate', 'a\ud800'],
    ['a lone surrogate in a name', { '\udc00': 1 }],
    ['a bigint', 1n],
    ['a date', new Date(0)],
    ['a Buffer', Buffer.from('a')],
    ['a Map', new Map()],
  ])('throws INTERNAL for %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('throws INTERNAL for a value that contains itself', () => {
    const value: Record<string, unknown> = {};
    value.self = value;
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('gives one text per value, which reads back as that value', () => {
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'binary' }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(values.value, (value) => {
        const text = canonicalJson(value);
        const read: unknown = JSON.parse(text);
        expect(canonicalJson(read)).toBe(text);
        expect(read).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
