/**
 * What the dashboard takes from the answers of a node. Types of the node itself where it exports them; nothing of the
 * node's code runs here.
 */
import type { JobView } from '../../../src/api/index.js';
import type { Finding, Level, Report, Status } from '../../../src/validation/index.js';

export type { Finding, JobView, Level, Report, Status };
export type KnownStatus = Status | 'Unknown';
export type Role = 'viewer' | 'operator' | 'admin';
export type Severity = 'critical' | 'warning' | 'info';

export interface SessionAnswer {
  readonly authentication: boolean;
  readonly user: string | null;
  readonly role: Role | null;
  readonly mode: 'embedded' | 'fleet';
  readonly queues: boolean;
  readonly nodeId: string;
  readonly version: string;
}

export interface Trend {
  readonly recent: number | null;
  readonly before: number | null;
  readonly direction: 'Improving' | 'Stable' | 'Degrading' | 'insufficient';
  readonly samples: number;
}

export interface DashboardAnswer {
  readonly asOf: string;
  readonly answer: {
    readonly status: KnownStatus;
    readonly text: string;
    readonly level: string | null;
    readonly evidenceAgeSeconds: number | null;
    readonly since: string | null;
  };
  readonly healthTrend: { readonly value: string; readonly samples: number };
  readonly performanceTrend: { readonly value: string; readonly samples: number };
  readonly cacheHitRate: number | null;
  readonly trends: Readonly<Record<string, Trend>>;
  readonly monitor: {
    readonly enabled: boolean;
    readonly intervalSeconds: number;
    readonly level: string;
    readonly lastRoundAt: string | null;
    readonly nextRoundAt: string | null;
    readonly lastRound: {
      readonly jobId: string | null;
      readonly status: string | null;
      readonly complete: boolean | null;
      readonly durationMs: number | null;
    } | null;
    readonly silentSeconds: number | null;
    readonly silent: boolean;
  };
  readonly scrub: {
    readonly enabled: boolean;
    readonly fullCycleHours: number;
    readonly oldestUnverifiedSeconds: Readonly<Record<string, number | null>>;
    readonly verifiedShare: number | null;
    readonly runningJobId: string | null;
    readonly quietNow: boolean;
    readonly refused: string | null;
    readonly blocksPerSecond: number | null;
    readonly cycleEndsAt: string | null;
  };
  readonly recentResults: readonly {
    readonly jobId: string;
    readonly trigger: string;
    readonly level: string;
    readonly status: Status;
    readonly complete: boolean;
    readonly finishedAt: string;
    readonly durationMs: number;
    readonly blocks: number;
  }[];
  readonly alerts: {
    readonly open: number;
    readonly critical: number;
    readonly warning: number;
    readonly acknowledged: number;
  } | null;
}

export interface LevelTimes {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

export interface HistoryPoint {
  readonly at: string;
  readonly validations: Readonly<Record<string, LevelTimes>>;
  readonly validationsPerMinute: number | null;
  readonly blocksPerSecond: number | null;
  readonly hitRate: number | null;
  readonly queued: number | null;
  readonly active: number | null;
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
}

export interface HistoryAnswer {
  readonly from: string;
  readonly to: string;
  readonly stepSeconds: number;
  readonly points: readonly HistoryPoint[];
}

export interface MapFinding {
  readonly code: string;
  readonly severity: Status;
  readonly block: number | null;
}

export interface MapCell {
  readonly from: number;
  readonly to: number;
  readonly status: KnownStatus;
  readonly verified: Readonly<Record<string, string | null>>;
  readonly jobId: string | null;
  readonly findings: readonly MapFinding[];
  readonly moreFindings: number;
}

export interface MapAnswer {
  readonly replica: string;
  readonly height: number;
  readonly cellBlocks: number;
  readonly whole: {
    readonly findings: readonly {
      readonly code: string;
      readonly severity: Status;
      readonly jobId: string;
    }[];
  };
  readonly cells: readonly MapCell[];
}

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

export interface Delivery {
  readonly channel: string;
  readonly event: string;
  readonly state: 'pending' | 'sent' | 'given_up';
  readonly attempts: number;
  readonly lastError: string | null;
  readonly sentAt: string | null;
}

export interface Alert {
  readonly id: string;
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly state: 'open' | 'acknowledged' | 'resolved';
  readonly title: string;
  readonly what: string;
  readonly where: {
    readonly chain: string;
    readonly replica: string | null;
    readonly node: string | null;
    readonly blocks: readonly number[];
  };
  readonly since: string;
  readonly lastSeenAt: string;
  readonly resolvedAt: string | null;
  readonly count: number;
  readonly action: string;
  readonly jobId: string | null;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: string | null;
  readonly comment: string | null;
  readonly escalatedAt: string | null;
  readonly silencedUntil: string | null;
  readonly deliveries: readonly Delivery[];
}

export interface Silence {
  readonly id: string;
  readonly match: Readonly<Record<string, string | undefined>>;
  readonly reason: string;
  readonly by: string | null;
  readonly createdAt: string;
  readonly until: string;
}

export interface Channel {
  readonly name: string;
  readonly enabled: boolean;
  readonly up: boolean | null;
  readonly lastSuccessAt: string | null;
  readonly lastFailureAt: string | null;
  readonly lastError: string | null;
  readonly pending: number;
}

export interface AlertsAnswer {
  readonly alerts: readonly Alert[];
  readonly silences: readonly Silence[];
  readonly channels: readonly Channel[];
}

export interface RuntimeVersion {
  readonly revision: number;
  readonly value: Readonly<Record<string, string | number | boolean>>;
  readonly by: string | null;
  readonly at: string | null;
}

export interface RuntimeConfigAnswer extends RuntimeVersion {
  readonly history: readonly RuntimeVersion[];
}
