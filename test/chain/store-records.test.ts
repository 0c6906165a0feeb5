import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blockKey,
  decodeChainRecord,
  decodeHeadRecord,
  encodeChainRecord,
  encodeHeadRecord,
  encodeStoredHeader,
  FORMAT_LEGACY,
  FORMAT_NATIVE,
  indexOfKey,
  placeOfTreeKey,
  splitStoredHeader,
  treeKey,
  ZERO_HASH,
} from '../../src/chain/index.js';
import { rawHash } from './samples.js';

describe('store keys', () => {
  it('hold the index as eight big-endian bytes', () => {
    expect(blockKey(0).toString('hex')).toBe('0000000000000000');
    expect(blockKey(2 ** 32 + 258).toString('hex')).toBe('0000000100000102');
    expect(indexOfKey(blockKey(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('sort in byte order as their blocks do, and read back', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        expect(Buffer.compare(blockKey(a), blockKey(b))).toBe(Math.sign(a - b));
        expect(indexOfKey(blockKey(a))).toBe(a);
      }),
    );
  });

  it.each(['', '00', '00000000000000', '000000000000000000', '0020000000000000', 'ffffffffffffffff'])(
    'belong to no block when they are %s',
    (hex) => {
      expect(indexOfKey(Buffer.from(hex, 'hex'))).toBeUndefined();
    },
  );

  it('name a subtree by "t", level and position', () => {
    expect(treeKey(3, 513).toString('hex')).toBe('74030000000000000201');
    expect(placeOfTreeKey(treeKey(3, 513))).toEqual({ level: 3, position: 513 });
    expect(placeOfTreeKey(treeKey(52, 0))).toEqual({ level: 52, position: 0 });
  });

  it.each([
    ['level 0, which is never stored', treeKey(0, 1)],
    ['level 53', treeKey(53, 0)],
    ['leaves beyond the safe integers', treeKey(52, 1)],
    ['another letter', Buffer.concat([Buffer.from('u'), treeKey(1, 0).subarray(1)])],
    ['another length', treeKey(1, 0).subarray(0, 9)],
    ['the head key', Buffer.from('head')],
  ])('name no subtree with %s', (_, key) => {
    expect(placeOfTreeKey(key)).toBeUndefined();
  });
});

describe('head record', () => {
  it('is RFC 8785 text and reads back', () => {
    const head = { hash: ZERO_HASH, index: 12 };
    expect(encodeHeadRecord(head).toString()).toBe(`{"hash":"${ZERO_HASH}","index":12}`);
    expect(decodeHeadRecord(encodeHeadRecord(head))).toEqual({ head });
  });

  it.each([
    ['{}', 'The field "hash" is missing.'],
    [`{"hash":"${ZERO_HASH}","index":-1}`, 'The field "index" must be an integer'],
    [`{"hash":"${ZERO_HASH}","index":1,"more":1}`, 'There is an unknown field "more".'],
    [`{"index":1,"hash":"${ZERO_HASH}"}`, 'The text is not in canonical form'],
    [`{"hash":"00","index":1}`, 'The field "hash" must be 64 lower-case hex digits.'],
    ['x'.repeat(2000), 'The text has 2000 bytes'],
  ])('is refused as %s', (text, problem) => {
    expect(decodeHeadRecord(Buffer.from(text))).toEqual({ problem: expect.stringContaining(problem) });
  });
});

describe('chain record', () => {
  it.each([FORMAT_NATIVE, FORMAT_LEGACY] as const)('of format %s reads back', (format) => {
    const chain = { chainId: 'demo', format };
    expect(encodeChainRecord(chain).toString()).toBe(`{"chainId":"demo","format":"${format}"}`);
    expect(decodeChainRecord(encodeChainRecord(chain))).toEqual({ chain });
  });

  it('is refused with a format nobody knows', () => {
    expect(decodeChainRecord(Buffer.from('{"chainId":"demo","format":"provchain/2"}'))).toEqual({
      problem: 'The field "format" must be one of provchain/1, provchain-org/0.',
    });
  });
});

describe('stored header', () => {
  it('is the raw hash, then the header', () => {
    const value = encodeStoredHeader(rawHash('a'), Buffer.from('header'));
    const parts = splitStoredHeader(value);
    expect(Buffer.from(parts?.hash ?? []).toString('hex')).toBe(rawHash('a').toString('hex'));
    expect(Buffer.from(parts?.header ?? []).toString()).toBe('header');
  });

  it('is refused when it is shorter than a hash', () => {
    expect(splitStoredHeader(Buffer.alloc(31))).toBeUndefined();
    expect(splitStoredHeader(Buffer.alloc(32))?.header).toHaveLength(0);
  });
});
