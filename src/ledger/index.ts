export { type AppendedBlock, type Payload, preparePayload } from './block-builder.js';
export { type ChainFiles, chainFiles } from './chain-files.js';
export { type CreateOptions, createChain } from './create-chain.js';
export { type ImportOptions, importLegacyDump } from './import-legacy.js';
export { DEFAULT_LEDGER_SETTINGS, type Ledger } from './ledger.js';
export type { NewChain } from './new-chain.js';
export { openWriter, type WriterOptions } from './open-writer.js';
export { type LedgerSource, openSource, type SourceOptions } from './source.js';
