/** Ed25519 keys (RFC 8032) of producers: who may append to a chain. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ProvChainError } from '../errors.js';

/** A new random key. */
export function generateProducerKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

const producers = new WeakMap<KeyObject, string>();

/** Lower-case hex of the raw 32-byte public key that belongs to an Ed25519 private key. */
export function producerOf(privateKey: KeyObject): string {
  let producer = producers.get(privateKey);
  if (producer === undefined) {
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
    producer = Buffer.from(x!, 'base64url').toString('hex');
    producers.set(privateKey, producer);
  }
  return producer;
}

/** PKCS #8 PEM (RFC 8410), unencrypted: the file belongs in mode 0600. */
export function encodeProducerKey(privateKey: KeyObject): string {
  return privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
}

/**
 * The private key in a PKCS #8 PEM text. Throws NO_PRODUCER_KEY when the text is not a key, or a key of another
 * kind; `source` names the file in the error. The message never quotes the text.
 */
export function decodeProducerKey(pem: string | Uint8Array, source?: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: typeof pem === 'string' ? pem : Buffer.from(pem), format: 'pem' });
  } catch {
    throw new ProvChainError('NO_PRODUCER_KEY', 'the producer key is not an unencrypted PKCS #8 PEM file', {
      place: { source },
    });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new ProvChainError(
      'NO_PRODUCER_KEY',
      `the producer key is of type ${key.asymmetricKeyType}, not ed25519`,
      {
        place: { source },
      },
    );
  }
  return key;
}

/**
 * Encodings of the points of small order, the sign bit (the top bit) cleared. With such a key, anybody can make
 * signatures that OpenSSL accepts for about any message: it neither refuses these points nor multiplies by the
 * cofactor. Newer versions of Node refuse them by themselves, as keys and as R of a signature, and older ones do not
 * (20.20 and 22.23 do not, 24.21 does): what is refused here is refused by all of them alike.
 */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/** y ≥ p = 2^255−19, which RFC 8032 §5.1.3 refuses and OpenSSL takes modulo p: one key with two names. */
const NOT_REDUCED = /^(?:e[d-f]|f[0-9a-f])(?:ff){30}7f$/;

/**
 * Whether 64 lower-case hex digits can be a signer's key, or the R of a signature: canonically encoded and not of small
 * order. Whether it is a point of the curve at all only shows when a signature is checked.
 */
export function isUsablePoint(point: string): boolean {
  const topDigit = (Number.parseInt(point[62], 16) & 7).toString(16);
  const withoutSign = point.slice(0, 62) + topDigit + point[63];
  return !SMALL_ORDER.has(withoutSign) && !NOT_REDUCED.test(withoutSign);
}

/** Public keys in use at once are few; the bound is there because an attacker names the producers in headers. */
const PUBLIC_KEY_LIMIT = 256;
const publicKeys = new Map<string, KeyObject | undefined>();

/** Public key of a producer (64 lower-case hex digits), or undefined for one that no signer can have. Remembered. */
export function publicKeyOf(producer: string): KeyObject | undefined {
  if (publicKeys.has(producer)) return publicKeys.get(producer);
  const key = isUsablePoint(producer) ? importPublicKey(producer) : undefined;
  if (publicKeys.size >= PUBLIC_KEY_LIMIT) publicKeys.clear();
  publicKeys.set(producer, key);
  return key;
}

function importPublicKey(producer: string): KeyObject {
  const x = Buffer.from(producer, 'hex').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
