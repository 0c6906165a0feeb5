export {
  ALERT_EVENTS,
  ALERT_RULES,
  ALERT_SEVERITIES,
  ALERT_STATES,
  type AlertRule,
  type AlertSeverity,
  CHANNELS,
  type ChannelName,
  type SilenceMatch,
} from './alert.js';
export {
  type AlertFigures,
  type AlertQuery,
  AlertService,
  type AlertServiceOptions,
} from './alert-service.js';
export { type AlertDocuments, AlertStore } from './alert-store.js';
export type { Channel } from './channel.js';
export {
  Conditions,
  type MonitorFacts,
  type RecentFigures,
  type Vitals,
  type VolumeReading,
} from './conditions.js';
export { createEmail } from './email.js';
export type { FleetResult, ReplicaResult, Result } from './results.js';
export { createSlack } from './slack.js';
export type { AlertView, ChannelView, SilenceView } from './view.js';
export { createWebhook } from './webhook.js';
