import { describe, expect, it } from 'vitest';
import {
  type ConditionSettings,
  Conditions,
  type MonitorFacts,
  type OpenAlert,
  type Vitals,
} from '../../src/alerts/conditions.js';
import { ReplicaLag } from '../../src/alerts/replica-lag.js';
import { ThresholdWatch } from '../../src/alerts/threshold-watch.js';
import { MINUTE, START } from './support.js';

const SETTINGS: ConditionSettings = {
  cacheHitRate: 0.7,
  validationMs: 1000,
  memoryPercent: 80,
  diskFreePercent: 10,
  replicaBehindMs: 5 * MINUTE,
  redisAwayMs: 15_000,
};
const NOTHING: Vitals = { volumes: [], heights: new Map() };
const LOOK_MS = 5000;
const OPEN: OpenAlert = { openedAt: START, severity: 'warning' };

function conditions(settings: Partial<ConditionSettings> = {}, open?: OpenAlert): Conditions {
  const where = { chain: 'test-chain', replica: 'replica-1', node: 'node-1' };
  return new Conditions({ settings: { ...SETTINGS, ...settings }, ...where, open: () => open });
}

/** What is raised by the last of several looks. */
function looks(watch: Conditions, vitals: readonly Partial<Vitals>[]): string[] {
  let now = START;
  let raised: string[] = [];
  for (const one of vitals) {
    now += LOOK_MS;
    raised = watch.judge({ ...NOTHING, ...one }, now).raised.map(({ rule }) => rule);
  }
  return raised;
}
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const figures = (cacheHitRate: number | null) => ({
  figures: { cacheHitRate, averageValidationMs: null, memoryPercent: null },
});

describe('ThresholdWatch', () => {
  it('turns after so many readings in a row, and back only when clear of the threshold by the margin', () => {
    const watch = new ThresholdWatch({ bad: 'above', threshold: 100, margin: 0.1, readings: 3 }, false);
    const read = (...values: (number | undefined)[]) => values.map((value) => watch.read(value)).at(-1);
    expect(read(101, 101, 99, 101, 101)).toBe(false);
    expect(read(undefined, Number.NaN)).toBe(false);
    expect(read(101)).toBe(true);
    expect(read(95, 95, 95, 95)).toBe(true);
    expect(read(89, 89, 95, 89, 89)).toBe(true);
    expect(read(89)).toBe(false);
  });
});

describe('Conditions', () => {
  it('tell of a figure that is beyond its threshold for six looks, not of one that flaps or is not measured', () => {
    expect(looks(conditions(), times(5, figures(0.5)))).toEqual([]);
    expect(looks(conditions(), times(6, figures(0.5)))).toEqual(['cache-hit-rate']);
    expect(looks(conditions(), times(50, [figures(0.5), figures(0.9)]).flat())).toEqual([]);
    expect(looks(conditions(), times(50, figures(null)))).toEqual([]);
    expect(looks(conditions({ cacheHitRate: undefined }), times(50, figures(0.1)))).toEqual([]);
    const slow = { figures: { cacheHitRate: null, averageValidationMs: 1001, memoryPercent: 81 } };
    expect(looks(conditions(), times(6, slow))).toEqual(['validation-time', 'memory']);
  });

  it('say nothing of a figure that is not measured now, though it was bad before', () => {
    const watch = conditions();
    expect(looks(watch, times(6, figures(0.5)))).toEqual(['cache-hit-rate']);
    for (const one of [figures(null), {}]) {
      const { raised, cleared } = watch.judge({ ...NOTHING, ...one }, START + MINUTE);
      expect([raised, cleared]).toEqual([[], []]);
    }
    expect(looks(watch, [figures(0.5)])).toEqual(['cache-hit-rate']);
  });

  it('go on from what an earlier process has found', () => {
    expect(looks(conditions({}, OPEN), [figures(0.72)])).toContain('cache-hit-rate');
    expect(looks(conditions({}, OPEN), times(6, figures(0.8)))).not.toContain('cache-hit-rate');
  });

  it('tell of a volume that runs full, critically so when next to nothing is left', () => {
    const volume = (freePercent: number) => ({
      volumes: [{ name: 'state', path: '/var/lib/x', freePercent, freeBytes: 1e9 }] as const,
    });
    const judge = (freePercent: number) => {
      const watch = conditions();
      watch.judge({ ...NOTHING, ...volume(freePercent) }, START);
      return watch.judge({ ...NOTHING, ...volume(freePercent) }, START + LOOK_MS).raised;
    };
    expect(judge(10.1)).toEqual([]);
    expect(judge(9)).toMatchObject([{ rule: 'disk-space', subject: 'node-1/state', severity: 'warning' }]);
    expect(judge(2)).toMatchObject([{ rule: 'disk-space', severity: 'critical' }]);
    expect(judge(9)[0]?.what).toContain('9.0 % (1.0 GB) free');
    expect(looks(conditions({ diskFreePercent: 0 }), times(9, volume(0)))).toEqual([]);
  });

  it('do not flap at the critical line of a volume', () => {
    const severities = (watch: Conditions, ...percents: number[]) =>
      percents.map((freePercent, n) => {
        const volumes = [{ name: 'state', path: '/x', freePercent, freeBytes: 1e9 }] as const;
        const { raised } = watch.judge({ ...NOTHING, volumes }, START + n * LOOK_MS);
        return raised.find(({ rule }) => rule === 'disk-space')?.severity;
      });
    expect(severities(conditions(), 2.6, 2.6, 2.4, 2.6, 2.4, 2.6)).toEqual([
      undefined,
      ...times(5, 'warning'),
    ]);
    const flapping = times(5, [2.4, 2.6]).flat();
    expect(severities(conditions({}, { ...OPEN, severity: 'critical' }), ...flapping)).toEqual(
      times(10, 'critical'),
    );
    expect(severities(conditions({}, { ...OPEN, severity: 'critical' }), 3, 3)).toEqual([
      'critical',
      'warning',
    ]);
  });

  it('tell that Redis is away after a while, and that it is back at once', () => {
    const watch = conditions();
    expect(looks(watch, times(3, { redis: false }))).toEqual([]);
    expect(looks(conditions(), times(4, { redis: false }))).toEqual(['redis-away']);
    expect(watch.judge({ ...NOTHING, redis: true }, START).cleared.map(({ rule }) => rule)).toContain(
      'redis-away',
    );
    expect(looks(conditions(), times(9, {}))).toEqual([]);
  });

  const facts: MonitorFacts = {
    enabled: true,
    intervalMs: 300_000,
    silent: false,
    lastRoundAt: null,
    scrub: {
      enabled: true,
      overdue: false,
      allVerified: false,
      oldestUnverifiedSeconds: 7200,
      promiseSeconds: 3600,
      refused: null,
    },
    recentFigures: { cacheHitRate: null, averageValidationMs: null, memoryPercent: null },
  };
  const clearedBy = (monitor: MonitorFacts) =>
    conditions({}, OPEN)
      .judge({ ...NOTHING, monitor }, START)
      .cleared.map(({ rule }) => rule);

  it('end a silence only by a round that said something after it was told, whatever a new node knows', () => {
    const at = (ms: number) => ({ ...facts, lastRoundAt: new Date(ms).toISOString() });
    expect(clearedBy(facts)).toEqual([]);
    expect(clearedBy(at(START))).toEqual([]);
    expect(clearedBy({ ...facts, enabled: false })).toEqual([]);
    expect(clearedBy(at(START + 1))).toEqual(['monitor-silent']);
    expect(clearedBy({ ...at(START + 1), silent: true })).toEqual([]);
    const monitor = { ...at(START - MINUTE), silent: true };
    const [raised] = conditions().judge({ ...NOTHING, monitor }, START).raised;
    expect(raised?.what).toContain('has said anything since 2026-03-01T11:59:00.000Z');
  });

  it('call the scrub well only by validations of every block', () => {
    const scrub = { ...facts.scrub, allVerified: true, oldestUnverifiedSeconds: 60 };
    expect(clearedBy({ ...facts, scrub: { ...scrub, allVerified: false } })).toEqual([]);
    expect(clearedBy({ ...facts, scrub: { ...scrub, enabled: false } })).toEqual([]);
    expect(clearedBy({ ...facts, scrub: { ...scrub, refused: 'too slow' } })).toEqual([]);
    expect(clearedBy({ ...facts, scrub })).toEqual(['scrub-overdue']);
  });

  it('tell what the monitor tells: that it is silent, or its scrub overdue', () => {
    const scrub = { ...facts.scrub, overdue: true };
    expect(looks(conditions(), [{ monitor: facts }])).toEqual([]);
    expect(looks(conditions(), [{ monitor: { ...facts, silent: true } }])).toEqual(['monitor-silent']);
    expect(looks(conditions(), [{ monitor: { ...facts, scrub } }])).toEqual(['scrub-overdue']);
    expect(looks(conditions(), [{ monitor: { ...facts, scrub, silent: true, enabled: false } }])).toEqual([]);
    const [raised] = conditions().judge({ ...NOTHING, monitor: { ...facts, scrub } }, START).raised;
    expect(raised?.what).toContain('2.0 h ago; promised are 1.0 h');
  });
});

describe('ReplicaLag', () => {
  const heights = (a: number, b: number) =>
    new Map([
      ['a', a],
      ['b', b],
    ]);

  it('calls behind who lacks what another had so long ago, not who follows at a distance', () => {
    const lag = new ReplicaLag(60_000);
    for (let i = 0; i < 300; i++) {
      const read = lag.read(heights(100 + i, 99 + i), START + i * 1000);
      expect(read.get('a')).toBe(0);
      expect([0, undefined]).toContain(read.get('b'));
    }
    for (let i = 0; i < 59; i++)
      expect(lag.read(heights(500, 398), START + 300_000 + i * 1000).get('b')).not.toBeGreaterThan(5);
    expect(lag.read(heights(500, 398), START + 420_000).get('b')).toBe(102);
    expect(lag.read(heights(500, 500), START + 421_000).get('b')).toBe(0);
  });

  it('says nothing of a replica behind while it has not looked long enough', () => {
    const lag = new ReplicaLag(60_000);
    expect(lag.read(heights(10, 5), START).get('b')).toBeUndefined();
    expect(lag.read(heights(10, 5), START + 59_999).get('b')).toBeUndefined();
    expect(lag.read(heights(10, 5), START + 60_000).get('b')).toBe(5);
  });

  it('leaves out a replica that does not tell its height', () => {
    const lag = new ReplicaLag(1000);
    lag.read(heights(10, 10), START);
    expect([...lag.read(new Map([['a', 20]]), START + 5000).keys()]).toEqual(['a']);
  });
});
