export { type Anchor, decodeAnchor, encodeAnchor, signAnchor, verifyAnchor } from './anchor.js';
export {
  type BlockHeader,
  blockHash,
  blockHashHex,
  decodeHeader,
  encodeHeader,
  encodeUnsignedHeader,
  type UnsignedHeader,
  ZERO_HASH,
} from './block-header.js';
export { canonicalJson } from './canonical-json.js';
export { idProblem } from './field-rules.js';
export {
  frontierKeys,
  HistoryTree,
  leafHash,
  nodeHash,
  RangeTree,
  rangeSubtrees,
  type Subtree,
} from './history-tree.js';
export {
  type LegacyBlock,
  type LegacyDump,
  type LegacySummary,
  legacySummary,
  readLegacyDump,
} from './legacy-dump.js';
export {
  type LegacyFormula,
  type LegacyHashes,
  type LegacyQuad,
  legacyHashes,
  matchLegacyHash,
  matchLegacyLink,
} from './legacy-hash.js';
export {
  decodeLegacyHeader,
  encodeLegacyHeader,
  isAmbiguous,
  type LegacyFields,
  type LegacyHeader,
} from './legacy-header.js';
export { makeProof, type ProofReader, type ProofRequest } from './make-proof.js';
export {
  type ConsistencyClaim,
  consistencyPath,
  type InclusionClaim,
  inclusionPath,
  type NodeAt,
  verifyConsistency,
  verifyInclusion,
} from './merkle-proof.js';
export {
  decodeProducerKey,
  encodeProducerKey,
  generateProducerKey,
  isUsablePoint,
  producerOf,
} from './producer-key.js';
export {
  decodeProof,
  encodeProof,
  type InclusionProof,
  type ProofStatement,
  verifyProof,
} from './proof.js';
export { signHeader, verifyHeader } from './signature.js';
export {
  blockKey,
  CHAIN_KEY,
  HEAD_KEY,
  indexOfKey,
  placeOfTreeKey,
  type SubtreePlace,
  treeKey,
} from './store-layout.js';
export {
  CHAIN_FORMATS,
  type ChainFormat,
  type ChainRecord,
  decodeChainRecord,
  decodeHeadRecord,
  encodeChainRecord,
  encodeHeadRecord,
  encodeStoredHeader,
  FORMAT_LEGACY,
  FORMAT_NATIVE,
  type HeadRecord,
  splitStoredHeader,
} from './store-records.js';
export { nextTimestamp } from './timestamp.js';
export {
  decodeReplicaName,
  decodeTrustRoot,
  encodeReplicaName,
  encodeTrustRoot,
  type ReplicaName,
  type TrustRoot,
} from './trust-root.js';
