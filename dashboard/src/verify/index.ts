export { type Bytes, fromBase64 } from './bytes.js';
export { type BlockEvidence, type ProofDocument, type Step, verifyBlock } from './verify-block.js';
