import { describe, expect, it } from 'vitest';
import { PoolSettings } from '../../src/pool/messages.js';
import { DutyCycle } from '../../workers/duty-cycle.js';

function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('DutyCycle', () => {
  it('sleeps in short turns, and ends at a stop', async () => {
    const settings = PoolSettings.create();
    settings.setCpuPercent(1);
    const cycle = new DutyCycle();
    work(20);
    let turns = 0;
    await cycle.rest(settings, () => ++turns > 3);
    expect(turns).toBe(4);
  });

  it('wakes when the limit under which it sleeps is lifted', async () => {
    const settings = PoolSettings.create();
    settings.setCpuPercent(1);
    const cycle = new DutyCycle();
    work(20);
    let turns = 0;
    await cycle.rest(settings, () => {
      turns++;
      settings.setCpuPercent(100);
      return false;
    });
    expect(turns).toBe(1);
  });

  it('does not sleep without a limit', async () => {
    const cycle = new DutyCycle();
    work(5);
    let turns = 0;
    await cycle.rest(undefined, () => ++turns > 0);
    expect(turns).toBe(0);
  });
});
