/**
 * The anchor: a signed copy of the chain's head in a file of its own (`anchor.json`). Whoever rolls the database
 * back, or cuts its end off, has to produce an older anchor too.
 */
import type { KeyObject } from 'node:crypto';
import { ProvChainError } from '../errors.js';
import { canonicalJson } from './canonical-json.js';
import { COUNT, HEX_32, ID, SIGNATURE, TIMESTAMP } from './field-rules.js';
import { decodeExact } from './record.js';
import { signText, verifyText } from './signature.js';

export interface Anchor {
  readonly chainId: string;
  /** Hex hash of block `index`. */
  readonly hash: string;
  /** Hex tree hash over the blocks 0…index−1, as in the header of a native block `index`. */
  readonly historyRoot: string;
  readonly index: number;
  /** Hex public key of the writer that made the anchor. */
  readonly producer: string;
  readonly signature: string;
  /** Timestamp of block `index`, or of the import. */
  readonly timestamp: string;
}

const ANCHOR_PREFIX = Buffer.from('provchain-anchor/1\n');
const ANCHOR_LIMIT_BYTES = 1024;
const ANCHOR_RULES = {
  chainId: ID,
  hash: HEX_32,
  historyRoot: HEX_32,
  index: COUNT,
  producer: HEX_32,
  signature: SIGNATURE,
  timestamp: TIMESTAMP,
};

/**
 * The anchor with its signature. `producer` must be the private key's. Throws INTERNAL when it is not, or when a
 * field breaks the rules of the format.
 */
export function signAnchor(unsigned: Omit<Anchor, 'signature'>, privateKey: KeyObject): Anchor {
  const signature = signText(ANCHOR_PREFIX, signedText(unsigned), unsigned.producer, privateKey);
  const decoded = decodeAnchor(encodeAnchor({ ...unsigned, signature }));
  if ('problem' in decoded)
    throw new ProvChainError('INTERNAL', `the new anchor is unusable: ${decoded.problem}`);
  return decoded.anchor;
}

/** The bytes of `anchor.json`. */
export function encodeAnchor(anchor: Anchor): Buffer {
  const { chainId, hash, historyRoot, index, producer, signature, timestamp } = anchor;
  return Buffer.from(canonicalJson({ chainId, hash, historyRoot, index, producer, signature, timestamp }));
}

/** The anchor in the bytes of `anchor.json`, or a sentence saying why they hold none. Never throws. */
export function decodeAnchor(bytes: Uint8Array): { anchor: Anchor } | { problem: string } {
  const decoded = decodeExact<Anchor>(bytes, ANCHOR_RULES, ANCHOR_LIMIT_BYTES);
  return 'problem' in decoded ? decoded : { anchor: decoded.value };
}

/** Whether an anchor that {@link decodeAnchor} has read is signed by the producer it names. Never throws. */
export function verifyAnchor(anchor: Anchor): boolean {
  return verifyText(ANCHOR_PREFIX, signedText(anchor), anchor.producer, anchor.signature);
}

function signedText(anchor: Omit<Anchor, 'signature'>): Buffer {
  const { chainId, hash, historyRoot, index, producer, timestamp } = anchor;
  return Buffer.from(canonicalJson({ chainId, hash, historyRoot, index, producer, timestamp }));
}
