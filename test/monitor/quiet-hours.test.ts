import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastLoudMs, loudMs, quietEndMs, quietStartMs } from '../../src/monitor/index.js';

const HOUR_MS = 3_600_000;
const at = (day: number, hour: number, minute = 0) => Date.UTC(2026, 0, day, hour, minute);
const NIGHT = { startHour: 22, endHour: 6 };

describe('quiet hours', () => {
  it('end on the next day when they begin later than they end', () => {
    expect(quietEndMs(NIGHT, at(5, 23))).toBe(at(6, 6));
    expect(quietEndMs(NIGHT, at(5, 3))).toBe(at(5, 6));
    expect(quietEndMs(NIGHT, at(5, 22))).toBe(at(6, 6));
    expect(quietEndMs(NIGHT, at(5, 6))).toBeUndefined();
    expect(quietEndMs({ startHour: 9, endHour: 17 }, at(5, 16, 59))).toBe(at(5, 17));
  });

  it('begin at their hour, today or tomorrow', () => {
    expect(quietStartMs(NIGHT, at(5, 21))).toBe(at(5, 22));
    expect(quietStartMs(NIGHT, at(5, 22))).toBe(at(5, 22));
    expect(quietStartMs(NIGHT, at(5, 23))).toBe(at(6, 22));
  });

  it('are none when nothing is said, or when they end as they begin', () => {
    for (const none of [undefined, { startHour: 3, endHour: 3 }]) {
      expect(quietEndMs(none, at(5, 3))).toBeUndefined();
      expect(quietStartMs(none, at(5, 3))).toBeUndefined();
      expect(loudMs(none, at(5, 0), at(6, 0))).toBe(24 * HOUR_MS);
    }
  });

  it('leave of any time what lies outside of them, which is never less than the least', () => {
    const hour = fc.integer({ min: 0, max: 23 });
    fc.assert(
      fc.property(
        hour,
        hour,
        fc.nat({ max: 500 }),
        fc.nat({ max: 100 }),
        (startHour, endHour, from, length) => {
          const quiet = { startHour, endHour };
          const start = at(1, 0) + from * HOUR_MS;
          let counted = 0;
          for (let n = 0; n < length; n++) {
            if (quietEndMs(quiet, start + n * HOUR_MS) === undefined) counted += HOUR_MS;
          }
          expect(loudMs(quiet, start, start + length * HOUR_MS)).toBe(counted);
          expect(leastLoudMs(quiet, length * HOUR_MS)).toBeLessThanOrEqual(counted);
        },
      ),
    );
    expect(leastLoudMs(NIGHT, 12 * HOUR_MS)).toBe(4 * HOUR_MS);
    expect(leastLoudMs(NIGHT, 168 * HOUR_MS)).toBe(7 * 16 * HOUR_MS);
  });
});
