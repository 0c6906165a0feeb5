export {
  type ClosableLog,
  createLog,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
  type LogOptions,
} from './create-log.js';
export { type Log, type LogFields, silentLog, withFields } from './log.js';
export type { LogFileOptions } from './rotating-file.js';
