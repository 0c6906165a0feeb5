import { describe, expect, it } from 'vitest';
import { healthTrendOf, type JobOutcome, Series, trendsOf } from '../../src/monitor/index.js';
import type { Status } from '../../src/validation/index.js';
import { jobOutcome } from './outcomes.js';

const T = Date.UTC(2026, 0, 5, 12);
const MINUTE_MS = 60_000;

/** Results a minute apart; the first one is the newest. */
const newest = (
  count: number,
  make: (n: number) => Partial<Parameters<typeof jobOutcome>[0]>,
): JobOutcome[] =>
  Array.from({ length: count }, (_, n) => jobOutcome({ endedMs: T - n * MINUTE_MS, ...make(n) }));

const withStatus = (status: Status) => ({ summary: { status, complete: status !== 'Incomplete' } });
const trendsOfResults = (results: JobOutcome[]) => trendsOf(results, 'Standard', new Series(), T);

describe('healthTrendOf', () => {
  const healthOf = (statuses: readonly (Status | 'failed')[]) =>
    healthTrendOf(
      newest(statuses.length, (n) =>
        statuses[n] === 'failed' ? { summary: null } : withStatus(statuses[n] as Status),
      ),
      T,
    );
  const healthy = (count: number): Status[] => Array(count).fill('Healthy');

  it.each([
    ['Excellent', [...healthy(20)]],
    ['Good', [...healthy(19), 'Warning']],
    ['Good', [...healthy(30), 'Incomplete']],
    ['Fair', ['Warning', ...healthy(19)]],
    ['Fair', [...healthy(9), 'failed']],
    ['Poor', [...healthy(19), 'Critical']],
    ['Poor', [...healthy(7), 'failed', 'failed', 'Incomplete']],
    ['Critical', ['Critical', ...healthy(19)]],
    ['Critical', ['Incomplete', 'Corrupted', ...healthy(19)]],
  ] as const)('is %s of %j', (value, statuses) => {
    expect(healthOf(statuses)).toEqual({ value, samples: statuses.length });
  });

  it('is insufficient with fewer than five, unless damage was found', () => {
    expect(healthOf([])).toEqual({ value: 'insufficient', samples: 0 });
    expect(healthOf(healthy(4))).toEqual({ value: 'insufficient', samples: 4 });
    expect(healthOf(['Critical'])).toEqual({ value: 'Critical', samples: 1 });
  });

  it('looks at the last day and at the whole chain only', () => {
    const old = jobOutcome({ endedMs: T - 25 * 60 * MINUTE_MS, ...withStatus('Critical') });
    const part = jobOutcome({
      endedMs: T - 1,
      summary: { status: 'Critical', scope: { from: 0, to: 5, partial: true } },
    });
    expect(healthTrendOf([part, ...newest(6, () => ({})), old], T)).toEqual({
      value: 'Excellent',
      samples: 6,
    });
  });
});

describe('trendsOf', () => {
  it('compares the newer half of the last results with the older one', () => {
    const slower = trendsOfResults(newest(20, (n) => ({ durationMs: n < 10 ? 2000 : 1000 })));
    expect(slower.validationTimeMs).toEqual({
      recent: 2000,
      before: 1000,
      direction: 'Degrading',
      samples: 20,
    });
    const faster = trendsOfResults(newest(20, (n) => ({ durationMs: n < 10 ? 700 : 1000 })));
    expect(faster.validationTimeMs).toMatchObject({ direction: 'Improving' });
    const same = trendsOfResults(newest(20, (n) => ({ durationMs: n < 10 ? 1100 : 1000 })));
    expect(same.validationTimeMs).toMatchObject({ direction: 'Stable' });
  });

  it('counts blocks over time as throughput: more is better', () => {
    const checked = (headers: number) => ({ summary: { checked: { headers } as never } });
    const { throughput } = trendsOfResults(newest(10, (n) => checked(n < 5 ? 2000 : 1000)));
    expect(throughput).toEqual({ recent: 2000, before: 1000, direction: 'Improving', samples: 10 });
  });

  it('takes what failed or could not check all as an error, and cancelled jobs as none', () => {
    const { errorRate } = trendsOfResults([
      ...newest(10, (n) => (n < 2 ? { summary: null } : n < 4 ? withStatus('Incomplete') : {})),
      ...newest(5, () => ({ state: 'cancelled', summary: null })),
    ]);
    expect(errorRate).toEqual({ recent: 0.8, before: 0, direction: 'Degrading', samples: 10 });
  });

  it('is insufficient with too few results, and looks at no other level and no part of the chain', () => {
    expect(trendsOfResults(newest(7, () => ({}))).validationTimeMs).toEqual({
      recent: null,
      before: null,
      direction: 'insufficient',
      samples: 7,
    });
    const others = [
      ...newest(20, () => ({ summary: { level: 'Full' as const } })),
      ...newest(20, () => ({ summary: { scope: { from: 0, to: 5, partial: true } } })),
    ];
    expect(trendsOfResults(others).validationTimeMs).toMatchObject({ direction: 'insufficient', samples: 0 });
  });

  it('compares the last half hour of hit rate, memory and CPU with the one before', () => {
    const series = new Series();
    for (let at = T - 60 * MINUTE_MS; at < T; at += 10_000) {
      const late = at >= T - 30 * MINUTE_MS;
      series.sample(at, {
        memoryBytes: late ? 2000 : 1000,
        cpuPercent: 50,
        hits: late ? 9 : 5,
        misses: late ? 1 : 5,
      });
    }
    const { memoryBytes, cpuPercent, cacheHitRate } = trendsOf([], 'Standard', series, T);
    expect(memoryBytes).toMatchObject({ recent: 2000, before: 1000, direction: 'Degrading' });
    expect(cpuPercent).toMatchObject({ recent: 50, before: 50, direction: 'Stable' });
    expect(cacheHitRate).toMatchObject({ recent: 0.9, before: 0.5, direction: 'Improving' });
    expect(memoryBytes.samples).toBeGreaterThanOrEqual(60);
  });

  it('does not judge figures that nobody has measured', () => {
    const { memoryBytes, cacheHitRate } = trendsOf([], 'Standard', new Series(), T);
    expect(memoryBytes).toEqual({ recent: null, before: null, direction: 'insufficient', samples: 0 });
    expect(cacheHitRate).toEqual({ recent: null, before: null, direction: 'insufficient', samples: 0 });
  });
});
