import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from '../../src/api/strict-json.js';
import { ProvChainError } from '../../src/errors.js';

const parse = (text: string) => parseStrictJson(Buffer.from(text));

function refusal(text: string | Uint8Array): ProvChainError {
  try {
    parseStrictJson(typeof text === 'string' ? Buffer.from(text) : text);
  } catch (thrown) {
    if (thrown instanceof ProvChainError) return thrown;
    throw thrown;
  }
  throw new Error(`${text} was accepted`);
}

/** Whether JSON.parse takes a text, and what it makes of it. */
function oracle(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** What JSON.parse accepts and we do not, found without looking at the text again. */
const REFUSED_ON_PURPOSE = /nest 32 deep|stands twice|is not allowed|is empty/;

describe('parseStrictJson', () => {
  it('gives what JSON.parse gives for any value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const expected = JSON.parse(text) as unknown;
        if (/"(?:__proto__|constructor)"/.test(text)) return;
        expect(parse(text)).toEqual(expected);
      }),
    );
  });

  it('refuses and accepts the same damaged texts as JSON.parse, beside what it refuses on purpose', () => {
    const damaged = fc
      .tuple(
        fc.jsonValue({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom(...'{}[]",:0\\u- \n\tte.E+x'),
        fc.nat(2),
      )
      .map(([value, at, character, removed]) => {
        const text = JSON.stringify(value);
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + character + text.slice(cut + removed);
      });
    fc.assert(
      fc.property(damaged, (text) => {
        const expected = oracle(text);
        let outcome: { readonly value: unknown } | undefined;
        let why = '';
        try {
          outcome = { value: parse(text) };
        } catch (thrown) {
          why = (thrown as Error).message;
        }
        if (REFUSED_ON_PURPOSE.test(why)) return;
        expect(outcome).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses and accepts the same texts of JSON characters as JSON.parse', () => {
    const soup = fc
      .array(fc.constantFrom(...'{}[]",:01e-.\\', ' ', 'true', 'null', '"a"', '\\u00'), { maxLength: 12 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(soup, (text) => {
        const expected = oracle(text);
        try {
          expect({ value: parse(text) }).toEqual(expected);
        } catch (thrown) {
          if (!(thrown instanceof ProvChainError)) throw thrown;
          if (!REFUSED_ON_PURPOSE.test(thrown.message)) expect(expected).toBeUndefined();
        }
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['{"a":1,"a":2}', 'the key "a" stands twice', 1, 8],
    ['{"a":1,\n "\\u0061":2}', 'the key "a" stands twice', 2, 2],
    ['{"a":{"b":[{"c":1,"c":1}]}}', 'the key "c" stands twice', 1, 19],
    ['{"__proto__":{}}', 'the key "__proto__" is not allowed', 1, 2],
    ['{"\\u005f_proto__":{}}', 'the key "__proto__" is not allowed', 1, 2],
    ['{"constructor":1}', 'the key "constructor" is not allowed', 1, 2],
    ['{"a":1}x', 'expected the end', 1, 8],
    ['{"a" 1}', 'expected ":"', 1, 6],
    ['{"ä":tru}', 'expected a value', 1, 6],
    ['["a\nb"]', 'a control character', 1, 4],
    ['["a', 'the string is not closed', 1, 2],
    ['["\\x"]', 'an escape that JSON has not', 1, 3],
    ['[1,]', 'expected a value', 1, 4],
    ['\ufeff{}', 'expected a value', 1, 1],
  ])('refuses %j with the place', (text, what, line, column) => {
    const error = refusal(text);
    expect(error.code).toBe('JSON_INVALID');
    expect(error.message).toContain(what);
    expect(error.place).toMatchObject({ line, column });
  });

  it('counts the offset in bytes and the column in characters', () => {
    expect(refusal('["😀ä" x]').place).toEqual({ source: 'body', line: 1, column: 7, offset: 10 });
  });

  it('takes 32 levels and refuses 33, however many follow', () => {
    expect(parse('['.repeat(32) + ']'.repeat(32))).toBeInstanceOf(Array);
    expect(refusal('['.repeat(33) + ']'.repeat(33)).message).toContain('nest 32 deep');
    expect(refusal('['.repeat(200_000)).message).toContain('nest 32 deep');
    expect(refusal('{"a":'.repeat(45_000)).message).toContain('nest 32 deep');
  });

  it('refuses nothing, and bytes that are not UTF-8', () => {
    expect(refusal('').message).toContain('is empty');
    expect(refusal(' \n').message).toContain('is empty');
    expect(refusal(Buffer.from([0x22, 0xff, 0x22])).message).toContain('UTF-8');
    expect(refusal(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])).message).toContain('UTF-8');
  });

  it('takes two objects with the same keys beside each other', () => {
    expect(parse('[{"a":1},{"a":1}]')).toEqual([{ a: 1 }, { a: 1 }]);
  });
});
