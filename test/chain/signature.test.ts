import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalJson,
  decodeProducerKey,
  encodeHeader,
  encodeProducerKey,
  generateProducerKey,
  isUsablePoint,
  producerOf,
  signHeader,
  verifyHeader,
} from '../../src/chain/index.js';
import { HEADER, KEY, seededKey, UNSIGNED } from './samples.js';

describe('signHeader', () => {
  it('signs "provchain/1", a line break and the RFC 8785 text without the signature', () => {
    const { signature, ...unsigned } = HEADER;
    const input = Buffer.from(`provchain/1\n${canonicalJson(unsigned)}`);
    expect(verify(null, input, createPublicKey(KEY), Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('throws INTERNAL when the key is not the producer’s', () => {
    expect(() => signHeader(UNSIGNED, seededKey(8))).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it.each([
    ['a chain id with a quotation mark', { chainId: 'a"b' }],
    ['a fraction', { quadCount: 1.5 }],
    ['a timestamp that is none', { timestamp: 'today' }],
  ])('throws INTERNAL for %s', (_, change) => {
    expect(() => signHeader({ ...UNSIGNED, ...change }, KEY)).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });
});

describe('verifyHeader', () => {
  it('accepts a signed header, decoded or as bytes', () => {
    expect(verifyHeader(HEADER)).toBe(true);
    expect(verifyHeader(encodeHeader(HEADER))).toBe(true);
  });

  it('refuses the header after any flipped bit', () => {
    const bytes = encodeHeader(HEADER);
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] ^= 1 << (bit & 7);
        expect(verifyHeader(flipped)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses bytes that are no header', () => {
    expect(verifyHeader(Buffer.from('{}'))).toBe(false);
    expect(verifyHeader(new Uint8Array())).toBe(false);
  });

  it('refuses a signature made for another purpose', () => {
    const text = Buffer.from(`provchain-anchor/1\n${canonicalJson(UNSIGNED)}`);
    expect(verifyHeader({ ...HEADER, signature: sign(null, text, KEY).toString('base64url') })).toBe(false);
  });

  it('refuses a signature whose S is not reduced (RFC 8032 §5.1.7)', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const raw = Buffer.from(HEADER.signature, 'base64url');
    let s = order;
    for (let i = 0; i < 32; i++) s += BigInt(raw[32 + i]) << BigInt(8 * i);
    for (let i = 0; i < 32; i++) raw[32 + i] = Number((s >> BigInt(8 * i)) & 255n);
    expect(verifyHeader({ ...HEADER, signature: raw.toString('base64url') })).toBe(false);
  });

  it('refuses a signature whose R is of small order, which its own producer can make and only some versions of Node refuse', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const seed = Buffer.from(KEY.export({ format: 'jwk' }).d!, 'base64url');
    const scalar = createHash('sha512').update(seed).digest().subarray(0, 32);
    scalar[0]! &= 248;
    scalar[31] = (scalar[31]! & 127) | 64;
    const text = Buffer.from(`provchain/1\n${canonicalJson(UNSIGNED)}`);
    // R is the neutral element, as if the secret number of the signature had been 0.
    const r = Buffer.from(`01${'00'.repeat(31)}`, 'hex');
    const digest = createHash('sha512').update(r).update(Buffer.from(UNSIGNED.producer, 'hex')).update(text);
    const s = (littleEndian(digest.digest()) * littleEndian(scalar)) % order;
    const reversed = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
    const signature = Buffer.concat([r, reversed]);
    const [major] = process.versions.node.split('.').map(Number);
    if (major! < 24) expect(verify(null, text, createPublicKey(KEY), signature)).toBe(true);
    expect(verifyHeader({ ...UNSIGNED, signature: signature.toString('base64url') })).toBe(false);
  });

  it('refuses a producer that is no point of the curve', () => {
    expect(verifyHeader({ ...HEADER, producer: `02${'00'.repeat(31)}` })).toBe(false);
  });

  it('keeps telling producers apart when there are more than it remembers', () => {
    const signed = Array.from({ length: 300 }, () => {
      const key = generateProducerKey();
      return signHeader({ ...UNSIGNED, producer: producerOf(key) }, key);
    });
    expect(signed.every((header) => verifyHeader(header))).toBe(true);
    expect(verifyHeader({ ...signed[0], producer: signed[1].producer })).toBe(false);
    expect(verifyHeader(signed[0])).toBe(true);
  });
});

describe('a producer of small order', () => {
  const clear = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ];
  const withSign = clear.map((hex) => {
    const raw = Buffer.from(hex, 'hex');
    raw[31] |= 0x80;
    return raw.toString('hex');
  });
  const all = [...clear, ...withSign];

  it.each(all)(
    '%s lets anybody sign as far as OpenSSL goes, and is refused here in every version of Node',
    (producer) => {
      const x = Buffer.from(producer, 'hex').toString('base64url');
      const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
      // With S = 0 the signature is right if R = −k·A, and of those there are eight at most.
      const tried = Array.from({ length: 60 }, (_, index) => ({ ...UNSIGNED, producer, index })).flatMap(
        (unsigned) =>
          all.map((r) => ({ unsigned, signature: Buffer.concat([Buffer.from(r, 'hex'), Buffer.alloc(32)]) })),
      );
      const [major] = process.versions.node.split('.').map(Number);
      if (major! < 24) {
        const forged = tried.filter(({ unsigned, signature }) =>
          verify(null, Buffer.from(`provchain/1\n${canonicalJson(unsigned)}`), publicKey, signature),
        );
        expect(forged.length).toBeGreaterThan(0);
      }
      const headers = tried.map(({ unsigned, signature }) => ({
        ...unsigned,
        signature: signature.toString('base64url'),
      }));
      expect(headers.some((header) => verifyHeader(header))).toBe(false);
      expect(isUsablePoint(producer)).toBe(false);
    },
  );

  it('does not take ordinary keys with it', () => {
    for (let i = 0; i < 50; i++) expect(isUsablePoint(producerOf(generateProducerKey()))).toBe(true);
    // The largest reduced y, and a key that only ends like the refused ones.
    expect(isUsablePoint(`eb${'ff'.repeat(30)}7f`)).toBe(true);
    expect(isUsablePoint(`${'00'.repeat(30)}ff7f`)).toBe(true);
  });

  it('comes with every y of 2^255−19 or more, which RFC 8032 §5.1.3 does not decode', () => {
    for (let low = 0xed; low <= 0xff; low++) {
      expect(isUsablePoint(`${low.toString(16)}${'ff'.repeat(30)}7f`)).toBe(false);
      expect(isUsablePoint(`${low.toString(16)}${'ff'.repeat(31)}`)).toBe(false);
    }
  });
});

describe('producer keys', () => {
  it('survive their PEM file', () => {
    const key = generateProducerKey();
    const pem = encodeProducerKey(key);
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(producerOf(decodeProducerKey(pem))).toBe(producerOf(key));
    expect(producerOf(decodeProducerKey(Buffer.from(pem)))).toBe(producerOf(key));
  });

  it('have the public key of RFC 8032 §7.1, test 1', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    const pem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
    expect(producerOf(decodeProducerKey(pem))).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
  });

  it.each([
    ['text', 'not a key'],
    ['nothing', ''],
    ['a public key', createPublicKey(KEY).export({ format: 'pem', type: 'spki' }).toString()],
    [
      'an encrypted key',
      KEY.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' }).toString(),
    ],
    [
      'a key of another kind',
      generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    ],
  ])('throws NO_PRODUCER_KEY with the file for %s', (_, pem) => {
    expect(() => decodeProducerKey(pem, 'keys/producer.pem')).toThrow(
      expect.objectContaining({ code: 'NO_PRODUCER_KEY', place: { source: 'keys/producer.pem' } }),
    );
  });
});

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
