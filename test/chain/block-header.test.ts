import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BlockHeader,
  blockHash,
  blockHashHex,
  canonicalJson,
  decodeHeader,
  encodeHeader,
  encodeUnsignedHeader,
} from '../../src/chain/index.js';
import { anyHeader, HEADER } from './samples.js';

const problemOf = (bytes: Uint8Array): string => {
  const decoded = decodeHeader(bytes);
  return 'problem' in decoded ? decoded.problem : 'no problem';
};

/** A problem in words. The one excluded would mean that the header's expression refuses what the rules allow. */
const SENTENCE = /^(?!The header is not in canonical form)[A-Z].*\.$/;

const changed = (change: Record<string, unknown>): Buffer =>
  Buffer.from(canonicalJson({ ...HEADER, ...change }));

describe('encodeHeader', () => {
  it('writes the RFC 8785 text of the header', () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        expect(encodeHeader(header).toString()).toBe(canonicalJson(header));
      }),
    );
  });

  it('writes the RFC 8785 text without the signature for signing', () => {
    fc.assert(
      fc.property(anyHeader, ({ signature: _, ...unsigned }) => {
        expect(encodeUnsignedHeader(unsigned).toString()).toBe(canonicalJson(unsigned));
      }),
    );
  });
});

describe('blockHash', () => {
  it('is SHA-256 of the bytes, raw and as hex', () => {
    const bytes = encodeHeader(HEADER);
    expect(blockHash(bytes)).toEqual(hash('sha256', bytes, 'buffer'));
    expect(blockHashHex(bytes)).toBe(hash('sha256', bytes, 'hex'));
  });
});

describe('decodeHeader', () => {
  it('reads back every header', () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        expect(decodeHeader(encodeHeader(header))).toEqual({ header });
      }),
      { numRuns: 1000 },
    );
  });

  it('reads a view into a larger buffer that is no Buffer', () => {
    const bytes = encodeHeader(HEADER);
    const larger = new Uint8Array(bytes.length + 9).fill(0x7b);
    larger.set(bytes, 5);
    expect(decodeHeader(larger.subarray(5, 5 + bytes.length))).toEqual({ header: HEADER });
  });

  it('never takes one header for another after a flipped bit', () => {
    const bytes = encodeHeader(HEADER);
    let others = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const decoded = decodeHeader(bytes);
      if ('header' in decoded) {
        others++;
        expect(decoded.header).not.toEqual(HEADER);
        expect(encodeHeader(decoded.header)).toEqual(bytes);
      } else {
        expect(decoded.problem).toMatch(SENTENCE);
      }
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
    // Some flips turn one digit into another, so both branches were taken.
    expect(others).toBeGreaterThan(100);
    expect(others).toBeLessThan(bytes.length * 4);
  });

  it('says what is wrong with any bytes, without throwing, and takes only what it would write', () => {
    const damaged = fc
      .tuple(fc.nat(), fc.nat(600), fc.uint8Array({ maxLength: 12 }))
      .map(([at, length, inserted]) => {
        const bytes = encodeHeader(HEADER);
        const from = at % bytes.length;
        return Buffer.concat([bytes.subarray(0, from), inserted, bytes.subarray(from + (length % 8))]);
      });
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      damaged,
      fc.json().map((json) => Buffer.from(json)),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        const decoded = decodeHeader(bytes);
        if ('header' in decoded) expect(encodeHeader(decoded.header).equals(bytes)).toBe(true);
        else expect(decoded.problem).toMatch(SENTENCE);
      }),
      { numRuns: 3000 },
    );
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an empty chain id', { chainId: '' }, 'The field "chainId" must be 1 to 128 letters'],
    ['a chain id of 129 characters', { chainId: 'a'.repeat(129) }, 'The field "chainId" must be 1 to 128'],
    ['a chain id that begins with a dot', { chainId: '.a' }, 'The field "chainId" must be'],
    ['a chain id with a line break', { chainId: 'a\n' }, 'The field "chainId" must be'],
    ['a chain id beyond ASCII', { chainId: 'é' }, 'The field "chainId" must be'],
    [
      'upper-case hex',
      { historyRoot: 'A'.repeat(64) },
      'The field "historyRoot" must be 64 lower-case hex digits.',
    ],
    [
      'short hex',
      { payloadHash: 'a'.repeat(63) },
      'The field "payloadHash" must be 64 lower-case hex digits.',
    ],
    [
      'long hex',
      { previousHash: 'a'.repeat(65) },
      'The field "previousHash" must be 64 lower-case hex digits.',
    ],
    [
      'a producer that is a number',
      { producer: 1 },
      'The field "producer" must be 64 lower-case hex digits.',
    ],
    ['a negative index', { index: -1 }, 'The field "index" must be an integer from 0 to 9007199254740991.'],
    ['an index as text', { index: '0' }, 'The field "index" must be an integer'],
    ['a size of null', { payloadBytes: null }, 'The field "payloadBytes" must be an integer'],
    [
      'a padded signature',
      { signature: `${HEADER.signature}==` },
      'The field "signature" must be 64 bytes in base64url',
    ],
    [
      'spare bits in the signature',
      { signature: `${HEADER.signature.slice(0, 85)}B` },
      'The field "signature" must be',
    ],
    [
      'a day the month lacks',
      { timestamp: '2026-02-29T00:00:00.000Z' },
      'The field "timestamp" must be a date and time',
    ],
    ['the 31st of April', { timestamp: '2026-04-31T00:00:00.000Z' }, 'The field "timestamp" must be'],
    ['month 13', { timestamp: '2026-13-01T00:00:00.000Z' }, 'The field "timestamp" must be'],
    ['day 0', { timestamp: '2026-01-00T00:00:00.000Z' }, 'The field "timestamp" must be'],
    ['hour 24', { timestamp: '2026-01-01T24:00:00.000Z' }, 'The field "timestamp" must be'],
    ['a leap second', { timestamp: '2016-12-31T23:59:60.000Z' }, 'The field "timestamp" must be'],
    ['microseconds', { timestamp: '2026-01-01T00:00:00.000000Z' }, 'The field "timestamp" must be'],
    ['an offset', { timestamp: '2026-01-01T00:00:00.000+00:00' }, 'The field "timestamp" must be'],
    ['a further field', { note: '' }, 'There is an unknown field "note".'],
    ['a further field with control characters', { '\u009b31m': 1 }, 'There is an unknown field.'],
  ])('refuses %s', (_, change, problem) => {
    expect(problemOf(changed(change))).toContain(problem);
  });

  it.each<[string, string | Uint8Array, string]>([
    ['no bytes', '', 'The text is not JSON.'],
    ['a byte that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'The text is not well-formed UTF-8.'],
    ['a list', '[]', 'The text is not a JSON object.'],
    ['null', 'null', 'The text is not a JSON object.'],
    ['an object without fields', '{}', 'The field "chainId" is missing.'],
    [
      'a header with a line break after it',
      `${encodeHeader(HEADER)}\n`,
      'The text is not in canonical form (RFC 8785).',
    ],
    [
      'a header with a space in it',
      encodeHeader(HEADER).toString().replace(':', ': '),
      'The text is not in canonical form',
    ],
    ['a byte order mark', `\ufeff${encodeHeader(HEADER)}`, 'The text is not JSON.'],
    [
      'an escaped letter',
      encodeHeader(HEADER).toString().replace('pharma', '\\u0070harma'),
      'not in canonical form',
    ],
    ['an exponent', encodeHeader(HEADER).toString().replace(':6700,', ':67e2,'), 'not in canonical form'],
    [
      'minus zero',
      encodeHeader(HEADER).toString().replace('"index":0', '"index":-0'),
      'The field "index" must be',
    ],
    [
      'a leading zero',
      encodeHeader(HEADER).toString().replace('"index":0', '"index":00'),
      'The text is not JSON.',
    ],
    [
      '2^53',
      encodeHeader(HEADER).toString().replace(':6700,', ':9007199254740992,'),
      'The field "payloadBytes" must be',
    ],
    [
      '17 digits',
      encodeHeader(HEADER).toString().replace(':6700,', ':10000000000000000,'),
      'The field "payloadBytes"',
    ],
    ['a field twice', encodeHeader(HEADER).toString().replace('{', '{"index":0,'), 'not in canonical form'],
    ['a megabyte', Buffer.alloc(1_000_000, 0x20), 'The text has 1000000 bytes, more than the 1024 allowed.'],
  ])('refuses %s', (_, text, problem) => {
    expect(problemOf(Buffer.from(text as Uint8Array))).toContain(problem);
  });

  it('refuses every header with one field left out', () => {
    for (const name of Object.keys(HEADER) as (keyof BlockHeader)[]) {
      const { [name]: _, ...rest } = HEADER;
      expect(problemOf(Buffer.from(canonicalJson(rest)))).toBe(`The field "${name}" is missing.`);
    }
  });

  it('takes the longest header there can be', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const longest = {
      ...HEADER,
      chainId: 'a'.repeat(128),
      index: most,
      payloadBytes: most,
      quadCount: most,
      transactionCount: most,
    };
    expect(decodeHeader(encodeHeader(longest))).toEqual({ header: longest });
  });

  it.each(['2024-02-29T00:00:00.000Z', '2000-02-29T12:30:30.500Z', '0000-01-01T00:00:00.000Z'])(
    'takes the real date %s',
    (timestamp) => {
      expect(decodeHeader(changed({ timestamp }))).toEqual({ header: { ...HEADER, timestamp } });
    },
  );

  it('agrees with the calendar of the platform on every day of 400 years', () => {
    for (let year = 1800; year < 2200; year++) {
      for (const [month, day] of [
        [2, 28],
        [2, 29],
        [2, 30],
        [4, 30],
        [4, 31],
        [12, 31],
      ]) {
        const date = `${year}-${String(month).padStart(2, '0')}-${day}`;
        const real = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
        expect('header' in decodeHeader(changed({ timestamp: `${date}T00:00:00.000Z` })), date).toBe(real);
      }
    }
  });
});
