export { type AppendedBlock, type Payload, preparePayload } from './block-builder.js';
export { type ChainFiles, chainFiles } from './chain-files.js';
export { type CreateOptions, createChain } from './create-chain.js';
export { type ImportOptions, importLegacyDump } from './import-legacy.js';
export { proofReader, readInclusionProof } from './inclusion-proof.js';
export {
  type AppendOptions,
  DEFAULT_LEDGER_SETTINGS,
  type Ledger,
  SYNC_MODES,
  type SyncMode,
} from './ledger.js';
export { checkLogs, findDamagedLog } from './log-check.js';
export { LogSync } from './log-sync.js';
export type { NewChain } from './new-chain.js';
export { openWriter, type WriterOptions } from './open-writer.js';
export { prepareDocument } from './prepare-document.js';
export { type Put, type Removal, Rocks } from './rocks.js';
export { type LedgerSource, openSource, type SourceOptions } from './source.js';
export { WriteLatch } from './write-latch.js';
