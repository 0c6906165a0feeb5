import { createPrivateKey, hash, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { producerOf, signHeader, type UnsignedHeader, ZERO_HASH } from '../../src/chain/index.js';

/** The Ed25519 key whose seed is 32 times the same byte (RFC 8410 wrapping). */
export function seededKey(byte: number): KeyObject {
  const wrapping = Buffer.from('302e020100300506032b657004220420', 'hex');
  return createPrivateKey({
    key: Buffer.concat([wrapping, Buffer.alloc(32, byte)]),
    format: 'der',
    type: 'pkcs8',
  });
}

export const KEY = seededKey(7);

/** Raw hash that stands for some block. */
export const rawHash = (text: string): Buffer => hash('sha256', text, 'buffer');

export const UNSIGNED: UnsignedHeader = {
  chainId: 'pharma:eu-1',
  historyRoot: hash('sha256', ''),
  index: 0,
  payloadBytes: 6700,
  payloadHash: hash('sha256', 'payload'),
  previousHash: ZERO_HASH,
  producer: producerOf(KEY),
  quadCount: 64,
  timestamp: '2026-02-28T23:59:59.999Z',
  transactionCount: 3,
};

export const HEADER = signHeader(UNSIGNED, KEY);

const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((raw) => Buffer.from(raw).toString('hex'));
const count = fc.oneof(fc.nat(99), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER));

/** Headers with arbitrary allowed fields; the signature is 64 arbitrary bytes. */
export const anyHeader = fc.record({
  chainId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/),
  historyRoot: hex32,
  index: count,
  payloadBytes: count,
  payloadHash: hex32,
  previousHash: hex32,
  producer: hex32,
  quadCount: count,
  signature: fc
    .uint8Array({ minLength: 64, maxLength: 64 })
    .map((raw) => Buffer.from(raw).toString('base64url')),
  timestamp: fc
    .date({
      min: new Date('0000-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString()),
  transactionCount: count,
});
