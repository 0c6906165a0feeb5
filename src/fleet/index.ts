export type { Document, DocumentStore, DocumentVersion, SharedDocuments } from './documents.js';
export { type LocalDocumentsOptions, openLocalDocuments } from './local-documents.js';
export {
  createLocalRegistry,
  createNodeRegistry,
  type NodeEntry,
  type NodeRegistry,
  type NodeRegistryOptions,
} from './node-registry.js';
export {
  connectRedis,
  PRODUCER_OPTIONS,
  type RedisConnections,
  type RedisConnectionsOptions,
} from './redis-connections.js';
export { checkRedisPolicy } from './redis-policy.js';
export { createSealer, type Sealer, sealingSecret } from './sealer.js';
export { openSharedDocuments, type SharedDocumentsOptions } from './shared-documents.js';
