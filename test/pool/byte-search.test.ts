import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteSearch } from '../../src/pool/byte-search.js';

const texts = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', '<'), maxLength }).map((text) => Buffer.from(text));

describe('ByteSearch', () => {
  it('finds what Buffer.indexOf finds, from any offset', () => {
    fc.assert(
      fc.property(texts(12), texts(200), fc.nat(200), (needle, text, from) => {
        fc.pre(needle.length > 0);
        expect(new ByteSearch(needle).indexIn(text, from)).toBe(text.indexOf(needle, from));
      }),
      { numRuns: 5000 },
    );
  });

  it('finds in texts made for the needle what Buffer.indexOf finds, when it has stopped to skip', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), fc.integer({ min: 0, max: 400 }), (front, back, runs) => {
        const needle = Buffer.from(`${'a'.repeat(front)}b${'a'.repeat(back)}`);
        const text = Buffer.from(`${'a'.repeat(runs)}c${'a'.repeat(runs)}b${'a'.repeat(runs)}`);
        expect(new ByteSearch(needle).indexIn(text)).toBe(text.indexOf(needle));
      }),
      { numRuns: 3000 },
    );
  });
});
