export type {
  AlertsClient,
  RemoteAlert,
  RemoteAlerts,
  RemoteSilence,
  RemoteTests,
  SilenceRequest,
} from './alerts.js';
export type { RemoteJob } from './answers.js';
export {
  type CallOptions,
  type Client,
  type ClientOptions,
  createClient,
  type ListQuery,
  type Submitted,
} from './client.js';
export { hasEnded, type WatchOptions } from './watch.js';
