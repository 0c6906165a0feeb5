import { describe, expect, it } from 'vitest';
import { integrityAnswer } from '../../src/api/integrity-answer.js';
import type { Status } from '../../src/validation/index.js';

const NOW = Date.parse('2026-01-01T00:05:00.000Z');

const result = (status: Status, height: number) => ({
  ...{ level: 'Standard' as const, jobId: 'job', status, complete: status !== 'Incomplete', height },
  ...{ headHash: 'a'.repeat(64), reportDigest: 'b'.repeat(64) },
  ...{ asOf: '2026-01-01T00:00:00.000Z', startedAt: '2026-01-01T00:00:00.000Z' },
  finishedAt: '2026-01-01T00:00:01.000Z',
});
const answer = (status: Status, then: number, now: number | undefined) =>
  integrityAnswer([result(status, then)], now, NOW, () => '2025-12-31T00:00:00.000Z');

describe('integrityAnswer', () => {
  it('does not call a chain intact that is shorter than when it was checked', () => {
    for (const status of ['Healthy', 'Warning'] as const) {
      expect(answer(status, 45, 40)).toEqual({
        status: 'Incomplete',
        text: 'It is not known whether the chain is intact: it has 5 blocks fewer than when it was checked 5 minutes ago; the next validation tells.',
        level: 'Standard',
        evidenceAgeSeconds: 300,
        since: null,
      });
    }
    expect(answer('Healthy', 45, 44).text).toContain('it has 1 block fewer than');
  });

  it('takes back no damage for a shorter chain', () => {
    expect(answer('Critical', 45, 40)).toMatchObject({ status: 'Critical' });
  });

  it('is of the blocks that were checked, and names those that came later', () => {
    expect(answer('Healthy', 45, 45).text).toMatch(/^The chain is intact: all 45 blocks were checked/);
    expect(answer('Healthy', 45, 47).text).toMatch(/; 2 blocks came later and were not checked yet\.$/);
    expect(answer('Healthy', 45, undefined)).toMatchObject({ status: 'Healthy' });
  });
});
