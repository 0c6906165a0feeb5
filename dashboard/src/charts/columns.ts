import type { HistoryAnswer, HistoryPoint } from '../api/answers.js';

export const LEVELS = ['Minimal', 'Standard', 'Comprehensive', 'Full', 'Custom'] as const;

export type Values = readonly (number | null)[];

export interface Columns {
  /** Seconds since 1970, as the charts take them. */
  readonly times: readonly number[];
  readonly p50: Values;
  readonly p95: Values;
  readonly blocksPerSecond: Values;
  readonly hitRate: Values;
  readonly queued: Values;
  readonly active: Values;
  readonly cpu: Values;
  readonly memory: Values;
}

/** The levels that were validated in this time, those with the most jobs first. */
export function levelsIn(points: readonly HistoryPoint[]): string[] {
  const counts = new Map<string, number>();
  for (const { validations } of points) {
    for (const [level, { count }] of Object.entries(validations))
      counts.set(level, (counts.get(level) ?? 0) + count);
  }
  return [...counts]
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([level]) => level);
}

/**
 * The points as one column per line. What was not measured is null, which is drawn as a gap; the time before the first
 * measurement, when the node had not begun, is left out.
 */
export function columnsOf({ points: all }: HistoryAnswer, level: string): Columns {
  const points = all.slice(Math.max(0, all.findIndex(isMeasured) - 1));
  const column = (figureOf: (point: HistoryPoint) => number | null | undefined): Values =>
    points.map((point) => figureOf(point) ?? null);
  return {
    times: points.map(({ at }) => Date.parse(at) / 1000),
    p50: column(({ validations }) => validations[level]?.p50Ms),
    p95: column(({ validations }) => validations[level]?.p95Ms),
    blocksPerSecond: column(({ blocksPerSecond }) => blocksPerSecond),
    hitRate: column(({ hitRate }) => hitRate),
    queued: column(({ queued }) => queued),
    active: column(({ active }) => active),
    cpu: column(({ cpuPercent }) => cpuPercent),
    memory: column(({ memoryBytes }) => memoryBytes),
  };
}

const isMeasured = ({ at: _at, validations, ...figures }: HistoryPoint): boolean =>
  Object.keys(validations).length > 0 || Object.values(figures).some((figure) => figure !== null);

/** The last figure that was measured, and the least and greatest; undefined when none was. */
export function summaryOf(values: Values): { last: number; least: number; greatest: number } | undefined {
  const measured = values.filter((value): value is number => value !== null);
  if (measured.length === 0) return undefined;
  return { last: measured.at(-1)!, least: Math.min(...measured), greatest: Math.max(...measured) };
}
