/**
 * Signatures of headers: Ed25519 over "provchain/1\n" ‖ the RFC 8785 text of the header without its signature.
 * The prefix keeps a signature of one kind from being passed off as one of another.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { ProvChainError } from '../errors.js';
import {
  type BlockHeader,
  decodeHeader,
  encodeHeader,
  encodeUnsignedHeader,
  type UnsignedHeader,
} from './block-header.js';
import { isUsablePoint, producerOf, publicKeyOf } from './producer-key.js';

const HEADER_PREFIX = Buffer.from('provchain/1\n');

/**
 * The header with its signature. `producer` must be the private key's. Throws INTERNAL when it is not, or when a
 * field breaks the rules of the format: nothing is signed that decoding would refuse.
 */
export function signHeader(unsigned: UnsignedHeader, privateKey: KeyObject): BlockHeader {
  const signature = signText(HEADER_PREFIX, encodeUnsignedHeader(unsigned), unsigned.producer, privateKey);
  const decoded = decodeHeader(encodeHeader({ ...unsigned, signature }));
  if ('problem' in decoded)
    throw new ProvChainError('INTERNAL', `the new header is unusable: ${decoded.problem}`);
  return decoded.header;
}

/**
 * Whether a header, as bytes or as {@link decodeHeader} has read it, is signed by the producer it names (about
 * 75 µs, nearly all of it Ed25519). False for bytes that are no header, and for a producer that no signer can be.
 * Whether the producer is trusted is another question. Never throws.
 */
export function verifyHeader(header: BlockHeader | Uint8Array): boolean {
  if (header instanceof Uint8Array) {
    const decoded = decodeHeader(header);
    return 'header' in decoded && verifyHeader(decoded.header);
  }
  return verifyText(HEADER_PREFIX, encodeUnsignedHeader(header), header.producer, header.signature);
}

/** Base64url signature over prefix ‖ text. Throws INTERNAL when `producer` is not the private key's. */
export function signText(
  prefix: Uint8Array,
  text: Uint8Array,
  producer: string,
  privateKey: KeyObject,
): string {
  if (producerOf(privateKey) !== producer) {
    throw new ProvChainError('INTERNAL', 'the producer named is not the owner of the private key');
  }
  return sign(null, Buffer.concat([prefix, text]), privateKey).toString('base64url');
}

/**
 * Whether a signature (86 characters of base64url) over prefix ‖ text is the producer's: by RFC 8032 §5.1.7, and with
 * neither key nor R of small order, which an honest signer never makes and only some versions of Node refuse. Never throws.
 */
export function verifyText(
  prefix: Uint8Array,
  text: Uint8Array,
  producer: string,
  signature: string,
): boolean {
  const publicKey = publicKeyOf(producer);
  const raw = Buffer.from(signature, 'base64url');
  if (publicKey === undefined || !isUsablePoint(raw.toString('hex', 0, 32))) return false;
  return verify(null, Buffer.concat([prefix, text]), publicKey, raw);
}
