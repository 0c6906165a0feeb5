export { type LoadOptions, loadSettings, readSettings, type SettingsReading } from './load.js';
export { isLoopbackHost, isLoopbackUrl } from './loopback.js';
export { maintenanceEnd } from './maintenance.js';
export type { SettingsProblem } from './problem.js';
export { redactSettings } from './redact.js';
export { type SectionReference, type SettingReference, settingsReference } from './reference.js';
export {
  mergeRuntime,
  type RuntimePatch,
  type RuntimeSettings,
  runtimeOf,
  runtimePatchSchema,
  runtimeSettingsSchema,
} from './runtime.js';
export { type Settings, type SettingsInput, settingsSchema } from './schema.js';
export { secretProblem } from './secret-strength.js';
export { ENVIRONMENT } from './variables.js';
export { reasonOf, WITHOUT_EFFECT, type WithoutEffect } from './without-effect.js';
