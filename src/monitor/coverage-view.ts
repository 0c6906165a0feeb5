import { STATUSES, type Status } from '../validation/index.js';
import { CHECK_GROUPS, type CheckGroup } from './check-groups.js';
import type { Cell, Coverage, KnownFinding } from './coverage.js';

type VerifiedAt = Readonly<Record<CheckGroup, string | null>>;

/** A range of blocks as the map shows it. */
interface MapCell {
  readonly from: number;
  readonly to: number;
  /** The worst of what was found; Unknown where not all of it was read, or its headers only. */
  readonly status: Status | 'Unknown';
  /** When the oldest of its blocks was last checked, by check; null where one of them never was. */
  readonly verified: VerifiedAt;
  readonly jobId: string | null;
  readonly findings: Pick<KnownFinding, 'code' | 'severity' | 'block'>[];
  readonly moreFindings: number;
}

export interface MapView {
  readonly height: number;
  readonly cellBlocks: number;
  readonly whole: { readonly findings: Pick<KnownFinding, 'code' | 'severity' | 'jobId'>[] };
  readonly cells: MapCell[];
}

const SHOWN_FINDINGS = 10;

/** The map in at most `cells` cells: neighbours are shown as one, with the worst of their statuses and the oldest of their times. */
export function mapView(coverage: Coverage, cells: number): MapView {
  const together = Math.max(1, Math.ceil(coverage.cells.length / cells));
  const shown: MapCell[] = [];
  for (let at = 0; at < coverage.cells.length; at += together) {
    const group = coverage.cells.slice(at, at + together);
    const ranges = group.map((_, index) => coverage.rangeOf(at + index));
    shown.push(cellView(group, ranges));
  }
  return {
    height: coverage.height,
    cellBlocks: coverage.cellBlocks * together,
    whole: { findings: coverage.whole.map(({ code, severity, jobId }) => ({ code, severity, jobId })) },
    cells: shown,
  };
}

type Range = { readonly from: number; readonly to: number };

function cellView(group: readonly Readonly<Cell>[], ranges: readonly Range[]): MapCell {
  const findings = group.flatMap((cell) => cell.findings);
  const more = group.reduce((sum, cell) => sum + cell.more, 0);
  const named = findings
    .toSorted((a, b) => STATUSES.indexOf(b.severity) - STATUSES.indexOf(a.severity))
    .slice(0, SHOWN_FINDINGS);
  return {
    from: ranges[0]!.from,
    to: ranges.at(-1)!.to,
    status: statusOf(group, ranges),
    verified: verifiedAt(group, ranges),
    jobId: group.find((cell) => cell.findings.length > 0)?.jobId ?? group.at(-1)?.jobId ?? null,
    findings: named.map(({ code, severity, block }) => ({ code, severity, block })),
    moreFindings: more + findings.length - named.length,
  };
}

/** Whether the check has looked at every block of a cell. */
const isWhole = ({ verified, verifiedTo }: Readonly<Cell>, group: CheckGroup, { to }: Range): boolean =>
  verified[group] !== undefined && (verifiedTo[group] ?? 0) >= to;

/**
 * What was found is worse than what nobody has looked at, and that is worse than what was looked at and is intact. Headers
 * alone say nothing of the payloads, which are the data.
 */
function statusOf(group: readonly Readonly<Cell>[], ranges: readonly Range[]): MapCell['status'] {
  const found = group.flatMap((cell) => cell.findings.map(({ severity }) => severity));
  const worst = found.sort((a, b) => STATUSES.indexOf(b) - STATUSES.indexOf(a))[0];
  const unknown = group.some(
    (cell, index) =>
      cell.doubt !== null ||
      !isWhole(cell, 'headers', ranges[index]!) ||
      !isWhole(cell, 'payloads', ranges[index]!),
  );
  if (worst !== undefined && worst !== 'Warning') return worst;
  if (unknown) return 'Unknown';
  return worst ?? 'Healthy';
}

function verifiedAt(group: readonly Readonly<Cell>[], ranges: readonly Range[]): VerifiedAt {
  const oldest = (name: CheckGroup): string | null => {
    const times = group.map(({ verified }) => verified[name]);
    if (group.some((cell, index) => !isWhole(cell, name, ranges[index]!))) return null;
    return new Date(Math.min(...(times as number[]))).toISOString();
  };
  return Object.fromEntries(CHECK_GROUPS.map((name) => [name, oldest(name)])) as VerifiedAt;
}

/**
 * How long ago the block was checked that was checked the longest time ago, in seconds, by check. A block that nobody
 * has checked counts from when it was first heard of. Null when there is no block.
 */
export function oldestUnverifiedSeconds(
  coverage: Coverage,
  nowMs: number,
): Readonly<Record<CheckGroup, number | null>> {
  const oldest = (name: CheckGroup): number | null => {
    if (coverage.cells.length === 0) return null;
    const times = coverage.cells.map((cell) => cell.verified[name] ?? cell.seenAt);
    return Math.max(0, nowMs - times.reduce((least, at) => Math.min(least, at))) / 1000;
  };
  return Object.fromEntries(CHECK_GROUPS.map((name) => [name, oldest(name)])) as Record<
    CheckGroup,
    number | null
  >;
}

/** The share of blocks of which every check of level Full was seen since `sinceMs`; null when there is no block. */
export function verifiedShare(coverage: Coverage, sinceMs: number): number | null {
  if (coverage.height === 0) return null;
  const blocks = coverage.cells.reduce((sum, cell, index) => {
    if (!CHECK_GROUPS.every((name) => (cell.verified[name] ?? 0) >= sinceMs)) return sum;
    const { from } = coverage.rangeOf(index);
    const to = Math.min(...CHECK_GROUPS.map((name) => cell.verifiedTo[name] ?? 0));
    return sum + Math.max(0, to - from);
  }, 0);
  return Math.min(1, blocks / coverage.height);
}
