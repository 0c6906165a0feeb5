export {
  createMetrics,
  type MeasuredReport,
  type Metrics,
  type MetricsOptions,
  type NodeIdentity,
} from './metrics.js';
export { createMetricsServer, type MetricsServer, type MetricsServerOptions } from './metrics-server.js';
export type {
  AlertSample,
  CacheSample,
  ChainSample,
  LimitSample,
  MetricSources,
  MonitorSample,
  QueueSample,
  RedisSample,
  ValidatorSample,
} from './samples.js';
export { METRICS, type MetricName } from './table.js';
