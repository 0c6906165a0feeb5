export { createApi } from './create-api.js';
export { loadDashboard } from './dashboard-files.js';
export type {
  AlertList,
  ApiAbout,
  ApiAlerts,
  ApiAuditEvent,
  ApiAuth,
  ApiCache,
  ApiChain,
  ApiDependencies,
  ApiFreeze,
  ApiInspector,
  ApiJobProfile,
  ApiJobs,
  ApiMonitor,
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
  ChannelTest,
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
export type { JobView } from './job-view.js';
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
