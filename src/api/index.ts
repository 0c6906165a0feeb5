export { createApi } from './create-api.js';
export type {
  ApiAuditEvent,
  ApiAuth,
  ApiCache,
  ApiChain,
  ApiDependencies,
  ApiFreeze,
  ApiJobProfile,
  ApiJobs,
  ApiMonitor,
  ApiOptions,
  ApiRuntimeConfig,
  AppendOptions,
  BlockEntry,
  CachedAnswer,
  ChainInfo,
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
export type { DashboardView, HistoryView, IntegrityAnswer, MapView } from './monitor-schemas.js';
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
