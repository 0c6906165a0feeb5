/**
 * What the dashboard takes from the answers of a node. Types of the node itself where it exports them; nothing of the
 * node's code runs here.
 */
import type { AlertList, DashboardView, HistoryView, JobView, MapView } from '../../../src/api/index.js';
import type { Finding, Report, Status } from '../../../src/validation/index.js';

export type { Finding, JobView, Report };
export type KnownStatus = Status | 'Unknown';
export type Role = 'viewer' | 'operator' | 'admin';

export interface SessionAnswer {
  readonly authentication: boolean;
  readonly user: string | null;
  readonly role: Role | null;
  readonly mode: 'embedded' | 'fleet';
  readonly queues: boolean;
  readonly nodeId: string;
  readonly version: string;
}

export type DashboardAnswer = DashboardView;
export type HistoryAnswer = HistoryView;
export type HistoryPoint = HistoryView['points'][number];
export type MapAnswer = MapView;
export type MapCell = MapView['cells'][number];
export type MapFinding = MapCell['findings'][number];

export interface IntegrityStatus {
  readonly status: KnownStatus;
  readonly levels: readonly {
    readonly level: string;
    readonly status: KnownStatus;
    readonly validated: boolean;
    readonly complete: boolean | null;
    readonly ageSeconds: number | null;
    readonly asOf: string | null;
    readonly height: number | null;
    readonly blocksSince: number | null;
    readonly jobId: string | null;
  }[];
  readonly unknown: readonly string[];
}

export interface ChainAnswer {
  readonly chainId: string;
  readonly format: string;
  readonly replicaId: string;
  readonly height: number;
  readonly headHash: string;
  readonly timestamp: string | null;
  readonly anchorIndex: number | null;
  readonly frozen: boolean;
  readonly freezeReason: string | null;
}

export interface NodeAnswer {
  readonly nodeId: string;
  readonly roles: readonly string[];
  readonly replica: string;
  readonly height: number | null;
  readonly writer: boolean;
  readonly startedAt: string;
  readonly version: string;
  readonly load: { readonly active: number; readonly queued: number } | null;
}

export interface JobList {
  readonly jobs: readonly JobView[];
  readonly next: string | null;
}

export interface BlockEntry {
  readonly index: number;
  readonly hash: string;
  readonly header: Readonly<Record<string, unknown>>;
}

export interface BlockList {
  readonly height: number;
  readonly blocks: readonly BlockEntry[];
  readonly next: number | null;
}

export interface DiffLine {
  readonly op: 'same' | 'removed' | 'added';
  readonly line: string;
}

export interface Inspection {
  readonly index: number;
  readonly height: number;
  readonly hash: string | null;
  readonly header: Readonly<Record<string, unknown>> | null;
  readonly headerBytes: string | null;
  readonly status: KnownStatus;
  /** False: not everything could be checked. */
  readonly complete: boolean;
  /** What the validation of this block looked at. */
  readonly checks: readonly string[];
  readonly findings: readonly Finding[];
  readonly payload: {
    readonly bytes: number | null;
    readonly sha256: string | null;
    readonly canonical: boolean | null;
    readonly diff: readonly DiffLine[] | null;
    readonly error: string | null;
  };
  readonly previous: { readonly index: number; readonly hash: string } | null;
  readonly next: { readonly index: number; readonly hash: string } | null;
}

export interface BlockSearch {
  readonly kind: 'height' | 'hash' | 'iri';
  readonly blocks: readonly {
    readonly index: number;
    readonly hash: string;
    readonly timestamp: string | null;
    readonly quadCount: number | null;
    readonly lines: readonly string[];
  }[];
  readonly searched: { readonly from: number; readonly to: number };
  readonly next: number | null;
}

export type AlertsAnswer = AlertList;
export type Alert = AlertList['alerts'][number];
export type Silence = AlertList['silences'][number];
export type Channel = AlertList['channels'][number];
export type AlertRule = Alert['rule'];

interface RuntimeVersion {
  readonly revision: number;
  readonly value: Readonly<Record<string, string | number | boolean>>;
  readonly by: string | null;
  readonly at: string | null;
}

export interface RuntimeConfigAnswer extends RuntimeVersion {
  readonly history: readonly RuntimeVersion[];
}
