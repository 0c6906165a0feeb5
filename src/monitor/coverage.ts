import {
  type Check,
  type FindingCode,
  type ReportSummary,
  STATUSES,
  type Status,
} from '../validation/index.js';
import { CHECK_GROUPS, type CheckGroup, checkOf, groupsOf, isSampled } from './check-groups.js';

/** Cells of a map at most: neighbours are merged when the chain grows beyond. */
export const MOST_CELLS = 1024;
/** Findings that a cell and the whole chain name; others are counted. */
const NAMED_FINDINGS = 10;
/** A sample of so few blocks is all of them; see the sample's size in `src/validation`. */
const SAMPLED_WHOLE = 64;

/** A finding that a result named, with what is needed to know when another result takes it back. JSON. */
export interface KnownFinding {
  readonly code: FindingCode;
  readonly severity: Status;
  /** Null for one of the whole chain. */
  readonly block: number | null;
  readonly jobId: string;
  /** When the validation that found it had ended, in milliseconds since 1970. */
  readonly at: number;
  /** Scope and head that decided its sample. */
  readonly sample: string;
}

/** What is known of a range of blocks. JSON; times in milliseconds since 1970. */
export interface Cell {
  /** When these blocks were first heard of. */
  seenAt: number;
  /** When all of its blocks were last checked by a complete validation, by check. */
  verified: Partial<Record<CheckGroup, number>>;
  /** When the scrub last got an answer about it, whatever that was. */
  triedAt: number;
  /** The last validation that said something about it. */
  jobId: string | null;
  findings: KnownFinding[];
  /** Findings beyond those that are named. */
  more: number;
  /** A validation found more than could be named, so that some of it may be here. */
  doubt: Doubt | null;
  /** How far those validations went; blocks behind it came later, and nobody has looked. */
  verifiedTo: Partial<Record<CheckGroup, number>>;
}

interface Doubt {
  /** The end of that validation. */
  readonly at: number;
  /** The checks that take its findings back, whichever of them are here. */
  readonly checks: readonly Check[];
}

/** The map as it is kept. JSON. */
export interface CoverageState {
  readonly cellBlocks: number;
  readonly height: number;
  readonly cells: readonly Cell[];
  readonly whole: readonly KnownFinding[];
}

const newCell = (seenAt: number): Cell => ({
  seenAt,
  verified: {},
  triedAt: seenAt,
  jobId: null,
  findings: [],
  more: 0,
  doubt: null,
  verifiedTo: {},
});

/** Whether a summary names every finding of its report. */
const namesAll = ({ findingCounts, worst }: ReportSummary): boolean =>
  Object.values(findingCounts).reduce((sum, count) => sum + count, 0) === worst.length;

/**
 * When which blocks were last verified, and what is wrong with them: one cell for each range of `cellBlocks` blocks.
 * It makes no verdict; it remembers those of reports. What was not covered stays unknown, an Incomplete report verifies
 * nothing, and a finding goes only when its own check ran again over its block, completely, and later. Results may come
 * twice and in any order. Pure: no clock.
 */
export class Coverage {
  #cellBlocks: number;
  #height = 0;
  #cells: Cell[] = [];
  #whole: KnownFinding[] = [];

  /** @param batchSize cells are aligned to multiples of it, as shards are */
  constructor(batchSize: number, kept?: CoverageState) {
    this.#cellBlocks = Math.max(1, Math.floor(batchSize));
    if (!kept) return;
    this.#cellBlocks = kept.cellBlocks;
    this.#height = kept.height;
    this.#cells = structuredClone([...kept.cells]);
    this.#whole = [...kept.whole];
  }

  get cellBlocks(): number {
    return this.#cellBlocks;
  }

  get height(): number {
    return this.#height;
  }

  get cells(): readonly Readonly<Cell>[] {
    return this.#cells;
  }

  get whole(): readonly KnownFinding[] {
    return this.#whole;
  }

  state(): CoverageState {
    const { cellBlocks, height, cells, whole } = this;
    return { cellBlocks, height, cells, whole };
  }

  /** The first block of a cell, and the one after its last that the chain has. */
  rangeOf(cell: number): { from: number; to: number } {
    const from = cell * this.#cellBlocks;
    return { from, to: Math.min(from + this.#cellBlocks, this.#height) };
  }

  /** The chain has this many blocks now. Returns whether that is news. */
  resize(height: number, nowMs: number): boolean {
    if (height === this.#height) return false;
    while (height > this.#cellBlocks * MOST_CELLS) this.#mergeNeighbours();
    const cells = Math.ceil(height / this.#cellBlocks);
    this.#cells.length = Math.min(this.#cells.length, cells);
    while (this.#cells.length < cells) this.#cells.push(newCell(nowMs));
    const last = this.#cells.at(-1);
    if (last && height < this.#height) {
      for (const group of CHECK_GROUPS) {
        const to = last.verifiedTo[group];
        if (to !== undefined) last.verifiedTo[group] = Math.min(to, height);
      }
    }
    this.#height = height;
    return true;
  }

  /**
   * Takes in what a report said.
   *
   * @param acceptedMs when its job was accepted, which is when its head was pinned: blocks of the last cell may be younger
   */
  apply(summary: ReportSummary, acceptedMs: number): void {
    if (summary.height !== null) this.resize(Math.max(this.#height, summary.height), acceptedMs);
    const finishedMs = Date.parse(summary.finishedAt);
    const covers = this.#covered(summary);
    const named = namesAll(summary);
    for (const [index, cell] of this.#cells.entries()) {
      const { from, to } = this.rangeOf(index);
      if (summary.scope.from >= to || summary.scope.to <= from) continue;
      this.#clear(cell, summary, from, to);
      if (covers(index)) this.#verify(index, cell, summary, acceptedMs);
      if (!named) cell.doubt = joined(cell.doubt, { at: finishedMs, checks: checksOf(summary) });
    }
    this.#clearWhole(summary);
    this.#note(summary, finishedMs);
  }

  /** The scrub has tried these blocks, whatever came of it. */
  tried(from: number, to: number, atMs: number): void {
    for (const [index, cell] of this.#cells.entries()) {
      const range = this.rangeOf(index);
      if (from < range.to && to > range.from) cell.triedAt = Math.max(cell.triedAt, atMs);
    }
  }

  /** Cells of which every block was checked; none of a report that did not check all that it was to. */
  #covered({ complete, requireAnchor, height, scope }: ReportSummary): (cell: number) => boolean {
    // Without its anchor a chain that was cut and written anew is a valid shorter one.
    if (!complete || !requireAnchor || height === null) return () => false;
    return (index) => {
      const from = index * this.#cellBlocks;
      const to = Math.min(from + this.#cellBlocks, height);
      return to > from && scope.from <= from && scope.to >= to;
    };
  }

  #verify(index: number, cell: Cell, summary: ReportSummary, acceptedMs: number): void {
    const end = Math.min((index + 1) * this.#cellBlocks, summary.height!);
    const whole = end === (index + 1) * this.#cellBlocks;
    // Of the last cell blocks may be missing that came after the head was pinned; none of them is older than that.
    const at = whole ? Date.parse(summary.asOf) : Math.min(Date.parse(summary.asOf), acceptedMs);
    for (const group of groupsOf(summary.checks)) {
      cell.verified[group] = Math.max(cell.verified[group] ?? 0, at);
      cell.verifiedTo[group] = Math.max(cell.verifiedTo[group] ?? 0, end);
    }
    cell.jobId = summary.jobId;
  }

  #clear(cell: Cell, summary: ReportSummary, from: number, to: number): void {
    const { complete, requireAnchor, scope, startedAt, checks } = summary;
    if (!complete || !requireAnchor) return;
    cell.findings = cell.findings.filter((finding) => !takesBack(summary, finding));
    const { doubt } = cell;
    if (doubt === null || scope.from > from || scope.to < to || Date.parse(startedAt) < doubt.at) return;
    if (!doubt.checks.every((check) => checks.includes(check))) return;
    // What a sample has found and nobody has named can't be looked for: a look as hard at the whole chain has to do, if
    // nothing that it found itself is left out.
    if (doubt.checks.some(isSampled) && (scope.partial || !namesAll(summary))) return;
    cell.doubt = null;
    cell.more = 0;
  }

  #clearWhole(summary: ReportSummary): void {
    const { complete, requireAnchor, scope } = summary;
    if (!complete || !requireAnchor || scope.partial) return;
    this.#whole = this.#whole.filter((finding) => !takesBack(summary, finding));
  }

  #note(summary: ReportSummary, at: number): void {
    const { jobId, worst, headHash, scope } = summary;
    const sample = `${headHash}/${scope.from}/${scope.to}`;
    const byCell = new Map<Cell | undefined, KnownFinding[]>();
    for (const { code, severity, block } of worst) {
      // What says only that something was not checked is no news about the blocks.
      if (severity === 'Incomplete' && code !== 'CANONICAL_LIMIT') continue;
      const cell = block === null ? undefined : this.#cells[Math.floor(block / this.#cellBlocks)];
      const finding: KnownFinding = { code, severity, block, jobId, at, sample };
      byCell.set(cell, [...(byCell.get(cell) ?? []), finding]);
    }
    for (const [cell, findings] of byCell) {
      if (cell) this.#noteIn(cell, findings, jobId);
      else this.#whole = findings.reduce(noted, this.#whole).slice(0, NAMED_FINDINGS);
    }
  }

  #noteIn(cell: Cell, findings: readonly KnownFinding[], jobId: string): void {
    const news = findings.filter(({ code, at }) => {
      const group = CHECK_GROUPS.find((name) => name === checkOf(code));
      return group === undefined || (cell.verified[group] ?? 0) <= at;
    });
    if (news.length === 0) return;
    const all = news.reduce(noted, cell.findings);
    if (all.length > NAMED_FINDINGS) {
      cell.more = Math.max(cell.more, all.length - NAMED_FINDINGS);
      const at = Math.max(...all.map((finding) => finding.at));
      cell.doubt = joined(cell.doubt, { at, checks: all.map(({ code }) => checkOf(code)) });
    }
    cell.findings = all.slice(0, NAMED_FINDINGS);
    cell.jobId = jobId;
  }

  #mergeNeighbours(): void {
    const merged: Cell[] = [];
    for (let at = 0; at < this.#cells.length; at += 2) {
      const [one, other] = [this.#cells[at]!, this.#cells[at + 1]];
      merged.push(other ? mergeCells(one, other, (at + 1) * this.#cellBlocks) : one);
    }
    // The last one may now stand for blocks that it knew nothing of; they are added with `resize`, as unverified.
    this.#cells = merged;
    this.#cellBlocks *= 2;
  }
}

const checksOf = ({ findingCounts }: ReportSummary): Check[] =>
  (Object.keys(findingCounts) as FindingCode[]).map(checkOf);

function joined(one: Doubt | null, other: Doubt | null): Doubt | null {
  if (one === null || other === null) return one ?? other;
  const checks = [...new Set([...one.checks, ...other.checks])];
  return { at: Math.max(one.at, other.at), checks };
}

const isSame = (one: KnownFinding, other: KnownFinding): boolean =>
  one.code === other.code && one.block === other.block;

const rank = ({ severity }: KnownFinding): number => STATUSES.indexOf(severity);

/** With the finding among them once, as it was found last; the worst first, then by block. */
function noted(findings: readonly KnownFinding[], finding: KnownFinding): KnownFinding[] {
  const before = findings.find((one) => isSame(one, finding));
  if (before && before.at >= finding.at) return [...findings];
  return [...findings.filter((one) => one !== before), finding].sort(
    (a, b) => rank(b) - rank(a) || (a.block ?? -1) - (b.block ?? -1) || (a.code < b.code ? -1 : 1),
  );
}

/** Whether a complete report shows that a finding is gone: it began later, ran the check, and covered the block. */
function takesBack(summary: ReportSummary, finding: KnownFinding): boolean {
  const { scope, checks, startedAt, headHash } = summary;
  if (Date.parse(startedAt) < finding.at) return false;
  // What stands behind the last block belongs to no range: the whole chain was looked at, and it is not there.
  const behind = !scope.partial && finding.block !== null && finding.block >= scope.to;
  const outside = finding.block !== null && (finding.block < scope.from || finding.block >= scope.to);
  if (outside && !behind) return false;
  const check = checkOf(finding.code);
  if (!checks.includes(check)) return false;
  if (!isSampled(check)) return true;
  return `${headHash}/${scope.from}/${scope.to}` === finding.sample || scope.to - scope.from <= SAMPLED_WHOLE;
}

/** Two neighbours as one, verified when both were. @param boundary the block where they meet */
function mergeCells(one: Cell, other: Cell, boundary: number): Cell {
  const verified: Cell['verified'] = {};
  const verifiedTo: Cell['verifiedTo'] = {};
  for (const group of CHECK_GROUPS) {
    const [a, b] = [one.verified[group], other.verified[group]];
    if (a !== undefined && b !== undefined) verified[group] = Math.min(a, b);
    const to = one.verifiedTo[group];
    if (to !== undefined) verifiedTo[group] = to < boundary ? to : (other.verifiedTo[group] ?? to);
  }
  const findings = [...one.findings, ...other.findings].sort((a, b) => rank(b) - rank(a));
  return {
    seenAt: Math.min(one.seenAt, other.seenAt),
    verified,
    verifiedTo,
    triedAt: Math.min(one.triedAt, other.triedAt),
    jobId: other.jobId ?? one.jobId,
    findings: findings.slice(0, NAMED_FINDINGS),
    more: one.more + other.more + Math.max(0, findings.length - NAMED_FINDINGS),
    doubt: joined(one.doubt, other.doubt),
  };
}
