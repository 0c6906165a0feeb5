import { createHash } from 'node:crypto';
import { canonicalJson } from '../chain/index.js';
import type { Level } from './check-set.js';
import type { Category, Finding, FindingCode, Status } from './finding.js';

/**
 * How much was checked, as the level asks for it: the same for the same chain, level and policy. Quads and transactions are counted from the payloads, never taken from headers.
 */
export interface Checked {
  headers: number;
  payloads: number;
  payloadBytes: number;
  quads: number;
  transactions: number;
  signatures: number;
  canonicalized: number;
}

export const noneChecked = (): Checked => ({
  headers: 0,
  payloads: 0,
  payloadBytes: 0,
  quads: 0,
  transactions: 0,
  signatures: 0,
  canonicalized: 0,
});

export function addChecked(sum: Checked, more: Checked): void {
  for (const key of Object.keys(sum) as (keyof Checked)[]) sum[key] += more[key];
}

export type ShardStatus = 'done' | 'failed' | 'cancelled' | 'time-limit';

export interface ReportShard {
  readonly from: number;
  readonly to: number;
  readonly status: ShardStatus;
  readonly durationMs: number;
  /** Canonical forms and signatures were taken from an earlier job; all bytes were read and hashed again. */
  readonly cached: boolean;
  /** Who checked it. */
  readonly node: string;
  /** Thread of the validator process there; 0 coordinates. Null when it was not run to an answer. */
  readonly worker: number | null;
  /** When that thread began with it, ISO 8601, by the clock of that node. */
  readonly startedAt: string | null;
}

export interface CheckSummary {
  /** Whether the level or custom set asks for any check of this group, and there was a block to run it on. */
  readonly ran: boolean;
  readonly findings: number;
  /** Time spent in this group, summed over all workers. */
  readonly durationMs: number;
}

/** `provchain-report/1` (DESIGN §6). Times are ISO 8601 UTC; a scope is half-open. */
export interface Report {
  readonly schema: 'provchain-report/1';
  readonly jobId: string;
  /** Height (blocks) and head hash are null when the store could not be opened. */
  readonly chain: {
    readonly id: string;
    readonly format: string;
    readonly height: number | null;
    readonly headHash: string | null;
  };
  readonly replica: string;
  readonly node: string;
  readonly level: Level | 'Custom';
  readonly scope: { readonly from: number; readonly to: number; readonly partial: boolean };
  readonly status: Status;
  readonly complete: boolean;
  /** Whether there was a valid anchor for the chain to be held against; where none is, only `--no-anchor` goes without a finding. */
  readonly anchored: boolean;
  /**
   * Signatures verified beyond what the level asks for, because no anchor vouches for their blocks: those newer than the
   * anchor, or the last one of a scope that ends before it.
   */
  readonly verifiedAboveAnchor: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  readonly checked: Checked;
  readonly findingCounts: Partial<Record<FindingCode, number>>;
  readonly findings: readonly Finding[];
  readonly checks: Readonly<Record<Category, CheckSummary>>;
  readonly recommendations: readonly string[];
  readonly engine: { readonly version: string; readonly policyHash: string };
  readonly shards: readonly ReportShard[];
  /** When the oldest evidence in this report was read. */
  readonly asOf: string;
  readonly reportDigest: string;
}

type DigestedPart = Pick<
  Report,
  'chain' | 'replica' | 'level' | 'scope' | 'status' | 'complete' | 'checked' | 'findingCounts' | 'engine'
>;

/**
 * SHA-256, lower-case hex, of JCS({chain, checked, complete, engine, findingCounts, findings, level, replica, scope,
 * status}), where `findings` are all of them as {block, code, details}, sorted; what a finding says in words follows
 * from its code and is left out. The array is hashed piece by piece, so that it never stands in memory as one text.
 *
 * @param factTexts the JCS texts of all facts, in report order
 */
export function reportDigest(part: DigestedPart, factTexts: readonly string[]): string {
  const sha = createHash('sha256');
  const { chain, checked, complete, engine, findingCounts, level, replica, scope, status } = part;
  const before = canonicalJson({ chain, checked, complete, engine, findingCounts });
  const after = canonicalJson({ level, replica, scope, status });
  sha.update(`${before.slice(0, -1)},"findings":[`);
  let separator = '';
  for (const text of factTexts) {
    sha.update(separator + text);
    separator = ',';
  }
  sha.update(`],${after.slice(1)}`);
  return sha.digest('hex');
}
