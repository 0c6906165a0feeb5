import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalize,
  countQuads,
  WORKLOAD_PROFILES,
  type WorkloadProfile,
  workloadDocument,
} from '../../src/rdf/index.js';

const count = (document: string) => countQuads(Buffer.from(document));
const S = '<a:s>';
const P = '<a:p>';

describe('countQuads', () => {
  it.each([
    ['nothing', '', 0, 0],
    ['a default-graph quad', `${S} ${P} <a:o> .\n`, 1, 1],
    ['an object that is a graph elsewhere', `${S} ${P} <a:g> .\n${S} ${P} <a:o> <a:g> .\n`, 2, 2],
    ['an object that was a graph before', `${S} ${P} <a:o> <a:g> .\n${S} <a:q> <a:g> .\n`, 2, 2],
    ['a blank object that is a graph elsewhere', `${S} ${P} <a:o> _:c14n0 .\n${S} <a:q> _:c14n0 .\n`, 2, 2],
    ['a datatype that is a graph elsewhere', `${S} ${P} "x"^^<a:g> .\n${S} ${P} "x"^^<a:t> <a:g> .\n`, 2, 2],
    ['a literal that looks like a graph', `${S} ${P} "> <a:g> ." .\n${S} ${P} "_:c14n0 ." .\n`, 2, 1],
    ['a literal with quotation marks', `${S} ${P} "\\" <a:g> ." .\n`, 1, 1],
    [
      'language tags',
      `${S} ${P} "x"@en .\n${S} ${P} "x"@en <a:g> .\n${S} ${P} "x y"@en-GB _:c14n0 .\n`,
      3,
      3,
    ],
    ['alternating graphs', `${S} ${P} "1" <a:g> .\n${S} ${P} "2" <a:h> .\n${S} ${P} "3" <a:g> .\n`, 3, 2],
    [
      'a graph that begins like another',
      `${S} ${P} "1" <a:g> .\n${S} ${P} "2" <a:gg> .\n${S} ${P} "3" <a:g> .\n`,
      3,
      2,
    ],
    ['blank subjects', `_:c14n0 ${P} _:c14n1 _:c14n2 .\n_:c14n1 ${P} "x" .\n`, 2, 2],
  ])('counts %s', (_name, document, quads, transactions) => {
    expect(count(document)).toEqual({ quads, transactions });
    const canonical = canonicalize(Buffer.from(document));
    expect([canonical.quads, canonical.transactions]).toEqual([quads, transactions]);
  });

  it('counts as canonicalize does', () => {
    for (const profile of Object.keys(WORKLOAD_PROFILES) as WorkloadProfile[]) {
      for (let index = 0; index < 50; index++) {
        const { bytes, quads, transactions } = canonicalize(
          Buffer.from(workloadDocument(profile, index, { quads: 40 })),
        );
        expect(countQuads(bytes)).toEqual({ quads, transactions });
      }
    }
  });

  it('gives some numbers, the same each time, for anything', () => {
    const pieces = fc.constantFrom(
      ' ',
      '\n',
      '.',
      ' .\n',
      '<',
      '>',
      '"',
      '@',
      '_:',
      '^^',
      '\\',
      '\0',
      'é',
      '<a:b> ',
      '"x" ',
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.array(pieces, { maxLength: 60 })),
        (garbage) => {
          const bytes = garbage instanceof Uint8Array ? garbage : Buffer.from(garbage.join(''));
          const counted = countQuads(bytes);
          expect(countQuads(Uint8Array.from(bytes))).toEqual(counted);
          expect(counted.quads).toBeGreaterThanOrEqual(bytes.length > 0 ? 1 : 0);
          expect(counted.quads).toBeLessThanOrEqual(bytes.length);
          expect(counted.transactions).toBeLessThanOrEqual(counted.quads);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
