import type { ChainPoint } from './entry.js';

/** What kind of damage it is; the place is where it shows. */
const AUDIT_PROBLEMS = [
  'altered',
  'removed',
  'reordered',
  'replaced',
  'truncated',
  'head',
  'unknown-hash',
] as const;
export type AuditProblemKind = (typeof AUDIT_PROBLEMS)[number];

export interface AuditProblem {
  readonly kind: AuditProblemKind;
  readonly message: string;
  /** File, and line in it from 1; without a line it is about the file. */
  readonly source: string;
  readonly line?: number;
}

/** What the log itself says of its own past: `audit.recovered` and `audit.damaged`. */
export interface AuditIncident {
  readonly action: string;
  readonly seq: number;
  readonly time: string;
  readonly source: string;
  readonly line: number;
}

export interface AuditVerdict {
  readonly intact: boolean;
  /** Present when it is not intact. */
  readonly code?: 'AUDIT_BROKEN';
  readonly files: readonly { readonly source: string; readonly lines: number }[];
  readonly lines: number;
  /** Numbers of the first and last line; null for an empty log. */
  readonly firstSeq: number | null;
  readonly last: ChainPoint | null;
  /** Of the head file; null when it is missing or unusable. */
  readonly head: ChainPoint | null;
  /** Bytes of a line that is being written, or was when the process died; it was not acknowledged. */
  readonly unfinishedBytes: number;
  readonly incidents: readonly AuditIncident[];
  readonly problemCount: number;
  /** The first of them. */
  readonly problems: readonly AuditProblem[];
}
