import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Series, TIERS } from '../../src/monitor/index.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const T = Date.UTC(2026, 0, 5);

const result = (durationMs: number, level = 'Standard', blocks = 100) => ({ level, durationMs, blocks });

describe('Series', () => {
  it('gives means of gauges, shares of requests and percentiles of validations for each step', () => {
    const series = new Series();
    series.sample(T, { queued: 2, active: 1, cpuPercent: 50, memoryBytes: 1000, hits: 3, misses: 1 });
    series.sample(T + 5 * SECOND_MS, { queued: 4, hits: 0, misses: 0 });
    for (const ms of [10, 20, 30, 1000]) series.result(T + SECOND_MS, result(ms));
    series.result(T + SECOND_MS, result(5000, 'Full'));
    const { stepMs, points } = series.points(T, T + 9 * SECOND_MS, 500);
    expect(stepMs).toBe(10_000);
    expect(points).toHaveLength(1);
    const [point] = points;
    expect(point).toMatchObject({
      at: new Date(T).toISOString(),
      queued: 3,
      active: 1,
      cpuPercent: 50,
      memoryBytes: 1000,
      hitRate: 0.75,
      validations: { Standard: { count: 4 }, Full: { count: 1 } },
    });
    expect(point!.blocksPerSecond).toBeCloseTo((500 / 6060) * 1000);
    expect(point!.validations.Standard!.p50Ms! / 20).toBeCloseTo(1, 1);
    expect(point!.validations.Standard!.p95Ms! / 1000).toBeCloseTo(1, 1);
  });

  it('leaves null what nobody has measured, and does not make a zero of it', () => {
    const series = new Series();
    series.sample(T + 30 * SECOND_MS, { queued: 0 });
    const { points } = series.points(T, T + 39 * SECOND_MS, 500);
    expect(points.map(({ queued }) => queued)).toEqual([null, null, null, 0]);
    expect(points[0]).toMatchObject({
      validations: {},
      validationsPerMinute: null,
      blocksPerSecond: null,
      hitRate: null,
      cpuPercent: null,
      memoryBytes: null,
    });
    expect(points[3]).toMatchObject({ validationsPerMinute: 0, cpuPercent: null });
  });

  it('reads percentiles that are off by less than 4.5 %', () => {
    const duration = fc.double({ min: 1, max: 1_800_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 50 }), (durations) => {
        const series = new Series();
        for (const ms of durations) series.result(T, result(ms));
        const { p50Ms, p95Ms } = series.points(T, T + 1, 10).points[0]!.validations.Standard!;
        const sorted = [...durations].sort((a, b) => a - b);
        const exact = (share: number) => sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
        expect(Math.abs(p50Ms! / exact(0.5) - 1)).toBeLessThan(0.06);
        expect(Math.abs(p95Ms! / exact(0.95) - 1)).toBeLessThan(0.06);
      }),
    );
  });

  it('keeps 10 s for an hour, minutes for a day and 10 minutes for a week, and no more', () => {
    const series = new Series();
    const kept = new Set<string>();
    const end = T + 8 * DAY_MS;
    for (let at = T; at < end; at += 5 * MINUTE_MS) {
      series.sample(at, { queued: 1 });
      for (const { tier, at: time, step } of series.changes(at)) {
        if (step) kept.add(`${tier}/${time}`);
        else kept.delete(`${tier}/${time}`);
      }
    }
    expect(kept.size).toBeLessThanOrEqual(TIERS.reduce((sum, { steps }) => sum + steps + 1, 0));
    const oldest = (tier: number) =>
      Math.min(
        ...[...kept].filter((key) => key.startsWith(`${tier}/`)).map((key) => Number(key.split('/')[1])),
      );
    expect(end - oldest(0)).toBeLessThanOrEqual(HOUR_MS + 10 * MINUTE_MS);
    expect(end - oldest(1)).toBeLessThanOrEqual(DAY_MS + 10 * MINUTE_MS);
    expect(end - oldest(2)).toBeLessThanOrEqual(7 * DAY_MS + 20 * MINUTE_MS);
    expect(end - oldest(2)).toBeGreaterThan(6.9 * DAY_MS);
  });

  it('is the same after it was kept and read again', () => {
    const series = new Series();
    for (let n = 0; n < 50; n++) {
      series.sample(T + n * 10 * SECOND_MS, { queued: n, hits: n, misses: 1 });
      series.result(T + n * 10 * SECOND_MS, result(10 + n));
    }
    const nowMs = T + 500 * SECOND_MS;
    const again = new Series();
    for (const { tier, step } of series.changes(nowMs)) {
      if (step) again.load(tier, JSON.parse(JSON.stringify(step)));
    }
    for (const back of [HOUR_MS, DAY_MS]) {
      expect(again.points(nowMs - back, nowMs, 100)).toEqual(series.points(nowMs - back, nowMs, 100));
    }
    again.sample(nowMs, { queued: 7 });
    expect(again.changes(nowMs)).toHaveLength(3);
  });

  it('never gives more points than were asked for, and adds up all that there is', () => {
    const series = new Series();
    for (let n = 0; n < 24 * 60; n++) series.result(T + n * MINUTE_MS, result(10));
    const nowMs = T + DAY_MS - 1;
    for (const most of [10, 33, 500]) {
      const { points } = series.points(nowMs - 24 * HOUR_MS + MINUTE_MS, nowMs, most);
      expect(points.length).toBeLessThanOrEqual(most);
      const sum = points.reduce((count, { validations }) => count + (validations.Standard?.count ?? 0), 0);
      expect(sum).toBeGreaterThan(24 * 60 - (24 * 60) / most - 60);
    }
  });

  it('forgets what comes too late', () => {
    const series = new Series();
    series.sample(T + 8 * DAY_MS, { queued: 1 });
    series.changes(T + 8 * DAY_MS);
    series.result(T, result(10));
    expect(series.changes(T + 8 * DAY_MS)).toEqual([]);
  });
});
