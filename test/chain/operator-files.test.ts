import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type Anchor,
  canonicalJson,
  decodeAnchor,
  decodeReplicaName,
  decodeTrustRoot,
  encodeAnchor,
  encodeReplicaName,
  encodeTrustRoot,
  FORMAT_NATIVE,
  idProblem,
  nextTimestamp,
  producerOf,
  signAnchor,
  verifyAnchor,
  ZERO_HASH,
} from '../../src/chain/index.js';
import { KEY, rawHash, seededKey } from './samples.js';

const UNSIGNED: Omit<Anchor, 'signature'> = {
  chainId: 'demo',
  hash: rawHash('head').toString('hex'),
  historyRoot: rawHash('root').toString('hex'),
  index: 41,
  producer: producerOf(KEY),
  timestamp: '2026-01-31T12:00:00.000Z',
};

describe('anchor', () => {
  const anchor = signAnchor(UNSIGNED, KEY);

  it('is signed over "provchain-anchor/1", a line break and the RFC 8785 text without the signature', () => {
    const input = Buffer.from(`provchain-anchor/1\n${canonicalJson(UNSIGNED)}`);
    expect(verify(null, input, createPublicKey(KEY), Buffer.from(anchor.signature, 'base64url'))).toBe(true);
    expect(verifyAnchor(anchor)).toBe(true);
  });

  it('reads back from its file', () => {
    expect(encodeAnchor(anchor).toString()).toBe(canonicalJson(anchor));
    expect(decodeAnchor(encodeAnchor(anchor))).toEqual({ anchor });
  });

  it('is refused after any flipped bit', () => {
    const bytes = encodeAnchor(anchor);
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const decoded = decodeAnchor(bytes);
      expect('anchor' in decoded && verifyAnchor(decoded.anchor), `bit ${bit}`).toBe(false);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  });

  it('is refused with white space, which the product never writes', () => {
    expect(decodeAnchor(Buffer.from(`${encodeAnchor(anchor)}\n`))).toEqual({
      problem: 'The text is not in canonical form (RFC 8785).',
    });
  });

  it('throws INTERNAL when the key is not the producer’s', () => {
    expect(() => signAnchor(UNSIGNED, seededKey(9))).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});

describe('chain.json', () => {
  const producers = [producerOf(KEY), producerOf(seededKey(1))].sort();
  const trust = { chainId: 'demo', format: FORMAT_NATIVE, genesisHash: ZERO_HASH, producers } as const;
  const decode = (text: string) => decodeTrustRoot(Buffer.from(text));

  it('is RFC 8785 text with sorted producers, each once', () => {
    const written = encodeTrustRoot({ ...trust, producers: [...producers, ...producers].reverse() });
    expect(written.toString()).toBe(canonicalJson(trust));
    expect(decodeTrustRoot(written)).toEqual({ trust });
  });

  it('may be formatted by hand, in any order and with a byte order mark', () => {
    const byHand = JSON.stringify(Object.fromEntries(Object.entries(trust).reverse()), null, 4);
    expect(decode(`\ufeff${byHand}\r\n`)).toEqual({ trust });
    expect(decode(JSON.stringify({ ...trust, producers: [...producers].reverse() }))).toEqual({ trust });
  });

  it('is refused when a field appears twice, however it is written', () => {
    const text = JSON.stringify(trust);
    expect(decode(text.replace('{', '{"chainId":"demo",'))).toEqual({ problem: 'A field appears twice.' });
    expect(decode(text.replace('{', '{"chain\\u0049d" : "demo",'))).toEqual({
      problem: 'A field appears twice.',
    });
  });

  it.each<[string, string, string]>([
    [
      'no producers',
      JSON.stringify({ ...trust, producers: [] }),
      'The field "producers" must be a list of 1 to 1024',
    ],
    [
      'a producer twice',
      JSON.stringify({ ...trust, producers: [producers[0], producers[0]] }),
      'different items',
    ],
    [
      'a key of small order',
      JSON.stringify({ ...trust, producers: [`01${'00'.repeat(31)}`] }),
      'each the hex of an Ed25519 public key',
    ],
    ['a further field', JSON.stringify({ ...trust, quorum: 2 }), 'There is an unknown field "quorum".'],
    [
      'a missing field',
      JSON.stringify({ ...trust, genesisHash: undefined }),
      'The field "genesisHash" is missing.',
    ],
    ['a comment', `// trusted\n${JSON.stringify(trust)}`, 'The text is not JSON.'],
    ['two megabytes', ' '.repeat(2 ** 21), 'The text has 2097152 bytes'],
  ])('is refused with %s', (_, text, problem) => {
    expect(decode(text)).toEqual({ problem: expect.stringContaining(problem) });
  });
});

describe('replica.json', () => {
  it('is RFC 8785 text and reads back', () => {
    expect(encodeReplicaName({ replicaId: 'node-1' }).toString()).toBe('{"replicaId":"node-1"}');
    expect(decodeReplicaName(Buffer.from(' {"replicaId": "node-1"}\n'))).toEqual({
      replica: { replicaId: 'node-1' },
    });
  });

  it('is refused with an id that has a slash', () => {
    expect(decodeReplicaName(Buffer.from('{"replicaId":"a/b"}'))).toEqual({
      problem: expect.stringContaining('The field "replicaId" must be 1 to 128 letters'),
    });
  });
});

describe('idProblem', () => {
  it('says what an id is, or nothing', () => {
    expect(idProblem('pharma:eu-1')).toBeUndefined();
    expect(idProblem('-a')).toMatch(/^An id is 1 to 128 letters/);
  });
});

describe('nextTimestamp', () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

  it('is now', () => {
    expect(nextTimestamp(undefined, now)).toBe('2026-01-02T03:04:05.006Z');
    expect(nextTimestamp('2026-01-02T03:04:05.005Z', now)).toBe('2026-01-02T03:04:05.006Z');
    expect(nextTimestamp(undefined, now + 0.9)).toBe('2026-01-02T03:04:05.006Z');
  });

  it('is the previous block’s when the clock was set back', () => {
    expect(nextTimestamp('2026-01-02T03:04:05.007Z', now)).toBe('2026-01-02T03:04:05.007Z');
    expect(nextTimestamp('9999-12-31T23:59:59.999Z', now)).toBe('9999-12-31T23:59:59.999Z');
  });

  it.each([Number.NaN, 1e20, Date.UTC(10000, 0), Date.UTC(-1, 11)])(
    'throws INTERNAL for the clock %s',
    (clock) => {
      expect(() => nextTimestamp(undefined, clock)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    },
  );
});
