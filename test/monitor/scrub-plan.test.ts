import { describe, expect, it } from 'vitest';
import { Coverage, oldestUnverifiedSeconds, planScrub, type ScrubSettings } from '../../src/monitor/index.js';
import { reportSummary } from './summaries.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = Date.UTC(2026, 0, 5, 7, 12);

interface World {
  readonly settings: ScrubSettings;
  readonly days: number;
  /** Blocks at a time. */
  readonly height: (nowMs: number) => number;
  /** Of the validator. */
  readonly blocksPerSecond: number;
  /** Whether the node is killed in the minute; then the slice under way is lost, and the map is as it was kept. */
  readonly killed?: (minute: number) => boolean;
  /** Whether slices come to nothing at that time, or from that block on. */
  readonly fails?: (nowMs: number, from: number) => boolean;
  readonly batchSize?: number;
}

interface Story {
  readonly worstAgeMs: number;
  readonly slices: number;
  readonly quietSlices: number;
  /** Minutes in which the scrub did not give way to others. */
  readonly urgentMinutes: number;
  readonly refused: string[];
  readonly coverage: Coverage;
}

/** Lives through weeks, minute by minute: plan, validate, forget what was under way when killed. */
function live({ settings, days, height, blocksPerSecond, killed, fails, batchSize = 1000 }: World): Story {
  let coverage = new Coverage(batchSize);
  let running: { from: number; to: number; startedMs: number; height: number; endsMs: number } | undefined;
  let lastSliceMs: number | undefined;
  let measured: number | undefined;
  let [slices, quietSlices, urgentMinutes, worstAgeMs] = [0, 0, 0, 0];
  const refused = new Set<string>();
  for (let minute = 0; minute < days * 24 * 60; minute++) {
    const nowMs = START + minute * 60_000;
    coverage.resize(height(nowMs), nowMs);
    if (killed?.(minute)) {
      running = undefined;
      lastSliceMs = undefined;
      coverage = new Coverage(batchSize, JSON.parse(JSON.stringify(coverage.state())));
    }
    if (running && running.endsMs <= nowMs) {
      const complete = !fails?.(running.startedMs, running.from);
      coverage.apply(
        reportSummary({
          jobId: `slice-${slices}`,
          level: 'Full',
          scope: { from: running.from, to: running.to, partial: true },
          height: running.height,
          startedMs: running.startedMs,
          finishedMs: running.endsMs,
          ...(complete ? {} : { complete: false, status: 'Incomplete' as const }),
        }),
        running.startedMs,
      );
      coverage.tried(running.from, running.to, running.endsMs);
      measured = blocksPerSecond;
      slices++;
      running = undefined;
    }
    const plan = planScrub({ nowMs, coverage, settings, blocksPerSecond: measured, lastSliceMs });
    worstAgeMs = Math.max(worstAgeMs, (plan.oldestSeconds ?? 0) * 1000);
    if (plan.refused) refused.add(plan.refused);
    if (plan.urgent) urgentMinutes++;
    if (running && plan.quietNow) quietSlices++;
    if (!running && plan.slice) {
      const { from, to } = plan.slice;
      const endsMs = nowMs + ((to - from) / blocksPerSecond) * 1000;
      running = { from, to, startedMs: nowMs, height: coverage.height, endsMs };
      lastSliceMs = nowMs;
    }
  }
  return { worstAgeMs, slices, quietSlices, urgentMinutes, refused: [...refused], coverage };
}

const WEEK: ScrubSettings = { cycleMs: 7 * DAY_MS };
const steady = (blocks: number) => () => blocks;

describe('planScrub over simulated weeks', () => {
  it('keeps the promise of a week for a chain that stands, and spreads its slices', () => {
    const story = live({ settings: WEEK, days: 28, height: steady(300_000), blocksPerSecond: 500 });
    expect(story.worstAgeMs).toBeLessThanOrEqual(WEEK.cycleMs);
    // 300 cells, each about once in 0.7 weeks.
    expect(story.slices).toBeGreaterThan(300 * 4);
    expect(story.slices).toBeLessThan(300 * 7);
    expect(story.refused).toEqual([]);
  });

  it('keeps it while the chain grows a hundredfold and cells are merged', () => {
    const height = (nowMs: number) => 20_000 + Math.floor((nowMs - START) / 60_000) * 100;
    const story = live({ settings: WEEK, days: 28, height, blocksPerSecond: 2000 });
    expect(story.coverage.cellBlocks).toBe(4000);
    expect(story.worstAgeMs).toBeLessThanOrEqual(WEEK.cycleMs);
  });

  it.each([
    ['at night', { startHour: 22, endHour: 6 }, 24],
    ['by day, with a cycle of half a day', { startHour: 9, endHour: 14 }, 12],
    ['for 20 hours of each day', { startHour: 4, endHour: 0 }, 36],
  ])('keeps it and runs no slice in quiet hours %s', (_, quiet, cycleHours) => {
    const settings = { cycleMs: cycleHours * HOUR_MS, quiet };
    const story = live({ settings, days: 14, height: steady(50_000), blocksPerSecond: 200 });
    expect(story.worstAgeMs).toBeLessThanOrEqual(settings.cycleMs);
    expect(story.quietSlices).toBe(0);
  });

  it('keeps it through a kill every hour, and goes on where the map says', () => {
    const killed = (minute: number) => minute % 60 === 17;
    const settings = { cycleMs: DAY_MS, quiet: { startHour: 0, endHour: 5 } };
    const story = live({ settings, days: 14, height: steady(64_000), blocksPerSecond: 100, killed });
    expect(story.worstAgeMs).toBeLessThanOrEqual(settings.cycleMs);
  });

  it('keeps it with one cell, and with slices of many', () => {
    const one = live({ settings: { cycleMs: DAY_MS }, days: 7, height: steady(800), blocksPerSecond: 50 });
    expect(one.worstAgeMs).toBeLessThanOrEqual(DAY_MS);
    const settings = { cycleMs: DAY_MS, sliceBlocks: 20_000 };
    const many = live({ settings, days: 7, height: steady(100_000), blocksPerSecond: 500 });
    expect(many.worstAgeMs).toBeLessThanOrEqual(DAY_MS);
    expect(many.slices).toBeLessThan(7 * 10);
  });

  it('catches up after two days in which no slice came to its end', () => {
    const fails = (nowMs: number) => nowMs > START + 3 * DAY_MS && nowMs < START + 5 * DAY_MS;
    const story = live({ settings: WEEK, days: 21, height: steady(100_000), blocksPerSecond: 500, fails });
    expect(story.worstAgeMs).toBeLessThanOrEqual(WEEK.cycleMs + 2 * DAY_MS);
    const ages = oldestUnverifiedSeconds(story.coverage, START + 21 * DAY_MS);
    expect(ages.canonical).toBeLessThanOrEqual(WEEK.cycleMs / 1000);
  });

  it('keeps its pace, and gives way, when one block can never be verified', () => {
    const fails = (_: number, from: number) => from === 7000;
    const story = live({ settings: WEEK, days: 28, height: steady(300_000), blocksPerSecond: 500, fails });
    const healthy = live({ settings: WEEK, days: 28, height: steady(300_000), blocksPerSecond: 500 });
    // Hurried once, when the first cycle is about to end, and only until it was tried again.
    expect(story.slices).toBeLessThanOrEqual(healthy.slices + 1);
    expect(story.urgentMinutes).toBeLessThan(60);
    const others = story.coverage.cells.filter((_, index) => index !== 7);
    const oldest = Math.min(...others.map(({ verified }) => verified.canonical ?? 0));
    expect(START + 28 * DAY_MS - oldest).toBeLessThanOrEqual(WEEK.cycleMs);
    expect(story.worstAgeMs).toBeGreaterThan(27 * DAY_MS);
  });

  it('refuses what the measured speed cannot do, with the arithmetic, and goes on all the same', () => {
    const settings = { cycleMs: DAY_MS, quiet: { startHour: 22, endHour: 4 } };
    const story = live({ settings, days: 3, height: steady(1_000_000), blocksPerSecond: 12 });
    expect(story.refused).toEqual([
      '1,000,000 blocks at 12 blocks/s take 23.15 h, but of a cycle of 24 h no more than 18 h are sure to lie ' +
        'outside the quiet hours (22:00 to 4:00 UTC): raise full_cycle_hours, shorten the quiet hours, or give ' +
        'validations more of the machine',
    ]);
    expect(story.slices).toBeGreaterThan(100);
  });
});

describe('planScrub', () => {
  const coverage = new Coverage(10);
  coverage.resize(30, START);

  it('rests in quiet hours, and when a slice would not end before them', () => {
    const quiet = { startHour: 8, endHour: 9 };
    const settings = { cycleMs: DAY_MS, quiet };
    const at = (nowMs: number, blocksPerSecond?: number) =>
      planScrub({ nowMs, coverage, settings, ...(blocksPerSecond && { blocksPerSecond }) });
    expect(at(Date.UTC(2026, 0, 5, 8, 30))).toMatchObject({ rest: 'quiet', quietNow: true });
    expect(at(Date.UTC(2026, 0, 5, 7, 59), 0.01)).toMatchObject({ rest: 'no room', quietNow: false });
    expect(at(Date.UTC(2026, 0, 5, 7, 59), 1)).toMatchObject({ slice: { from: 0, to: 10, limitMs: 60_000 } });
  });

  it('has nothing to do for a chain without blocks', () => {
    const plan = planScrub({ nowMs: START, coverage: new Coverage(10), settings: WEEK });
    expect(plan).toEqual({
      rest: 'empty',
      quietNow: false,
      urgent: false,
      oldestSeconds: null,
      overdue: false,
      allVerified: false,
    });
  });

  it('knows of every block that it was verified only once it was, but for those that came later', () => {
    const map = new Coverage(10);
    map.resize(20, START);
    const verify = (from: number, at: number) =>
      map.apply(
        reportSummary({
          ...{ level: 'Full', startedMs: at, finishedMs: at + 1, height: 20 },
          scope: { from, to: from + 10, partial: true },
        }),
        at,
      );
    const known = () => planScrub({ nowMs: START + 9, coverage: map, settings: WEEK }).allVerified;
    verify(10, START + 1);
    expect(known()).toBe(false);
    verify(0, START + 2);
    expect(known()).toBe(true);
    map.resize(30, START + 5);
    expect(known()).toBe(true);
  });

  it('passes over a cell that cannot be verified, for the others, and comes back to it', () => {
    const map = new Coverage(10);
    map.resize(30, START);
    const scope = (from: number) => ({ scope: { from, to: from + 10, partial: true }, height: 30 });
    const failed = { complete: false, status: 'Incomplete' as const };
    const tried: number[] = [];
    for (let n = 1; n <= 6; n++) {
      const nowMs = START + n * 2 * DAY_MS;
      const { slice } = planScrub({ nowMs, coverage: map, settings: WEEK });
      tried.push(slice!.from);
      const parts = { startedMs: nowMs, finishedMs: nowMs + 1, ...scope(slice!.from) };
      map.apply(reportSummary({ level: 'Full', ...parts, ...(slice!.from === 0 && failed) }), nowMs);
      map.tried(slice!.from, slice!.to, nowMs + 1);
    }
    expect(tried).toEqual([0, 10, 20, 0, 10, 20]);
    expect(planScrub({ nowMs: START + 13 * DAY_MS, coverage: map, settings: WEEK })).toMatchObject({
      overdue: true,
      oldestSeconds: (13 * DAY_MS) / 1000,
    });
  });
});
