import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { queryOf } from '../../src/api/query.js';

const schema = () => z.strictObject({ n: z.string().regex(/^\d+$/).transform(Number).optional() });

describe('queryOf', () => {
  it('gives what the schema makes of the text, and the same again for the same text', () => {
    const numbers = schema();
    const first = queryOf(numbers, 'n=7');
    expect(first).toEqual({ n: 7 });
    expect(queryOf(numbers, 'n=7')).toBe(first);
    expect(queryOf(numbers, 'n=8')).toEqual({ n: 8 });
    expect(queryOf(numbers, '')).toEqual({});
    expect(queryOf(schema(), 'n=7')).not.toBe(first);
  });

  it('gives something that nobody can change for the next request', () => {
    expect(() => Object.assign(queryOf(schema(), 'n=7') as object, { n: 8 })).toThrow(TypeError);
  });

  it('refuses what the schema refuses, every time', () => {
    const numbers = schema();
    for (const text of ['n=x', 'm=1', 'n=1&n=2', 'n=x', '__proto__=1']) {
      expect(() => queryOf(numbers, text)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
    }
  });

  it('keeps few texts, and no long ones', () => {
    const numbers = schema();
    const long = `n=${'0'.repeat(200)}1`;
    expect(queryOf(numbers, long)).toEqual({ n: 1 });
    expect(queryOf(numbers, long)).not.toBe(queryOf(numbers, long));
    const first = queryOf(numbers, 'n=0');
    for (let n = 1; n <= 32; n++) queryOf(numbers, `n=${n}`);
    expect(queryOf(numbers, 'n=0')).not.toBe(first);
  });
});
