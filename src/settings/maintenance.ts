import type { Settings } from './schema.js';

type Window = Settings['deployment']['maintenance'];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** When the maintenance window that is open at `now` closes, or undefined when none is. It opens every day, by UTC. */
export function maintenanceEnd(window: Window, now: Date): Date | undefined {
  if (!window.enable_maintenance_mode) return undefined;
  const midnight = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  // The window that opened yesterday may reach into today.
  for (const day of [midnight - DAY_MS, midnight]) {
    const opens = day + window.maintenance_start_hour * HOUR_MS;
    const closes = opens + window.maintenance_duration_hours * HOUR_MS;
    if (opens <= now.getTime() && now.getTime() < closes) return new Date(closes);
  }
  return undefined;
}
