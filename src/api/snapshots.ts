/** What a node tells of itself: health, results, figures. Everything in here was looked at or measured. */
import type { Level, Status } from '../validation/index.js';

/** One thing that was looked at; `ok` is never assumed. */
export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Without it the node can't do its work, so it is not ready. */
  readonly required: boolean;
  readonly detail?: string;
}

export interface HealthSnapshot {
  readonly nodeId: string;
  readonly version: string;
  readonly mode: 'embedded' | 'fleet';
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly checks: readonly HealthCheck[];
}

/** The last validation of the whole chain at one level that came to an end. */
export interface LastResult {
  readonly level: Level;
  readonly jobId: string;
  readonly status: Status;
  readonly complete: boolean;
  /** Both null when the store could not be opened: then nothing is known of them. */
  readonly height: number | null;
  readonly headHash: string | null;
  readonly reportDigest: string;
  /** When the oldest evidence was read, ISO 8601. */
  readonly asOf: string;
  /** When the chain began to be read, ISO 8601: what was changed after `finishedAt` it can't have seen. */
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** Undefined stands for "not measured". Times are milliseconds. */
export interface LevelFigures {
  readonly level: Level | 'Custom';
  readonly completed: number;
  readonly failed: number;
  readonly averageMs?: number;
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly lastMs?: number;
  /** Average of the newer half of the window over that of the older: above 1 it is getting slower. */
  readonly trend?: number;
  readonly blocksPerSecond?: number;
}

export interface PerformanceSnapshot {
  /** Since when things are counted, ISO 8601. */
  readonly since: string;
  readonly levels: readonly LevelFigures[];
  readonly validationsPerSecond?: number;
  readonly queue?: { readonly queued: number; readonly active: number };
  readonly validator?: {
    readonly rssBytes?: number;
    readonly cpuPercent?: number;
    readonly threads?: number;
    readonly busyThreads?: number;
    readonly restarts?: number;
  };
  readonly process?: {
    readonly rssBytes?: number;
    readonly heapUsedBytes?: number;
    readonly cpuPercent?: number;
    readonly eventLoopDelayP99Ms?: number;
  };
}

export interface NodeEntry {
  readonly nodeId: string;
  readonly roles: readonly string[];
  readonly replica: string;
  readonly height: number | null;
  readonly headHash: string | null;
  readonly writer: boolean;
  readonly startedAt: string;
  readonly version: string;
  readonly url?: string;
  readonly load?: { readonly active: number; readonly queued: number };
}

export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
}

export interface CacheStats extends CacheCounts {
  readonly entries: number;
  readonly bytes: number;
  readonly perLevel: Readonly<Record<string, CacheCounts>>;
}
