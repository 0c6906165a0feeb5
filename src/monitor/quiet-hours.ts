/** Hours of each day, UTC, in which the scrub rests: from `startHour` to `endHour`, over midnight when that is less. */
export interface QuietHours {
  readonly startHour: number;
  readonly endHour: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Length of the quiet hours of one day, in milliseconds. */
function quietMsADay(quiet: QuietHours | undefined): number {
  if (!quiet) return 0;
  return ((quiet.endHour - quiet.startHour + 24) % 24) * HOUR_MS;
}

/** When the quiet hours that `atMs` lies in end; undefined when it lies in none. */
export function quietEndMs(quiet: QuietHours | undefined, atMs: number): number | undefined {
  const lengthMs = quietMsADay(quiet);
  if (!quiet || lengthMs === 0) return undefined;
  const sinceStartMs = (((atMs - quiet.startHour * HOUR_MS) % DAY_MS) + DAY_MS) % DAY_MS;
  return sinceStartMs < lengthMs ? atMs - sinceStartMs + lengthMs : undefined;
}

/** When the next quiet hours begin, at or after `atMs`; undefined when there are none. */
export function quietStartMs(quiet: QuietHours | undefined, atMs: number): number | undefined {
  if (!quiet || quietMsADay(quiet) === 0) return undefined;
  const sinceStartMs = (((atMs - quiet.startHour * HOUR_MS) % DAY_MS) + DAY_MS) % DAY_MS;
  return sinceStartMs === 0 ? atMs : atMs + DAY_MS - sinceStartMs;
}

/** Milliseconds of a time that lie outside of quiet hours. */
export function loudMs(quiet: QuietHours | undefined, fromMs: number, toMs: number): number {
  const lengthMs = quietMsADay(quiet);
  if (toMs <= fromMs) return 0;
  if (!quiet || lengthMs === 0) return toMs - fromMs;
  const quietBefore = (atMs: number) => {
    const sinceStartMs = atMs - quiet.startHour * HOUR_MS;
    const days = Math.floor(sinceStartMs / DAY_MS);
    return days * lengthMs + Math.min(lengthMs, sinceStartMs - days * DAY_MS);
  };
  return toMs - fromMs - (quietBefore(toMs) - quietBefore(fromMs));
}

/** The fewest milliseconds outside of quiet hours that any time of this length has. */
export function leastLoudMs(quiet: QuietHours | undefined, lengthMs: number): number {
  const quietMs = quietMsADay(quiet);
  const days = Math.floor(lengthMs / DAY_MS);
  return lengthMs - days * quietMs - Math.min(quietMs, lengthMs - days * DAY_MS);
}
