export { createApi } from './create-api.js';
export { loadDashboard } from './dashboard-files.js';
export type {
  ApiAbout,
  ApiAuditEvent,
  ApiAuth,
  ApiCache,
  ApiChain,
  ApiDependencies,
  ApiFreeze,
  ApiInspector,
  ApiJobProfile,
  ApiJobs,
  ApiOptions,
  ApiQueueBoard,
  ApiRuntimeConfig,
  AppendOptions,
  BlockEntry,
  BlockSearch,
  BlockSearchAnswer,
  BoardAnswer,
  CachedAnswer,
  ChainInfo,
  FreezeState,
  InspectedBlock,
  InspectedHeader,
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
