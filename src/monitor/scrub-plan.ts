import { CHECK_GROUPS } from './check-groups.js';
import type { Cell, Coverage } from './coverage.js';
import { leastLoudMs, loudMs, type QuietHours, quietEndMs, quietStartMs } from './quiet-hours.js';

export interface ScrubSettings {
  /** Every block is to be validated at least once in so long. */
  readonly cycleMs: number;
  readonly quiet?: QuietHours;
  /** Blocks of a slice, rounded up to whole cells; one cell when left out. */
  readonly sliceBlocks?: number;
}

export interface ScrubFacts {
  readonly nowMs: number;
  readonly coverage: Coverage;
  readonly settings: ScrubSettings;
  /** As earlier slices have gone; undefined before the first. */
  readonly blocksPerSecond?: number;
  /** When the last slice was begun. */
  readonly lastSliceMs?: number;
}

/** Why no slice is due now: `empty` chain, `quiet` hours, `no room` before them, or ahead of its `pace`. */
type Rest = 'empty' | 'quiet' | 'no room' | 'pace';

export interface ScrubPlan {
  /** What to validate now. */
  readonly slice?: Slice;
  readonly rest?: Rest;
  readonly quietNow: boolean;
  /** A block that nobody has tried to verify of late would break the promise soon: do not give way to others. */
  readonly urgent: boolean;
  /** Seconds since the least recently verified block was verified, all checks of level Full taken together. */
  readonly oldestSeconds: number | null;
  readonly overdue: boolean;
  /** Whether every block was fully verified since the map was begun, but for those that the chain has grown by. */
  readonly allVerified: boolean;
  /** When the block that was verified the longest time ago has to be verified again. */
  readonly cycleEndsMs?: number;
  /** Why the cycle cannot be met, in words with the arithmetic. Slices go on all the same. */
  readonly refused?: string;
}

/** Half-open. */
export interface Slice {
  readonly from: number;
  readonly to: number;
  /** Until the quiet hours begin. */
  readonly limitMs?: number;
}

/** A pass over all cells is spread over this share of the time there is; the rest is for what goes wrong. */
const PASS_SHARE = 0.7;
/** From this share of the promise on, slices follow each other without a pause. */
const URGENT_SHARE = 0.85;
const HOUR_MS = 3_600_000;

/**
 * What the scrub does now. The cells that were tried the longest time ago come first, so that there is no place to
 * remember: after a kill the map says where to go on, and a cell that cannot be verified does not keep others from it.
 *
 * Slices come at an even pace, measured in time outside of quiet hours: a pass over all cells takes {@link PASS_SHARE} of
 * the least such time that a cycle can have. So whatever the hour at which a block was verified, it comes around
 * again within the cycle, unless the validations are too slow, which is then `refused` in words.
 *
 * Pure: the answer follows from the facts alone.
 */
export function planScrub(facts: ScrubFacts): ScrubPlan {
  const { nowMs, coverage, settings, blocksPerSecond, lastSliceMs } = facts;
  const { cycleMs, quiet } = settings;
  const quietNow = quietEndMs(quiet, nowMs) !== undefined;
  const { cells } = coverage;
  if (cells.length === 0) {
    return {
      rest: 'empty',
      quietNow,
      urgent: false,
      oldestSeconds: null,
      overdue: false,
      allVerified: false,
    };
  }
  const verifiedMs = cells.reduce((least, cell) => Math.min(least, fullyVerifiedAt(cell)), nowMs);
  const ageMs = nowMs - verifiedMs;
  const urgent = cells.some((cell) => isUrgent(cell, cycleMs, nowMs));
  const known = {
    quietNow,
    urgent,
    oldestSeconds: ageMs / 1000,
    overdue: ageMs > cycleMs,
    allVerified: isAllVerified(cells),
    cycleEndsMs: verifiedMs + cycleMs,
    refused: refusal(coverage.height, settings, blocksPerSecond),
  };
  if (quietNow) return { ...known, rest: 'quiet' };
  const slices = Math.ceil(cells.length / cellsOfSlice(coverage, settings));
  const paceMs = (PASS_SHARE * leastLoudMs(quiet, cycleMs)) / slices;
  const restedMs = lastSliceMs === undefined ? paceMs : loudMs(quiet, lastSliceMs, nowMs);
  if (!urgent && restedMs < paceMs) return { ...known, rest: 'pace' };
  const range = nextRange(coverage, settings, nowMs);
  const quietFrom = quietStartMs(quiet, nowMs);
  if (quietFrom === undefined) return { ...known, slice: range };
  const limitMs = quietFrom - nowMs;
  const neededMs = blocksPerSecond === undefined ? 0 : ((range.to - range.from) / blocksPerSecond) * 1000;
  if (neededMs > limitMs) return { ...known, rest: 'no room' };
  return { ...known, slice: { ...range, limitMs } };
}

/** When every check of level Full had been seen of all blocks of a cell; since it was first heard of, if never. */
function fullyVerifiedAt({ verified, seenAt }: Readonly<Cell>): number {
  return CHECK_GROUPS.reduce((least, name) => Math.min(least, verified[name] ?? seenAt), Number.MAX_VALUE);
}

/**
 * Whether the promise is at stake and haste would help. A cell that was tried since then was not verified for a reason of its
 * own, such as a limit; haste would run without end and change nothing. It comes around at the pace of the others.
 */
function isUrgent(cell: Readonly<Cell>, cycleMs: number, nowMs: number): boolean {
  const urgentMs = fullyVerifiedAt(cell) + URGENT_SHARE * cycleMs;
  return nowMs > urgentMs && cell.triedAt <= urgentMs;
}

/** A cell that came later than the first is one by which the chain grew: that it waits for its turn is no gap. */
function isAllVerified(cells: readonly Readonly<Cell>[]): boolean {
  const begunMs = cells.reduce((least, { seenAt }) => Math.min(least, seenAt), Number.MAX_VALUE);
  return cells.every(
    ({ seenAt, verified }) => seenAt > begunMs || CHECK_GROUPS.every((name) => verified[name] !== undefined),
  );
}

function cellsOfSlice({ cellBlocks }: Coverage, { sliceBlocks = 1 }: ScrubSettings): number {
  return Math.max(1, Math.ceil(sliceBlocks / cellBlocks));
}

/**
 * The cells of one slice, from the one on that was tried the longest time ago, urgent ones before all others; its
 * neighbours come with it.
 */
function nextRange(coverage: Coverage, settings: ScrubSettings, nowMs: number): { from: number; to: number } {
  const waitsSince = (cell: Readonly<Cell>) => Math.max(cell.triedAt, fullyVerifiedAt(cell));
  const urgent = coverage.cells.map((cell) => isUrgent(cell, settings.cycleMs, nowMs));
  let first = Math.max(0, urgent.indexOf(true));
  for (const [index, cell] of coverage.cells.entries()) {
    if (urgent[index] !== urgent[first]) continue;
    if (waitsSince(cell) < waitsSince(coverage.cells[first]!)) first = index;
  }
  const last = Math.min(coverage.cells.length, first + cellsOfSlice(coverage, settings)) - 1;
  return { from: coverage.rangeOf(first).from, to: coverage.rangeOf(last).to };
}

const hours = (ms: number) => `${Math.round((ms / HOUR_MS) * 100) / 100} h`;
const grouped = (count: number) => count.toLocaleString('en-US', { maximumFractionDigits: 1 });

/** The arithmetic in words when the measured speed does not do for the cycle. */
function refusal(
  blocks: number,
  { cycleMs, quiet }: ScrubSettings,
  blocksPerSecond: number | undefined,
): string | undefined {
  if (blocksPerSecond === undefined || blocksPerSecond <= 0) return undefined;
  const neededMs = (blocks / blocksPerSecond) * 1000;
  const availableMs = leastLoudMs(quiet, cycleMs);
  if (neededMs <= availableMs) return undefined;
  const outside = quiet && quietEndMs(quiet, quiet.startHour * HOUR_MS) !== undefined;
  const room = outside
    ? `of a cycle of ${hours(cycleMs)} no more than ${hours(availableMs)} are sure to lie outside the quiet hours (${quiet.startHour}:00 to ${quiet.endHour}:00 UTC)`
    : `the cycle has ${hours(cycleMs)}`;
  return (
    `${grouped(blocks)} blocks at ${grouped(blocksPerSecond)} blocks/s take ${hours(neededMs)}, but ${room}: ` +
    'raise full_cycle_hours, shorten the quiet hours, or give validations more of the machine'
  );
}
