/** Figures and times as people read them. Pure: `now` is handed in. */

const NOT_MEASURED = '–';
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const threeDigits = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const oneDigit = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 1 });
const oneDecimal = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** `12,345`; a dash for what was not measured. */
export const formatCount = (value: number | null | undefined): string =>
  value === null || value === undefined ? NOT_MEASURED : whole.format(value);

/** At most three digits that count: `0.042`, `1.25k`, `3.1M`. */
export function formatShort(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOT_MEASURED;
  if (Math.abs(value) >= 999_500) return `${threeDigits.format(value / 1e6)}M`;
  if (Math.abs(value) >= 9_995) return `${threeDigits.format(value / 1e3)}k`;
  return threeDigits.format(value);
}

/**
 * One decimal at most, and one digit that counts where that would be zero: `83.5 %`, `0.9 %`, `0.04 %`.
 *
 * @param share 0 to 1
 */
export function formatPercent(share: number | null | undefined): string {
  if (share === null || share === undefined) return NOT_MEASURED;
  const percent = share * 100;
  return `${(Math.abs(percent) < 0.1 ? oneDigit : oneDecimal).format(percent)} %`;
}

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return NOT_MEASURED;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${threeDigits.format(value)} ${units[unit]}`;
}

/** How long something took or will take: `820 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NOT_MEASURED;
  if (ms < 1000) return `${threeDigits.format(ms < 10 ? ms : Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < MINUTE) return `${threeDigits.format(seconds)} s`;
  if (seconds < HOUR) return pair(seconds, MINUTE, 'min', 1, 's');
  if (seconds < 2 * DAY) return pair(seconds, HOUR, 'h', MINUTE, 'min');
  return pair(seconds, DAY, 'd', HOUR, 'h');
}

function pair(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const steps = Math.round(seconds / small) * small;
  const rest = Math.floor((steps % large) / small);
  return `${Math.floor(steps / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** An age in one unit: `just now`, `40 s`, `5 min`, `3 h`, `2 days`. */
export function formatAge(seconds: number): string {
  if (seconds < 5) return 'just now';
  if (seconds < MINUTE) return `${Math.floor(seconds / 5) * 5} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} days`;
}

/** `3 min ago`, `in 2 h`; for a time that is none, the text as it came. */
export function formatRelative(iso: string, nowMs: number): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return iso;
  const seconds = (nowMs - at) / 1000;
  if (Math.abs(seconds) < 5) return 'just now';
  return seconds > 0 ? `${formatAge(seconds)} ago` : `in ${formatAge(-seconds)}`;
}

/** The exact time, in the zone of the reader and in UTC. */
export function formatExact(iso: string): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? iso : `${exact.format(at)} · ${new Date(at).toISOString()}`;
}

/** The beginning and the end of a hash: enough to compare by eye. */
export const shortHash = (hash: string): string =>
  hash.length > 20 ? `${hash.slice(0, 10)}…${hash.slice(-6)}` : hash;

/** `block 7`, `blocks 3–7`: a half-open range as people say it. */
export const formatRange = (from: number, to: number): string =>
  to - from <= 1 ? `block ${whole.format(from)}` : `blocks ${whole.format(from)}–${whole.format(to - 1)}`;
