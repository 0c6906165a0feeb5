/**
 * The two files of a chain directory that belong to its operator: `chain.json`, which says what is trusted, and
 * `replica.json`, which names this copy. The product writes them in canonical form and accepts them in any,
 * because people edit them.
 */
import { canonicalJson } from './canonical-json.js';
import { type FieldRule, HEX_32, ID, listOf, oneOf } from './field-rules.js';
import { isUsablePoint } from './producer-key.js';
import { decodeByHand } from './record.js';
import { CHAIN_FORMATS, type ChainFormat } from './store-records.js';

export interface TrustRoot {
  readonly chainId: string;
  readonly format: ChainFormat;
  /** Hex hash of block 0. */
  readonly genesisHash: string;
  /** Hex public keys whose signatures are trusted: sorted, each once, 1 to 1,024 of them. */
  readonly producers: readonly string[];
}

export interface ReplicaName {
  readonly replicaId: string;
}

const PRODUCER_LIMIT = 1024;
const FILE_LIMIT_BYTES = 1024 * 1024;

/** A key of small order would let anybody sign, so it cannot be trusted even by mistake. */
const PRODUCER: FieldRule = {
  wanted: 'the hex of an Ed25519 public key (64 lower-case digits)',
  holds: (value) => HEX_32.holds(value) && isUsablePoint(value as string),
};

const TRUST_RULES = {
  chainId: ID,
  format: oneOf(CHAIN_FORMATS),
  genesisHash: HEX_32,
  producers: listOf(PRODUCER, 1, PRODUCER_LIMIT),
};
const REPLICA_RULES = { replicaId: ID };

/** The bytes of `chain.json`. */
export function encodeTrustRoot(trust: TrustRoot): Buffer {
  const { chainId, format, genesisHash } = trust;
  const producers = [...new Set(trust.producers)].sort();
  return Buffer.from(canonicalJson({ chainId, format, genesisHash, producers }));
}

/**
 * The trust root in the bytes of `chain.json`, its producers sorted, or a sentence saying why they hold none.
 * Never throws.
 */
export function decodeTrustRoot(bytes: Uint8Array): { trust: TrustRoot } | { problem: string } {
  const decoded = decodeByHand<TrustRoot>(bytes, TRUST_RULES, FILE_LIMIT_BYTES);
  if ('problem' in decoded) return decoded;
  return { trust: { ...decoded.value, producers: [...decoded.value.producers].sort() } };
}

/** The bytes of `replica.json`. */
export function encodeReplicaName(replica: ReplicaName): Buffer {
  return Buffer.from(canonicalJson({ replicaId: replica.replicaId }));
}

/** The name in the bytes of `replica.json`, or a sentence saying why they hold none. Never throws. */
export function decodeReplicaName(bytes: Uint8Array): { replica: ReplicaName } | { problem: string } {
  const decoded = decodeByHand<ReplicaName>(bytes, REPLICA_RULES, FILE_LIMIT_BYTES);
  return 'problem' in decoded ? decoded : { replica: decoded.value };
}
