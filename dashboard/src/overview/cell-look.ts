import type { MapCell } from '../api/answers.js';
import { formatAge, formatRange } from '../show/format.js';

/** How old the evidence of a cell is, in steps that the eye can tell apart. */
export const AGES = ['fresh', 'day', 'week', 'old', 'never'] as const;
export type AgeStep = (typeof AGES)[number];

const HOUR_S = 3600;
const LIMITS: readonly (readonly [AgeStep, number])[] = [
  ['fresh', HOUR_S],
  ['day', 24 * HOUR_S],
  ['week', 7 * 24 * HOUR_S],
];

/**
 * The age of what is known of the bytes: the newest time that headers, and payloads where they were read, were verified.
 * Undefined when they never were.
 */
function evidenceAge({ verified }: Pick<MapCell, 'verified'>, nowMs: number): number | undefined {
  const time = verified.payloads ?? verified.headers;
  return time ? Math.max(0, (nowMs - Date.parse(time)) / 1000) : undefined;
}

export function ageStep(cell: Pick<MapCell, 'verified'>, nowMs: number): AgeStep {
  const age = evidenceAge(cell, nowMs);
  if (age === undefined) return 'never';
  return LIMITS.find(([, limit]) => age < limit)?.[0] ?? 'old';
}

/** What a cell says in words: `blocks 64–127: Healthy, verified 3 min ago`. */
export function cellText(cell: MapCell, nowMs: number): string {
  const age = evidenceAge(cell, nowMs);
  const when = age === undefined ? 'never verified' : `verified ${formatAge(age)}${age < 5 ? '' : ' ago'}`;
  const codes = [...new Set(cell.findings.map(({ code }) => code))];
  const found = codes.length === 0 ? '' : `: ${codes.join(', ')}`;
  return `${formatRange(cell.from, cell.to)}: ${cell.status}${found}, ${when}`;
}

export interface MapRow {
  readonly from: number;
  readonly to: number;
  readonly status: MapCell['status'];
  readonly age: AgeStep;
  readonly codes: readonly string[];
}

/** The map as a table: neighbours of one status and age are one row. */
export function mapRows(cells: readonly MapCell[], nowMs: number): MapRow[] {
  const rows: MapRow[] = [];
  for (const cell of cells) {
    const age = ageStep(cell, nowMs);
    const codes = [...new Set(cell.findings.map(({ code }) => code))].sort();
    const last = rows.at(-1);
    const same =
      last !== undefined &&
      last.status === cell.status &&
      last.age === age &&
      last.codes.join() === codes.join() &&
      last.to === cell.from;
    if (same) rows[rows.length - 1] = { ...last, to: cell.to };
    else rows.push({ from: cell.from, to: cell.to, status: cell.status, age, codes });
  }
  return rows;
}
