import { describe, expect, it } from 'vitest';
import { maintenanceEnd } from '../../src/settings/index.js';

const window = (maintenance_start_hour: number, maintenance_duration_hours: number) => ({
  enable_maintenance_mode: true,
  maintenance_start_hour,
  maintenance_duration_hours,
});
const at = (time: string) => new Date(`2026-03-01T${time}Z`);

describe('maintenanceEnd', () => {
  it.each<[number, number, string, string | undefined]>([
    [2, 2, '01:59:59.999', undefined],
    [2, 2, '02:00:00.000', '2026-03-01T04:00:00.000Z'],
    [2, 2, '03:59:59.999', '2026-03-01T04:00:00.000Z'],
    [2, 2, '04:00:00.000', undefined],
    [23, 3, '22:59:59.999', undefined],
    [23, 3, '23:30:00.000', '2026-03-02T02:00:00.000Z'],
    [23, 3, '01:30:00.000', '2026-03-01T02:00:00.000Z'],
    [23, 3, '02:00:00.000', undefined],
    [0, 0.5, '00:29:00.000', '2026-03-01T00:30:00.000Z'],
  ])('of a window from %i UTC for %d h is, at %s, %s', (start, hours, time, end) => {
    expect(maintenanceEnd(window(start, hours), at(time))?.toISOString()).toBe(end);
  });

  it('always is in the future when the window is the whole day', () => {
    for (let hour = 0; hour < 24; hour++) {
      const now = at(`${String(hour).padStart(2, '0')}:30:00`);
      expect(maintenanceEnd(window(7, 24), now)?.getTime()).toBeGreaterThan(now.getTime());
    }
  });

  it('is never when there is no such window', () => {
    expect(
      maintenanceEnd({ ...window(2, 2), enable_maintenance_mode: false }, at('03:00:00')),
    ).toBeUndefined();
  });
});
