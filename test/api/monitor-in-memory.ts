import type { ApiMonitor, DashboardView } from '../../src/api/index.js';
import { Coverage, mapView, Series } from '../../src/monitor/index.js';
import type { Status } from '../../src/validation/index.js';

const NO_TREND = { recent: null, before: null, direction: 'insufficient', samples: 0 } as const;
const NEVER = { headers: null, payloads: null, signatures: null, history: null, canonical: null };

/** A monitor without rounds: series and map are the real ones, and what is in them is the test's. */
export class MonitorInMemory implements ApiMonitor {
  readonly series = new Series();
  readonly coverage = new Coverage(10);
  since: { status: Status; at: string } | undefined;
  alerts: DashboardView['alerts'] = null;
  readonly #nowMs: number;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  dashboard(): Omit<DashboardView, 'answer'> {
    return {
      asOf: new Date(this.#nowMs).toISOString(),
      healthTrend: { value: 'insufficient', samples: 0 },
      performanceTrend: { value: 'insufficient', samples: 0 },
      cacheHitRate: null,
      trends: {
        validationTimeMs: NO_TREND,
        cacheHitRate: NO_TREND,
        throughput: NO_TREND,
        errorRate: NO_TREND,
        memoryBytes: NO_TREND,
        cpuPercent: NO_TREND,
      },
      monitor: {
        enabled: true,
        intervalSeconds: 300,
        level: 'Standard',
        lastRoundAt: null,
        nextRoundAt: null,
        lastRound: null,
        silentSeconds: 0,
        silent: false,
      },
      scrub: {
        enabled: false,
        fullCycleHours: null,
        oldestUnverifiedSeconds: NEVER,
        verifiedShare: null,
        runningJobId: null,
        quietNow: false,
        refused: null,
        blocksPerSecond: null,
        cycleEndsAt: null,
      },
      recentResults: [],
      alerts: this.alerts,
    };
  }

  statusSince(status: Status): string | null {
    return this.since?.status === status ? this.since.at : null;
  }

  history(fromMs: number, points: number) {
    const answer = this.series.points(fromMs, this.#nowMs, points);
    return {
      to: new Date(this.#nowMs).toISOString(),
      stepSeconds: answer.stepMs / 1000,
      points: answer.points,
    };
  }

  map(cells: number) {
    return { replica: 'replica-1', ...mapView(this.coverage, cells) };
  }
}
