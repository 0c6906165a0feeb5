import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sampledBlocks, sampleSize } from '../../src/validation/sample.js';

describe('sampledBlocks', () => {
  const seed = hash('sha256', 'head');

  it.each([
    [0, 0],
    [10, 10],
    [64, 64],
    [5000, 64],
    [10_000, 100],
    [1_000_000, 10_000],
  ])('has max(64, 1 %%) of %i blocks: %i', (count, size) => {
    expect(sampleSize(count)).toBe(size);
    expect(sampledBlocks(seed, { from: 0, to: count }, 0, count).size).toBe(size);
  });

  it('is the same for any cutting of the scope', () => {
    const scope = { from: 137, to: 9_137 };
    const whole = [...sampledBlocks(seed, scope, scope.from, scope.to)];
    for (const step of [1, 97, 1000]) {
      const parts: number[] = [];
      for (let from = scope.from; from < scope.to; from += step) {
        parts.push(...sampledBlocks(seed, scope, from, Math.min(from + step, scope.to)));
      }
      expect(parts.sort((a, b) => a - b)).toEqual(whole.sort((a, b) => a - b));
    }
  });

  it('depends on the head', () => {
    const scope = { from: 0, to: 100_000 };
    const other = sampledBlocks(hash('sha256', 'another head'), scope, 0, 100_000);
    const same = [...sampledBlocks(seed, scope, 0, 100_000)].filter((block) => other.has(block));
    expect(same.length).toBeLessThan(100);
  });
});
