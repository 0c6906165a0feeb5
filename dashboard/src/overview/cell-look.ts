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

const ageOf = (time: string | null, nowMs: number): number | undefined =>
  time === null ? undefined : Math.max(0, (nowMs - Date.parse(time)) / 1000);

/** Whether all that is known of it are its headers, which say nothing of the data. */
const hasHeadersOnly = ({ verified }: Pick<MapCell, 'verified'>): boolean =>
  verified.payloads === null && verified.headers !== null;

/** The age of what is known of the data: of payloads that were read. */
export function ageStep(cell: Pick<MapCell, 'verified'>, nowMs: number): AgeStep {
  const age = ageOf(cell.verified.payloads, nowMs);
  if (age === undefined) return 'never';
  return LIMITS.find(([, limit]) => age < limit)?.[0] ?? 'old';
}

/** What a cell says in words: `blocks 64–127: Healthy, verified 3 min ago`, or `…: Unknown, headers only, verified 3 min ago`. */
export function cellText(cell: MapCell, nowMs: number): string {
  const only = hasHeadersOnly(cell);
  const age = ageOf(only ? cell.verified.headers : cell.verified.payloads, nowMs);
  const when =
    age === undefined
      ? 'never verified'
      : `${only ? 'headers only, ' : ''}verified ${formatAge(age)}${age < 5 ? '' : ' ago'}`;
  const codes = [...new Set(cell.findings.map(({ code }) => code))];
  const found = codes.length === 0 ? '' : `: ${codes.join(', ')}`;
  return `${formatRange(cell.from, cell.to)}: ${cell.status}${found}, ${when}`;
}

export interface MapRow {
  readonly from: number;
  readonly to: number;
  readonly status: MapCell['status'];
  readonly age: AgeStep;
  readonly headersOnly: boolean;
  readonly codes: readonly string[];
}

/** The map as a table: neighbours of one status and age are one row. */
export function mapRows(cells: readonly MapCell[], nowMs: number): MapRow[] {
  const rows: MapRow[] = [];
  for (const cell of cells) {
    const age = ageStep(cell, nowMs);
    const headersOnly = hasHeadersOnly(cell);
    const codes = [...new Set(cell.findings.map(({ code }) => code))].sort();
    const last = rows.at(-1);
    const same =
      last !== undefined &&
      last.status === cell.status &&
      last.age === age &&
      last.headersOnly === headersOnly &&
      last.codes.join() === codes.join() &&
      last.to === cell.from;
    if (same) rows[rows.length - 1] = { ...last, to: cell.to };
    else rows.push({ from: cell.from, to: cell.to, status: cell.status, age, headersOnly, codes });
  }
  return rows;
}
