export { createApi } from './create-api.js';
export type {
  AlertList,
  ApiAlerts,
  ApiAuditEvent,
  ApiAuth,
  ApiCache,
  ApiChain,
  ApiDependencies,
  ApiFreeze,
  ApiJobProfile,
  ApiJobs,
  ApiOptions,
  ApiRuntimeConfig,
  AppendOptions,
  BlockEntry,
  CachedAnswer,
  ChainInfo,
  ChannelTest,
  FreezeState,
  JobQuery,
  ListedJobs,
  Principal,
  RateDecision,
  RuntimeDocument,
  RuntimeVersion,
  SerializedReport,
  Submission,
  Tokens,
} from './dependencies.js';
export { openApiDocument } from './open-api.js';
export type { Route } from './route.js';
export { apiRoutes } from './routes.js';
export type {
  CacheCounts,
  CacheStats,
  HealthCheck,
  HealthSnapshot,
  LastResult,
  LevelFigures,
  NodeEntry,
  PerformanceSnapshot,
} from './snapshots.js';
