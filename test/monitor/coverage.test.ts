import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Coverage,
  MOST_CELLS,
  mapView,
  oldestUnverifiedSeconds,
  verifiedShare,
} from '../../src/monitor/index.js';
import {
  FINDINGS,
  type FindingCode,
  LEVELS,
  type ReportSummary,
  STATUSES,
} from '../../src/validation/index.js';
import { reportSummary } from './summaries.js';

const T = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

/** A summary with these findings, as far as a summary names them. */
function withFindings(
  findings: readonly (readonly [FindingCode, number | null])[],
  parts: Parameters<typeof reportSummary>[0],
): ReportSummary {
  const counts: Partial<Record<FindingCode, number>> = {};
  for (const [code] of findings) counts[code] = (counts[code] ?? 0) + 1;
  const worst = findings
    .map(([code, block]) => ({ code, block, severity: FINDINGS[code].severity }))
    .sort((a, b) => STATUSES.indexOf(b.severity) - STATUSES.indexOf(a.severity))
    .slice(0, 20);
  return reportSummary({ status: worst[0]?.severity ?? 'Healthy', ...parts, findingCounts: counts, worst });
}

const at = (hours: number) => ({ startedMs: T + hours * HOUR_MS, finishedMs: T + hours * HOUR_MS + 1000 });
const part = (from: number, to: number) => ({ scope: { from, to, partial: true } });

function mapOf(height: number, batchSize = 10): Coverage {
  const coverage = new Coverage(batchSize);
  coverage.resize(height, T);
  return coverage;
}

const statuses = (coverage: Coverage) => mapView(coverage, MOST_CELLS).cells.map(({ status }) => status);

describe('Coverage', () => {
  it('knows nothing before the first result', () => {
    const map = mapOf(25);
    expect(mapView(map, 16).cells.map(({ from, to, status }) => [from, to, status])).toEqual([
      [0, 10, 'Unknown'],
      [10, 20, 'Unknown'],
      [20, 25, 'Unknown'],
    ]);
    expect(oldestUnverifiedSeconds(map, T + HOUR_MS).headers).toBe(3600);
    expect(verifiedShare(map, T)).toBe(0);
    expect(oldestUnverifiedSeconds(new Coverage(10), T)).toMatchObject({ headers: null, canonical: null });
    expect(verifiedShare(new Coverage(10), T)).toBeNull();
  });

  it('takes the time of the evidence of each check, and only where a complete result covered all of a cell', () => {
    const map = mapOf(25);
    map.apply(reportSummary({ ...at(1), height: 25 }), T + HOUR_MS);
    map.apply(reportSummary({ ...at(2), height: 25, level: 'Full', ...part(5, 20) }), T + 2 * HOUR_MS);
    const [first, second, last] = mapView(map, 16).cells;
    const [one, two] = [1, 2].map((hours) => new Date(T + hours * HOUR_MS).toISOString());
    expect(first!.verified).toEqual({
      headers: one,
      payloads: one,
      signatures: null,
      history: null,
      canonical: null,
    });
    expect(second!.verified).toEqual({
      headers: two,
      payloads: two,
      signatures: two,
      history: two,
      canonical: two,
    });
    expect(last!.verified.canonical).toBeNull();
    expect(oldestUnverifiedSeconds(map, T + 3 * HOUR_MS)).toMatchObject({ headers: 7200, canonical: 10_800 });
  });

  it('counts nothing as verified by a result that is not complete, or that went without its anchor', () => {
    const map = mapOf(20);
    map.apply(reportSummary({ ...at(1), height: 20, complete: false, status: 'Incomplete' }), T);
    map.apply(reportSummary({ ...at(2), height: 20, requireAnchor: false }), T);
    expect(statuses(map)).toEqual(['Unknown', 'Unknown']);
  });

  it('counts no sampled check as verified', () => {
    const map = mapOf(10);
    map.apply(reportSummary({ ...at(1), height: 10, level: 'Comprehensive' }), T);
    expect(mapView(map, 16).cells[0]!.verified).toMatchObject({
      payloads: expect.any(String),
      signatures: null,
    });
  });

  it('shows the last cell as unknown once blocks came that nobody has looked at', () => {
    const map = mapOf(25);
    map.apply(reportSummary({ ...at(1), height: 25 }), T);
    expect(statuses(map)).toEqual(['Healthy', 'Healthy', 'Healthy']);
    map.resize(26, T + 2 * HOUR_MS);
    expect(statuses(map)).toEqual(['Healthy', 'Healthy', 'Unknown']);
    map.resize(31, T + 3 * HOUR_MS);
    expect(statuses(map)).toEqual(['Healthy', 'Healthy', 'Unknown', 'Unknown']);
  });

  it('ages the last cell from when its head was pinned: younger blocks are younger than that', () => {
    const map = mapOf(15);
    map.apply(reportSummary({ ...at(2), height: 15 }), T + HOUR_MS);
    expect(map.cells[0]!.verified.headers).toBe(T + 2 * HOUR_MS);
    expect(map.cells[1]!.verified.headers).toBe(T + HOUR_MS);
  });

  it('keeps a finding until its own check has run over its block again, completely and later', () => {
    const map = mapOf(20);
    const found = withFindings([['CANONICAL_MISMATCH', 13]], { ...at(1), height: 20, level: 'Full' });
    map.apply(found, T);
    const still = () => mapView(map, 16).cells[1]!;
    for (const later of [
      reportSummary({ ...at(2), height: 20 }), // another check
      reportSummary({ ...at(2), height: 20, level: 'Full', ...part(0, 10) }), // other blocks
      reportSummary({ ...at(2), height: 20, level: 'Full', complete: false }),
      reportSummary({ ...at(2), height: 20, level: 'Full', requireAnchor: false }),
      reportSummary({ ...at(0.9999), height: 20, level: 'Full' }), // began before it was found
    ]) {
      map.apply(later, T);
      expect(still()).toMatchObject({
        status: 'Critical',
        findings: [{ code: 'CANONICAL_MISMATCH', block: 13 }],
      });
    }
    map.apply(reportSummary({ ...at(3), height: 20, level: 'Full', ...part(10, 20) }), T);
    expect(still()).toMatchObject({ status: 'Healthy', findings: [] });
    map.apply(found, T);
    expect(still()).toMatchObject({ status: 'Healthy', findings: [] });
  });

  it('does not take back with another sample what one sample has found', () => {
    const map = mapOf(200, 100);
    const found = { ...at(1), height: 200, level: 'Comprehensive' as const };
    map.apply(withFindings([['SPARQL_COUNT_MISMATCH', 150]], found), T);
    map.apply(reportSummary({ ...found, ...at(2), headHash: 'c'.repeat(64) }), T);
    expect(statuses(map)).toEqual(['Healthy', 'Warning']);
    map.apply(reportSummary({ ...found, ...at(3) }), T);
    expect(statuses(map)).toEqual(['Healthy', 'Healthy']);
  });

  it('keeps findings of the whole chain apart, and takes them back with the whole chain only', () => {
    const map = mapOf(20);
    map.apply(withFindings([['ANCHOR_INVALID', null]], { ...at(1), height: 20 }), T);
    map.apply(reportSummary({ ...at(2), height: 20, level: 'Full', ...part(0, 20) }), T);
    expect(mapView(map, 16).whole.findings).toMatchObject([{ code: 'ANCHOR_INVALID', severity: 'Critical' }]);
    map.apply(reportSummary({ ...at(3), height: 20 }), T);
    expect(mapView(map, 16).whole.findings).toEqual([]);
  });

  it('takes back what stood behind the last block when the whole chain was looked at and it is not there', () => {
    const map = mapOf(20);
    const parts = { height: 20 };
    map.apply(
      withFindings(
        [
          ['ORPHAN_PAYLOAD', 25],
          ['TRUNCATED', 20],
        ],
        { ...at(1), ...parts },
      ),
      T,
    );
    map.apply(reportSummary({ ...at(2), ...parts, level: 'Full', ...part(10, 20) }), T);
    expect(map.whole.map(({ code }) => code)).toEqual(['TRUNCATED', 'ORPHAN_PAYLOAD']);
    map.apply(reportSummary({ ...at(3), ...parts, level: 'Minimal' }), T);
    expect(map.whole.map(({ code }) => code)).toEqual(['ORPHAN_PAYLOAD']);
    map.apply(reportSummary({ ...at(4), ...parts }), T);
    expect(map.whole).toEqual([]);
  });

  it('counts the share of blocks that every check of Full has covered, newer ones apart', () => {
    const map = mapOf(15);
    map.apply(reportSummary({ ...at(1), height: 15, level: 'Full' }), T + HOUR_MS);
    map.resize(20, T + 2 * HOUR_MS);
    map.apply(reportSummary({ ...at(2), height: 20 }), T + 2 * HOUR_MS);
    expect(verifiedShare(map, T)).toBe(0.75);
    expect(verifiedShare(map, T + 2 * HOUR_MS)).toBe(0);
  });

  it('makes no news of what was cancelled or ran out of time', () => {
    const map = mapOf(10);
    map.apply(reportSummary({ ...at(1), height: 10 }), T);
    const stopped = { ...at(2), height: 10, complete: false };
    map.apply(
      withFindings(
        [
          ['TIME_LIMIT', 5],
          ['CANCELLED', null],
        ],
        stopped,
      ),
      T,
    );
    expect(mapView(map, 16)).toMatchObject({
      whole: { findings: [] },
      cells: [{ status: 'Healthy', findings: [] }],
    });
  });

  it('leaves cells unknown in which findings may be that were not named', () => {
    const map = mapOf(100);
    const findings = Array.from({ length: 25 }, (_, n) => ['PAYLOAD_MISSING', n] as const);
    map.apply(withFindings(findings, { ...at(1), height: 100 }), T);
    expect(statuses(map).slice(0, 2)).toEqual(['Critical', 'Critical']);
    expect(statuses(map).slice(2)).toEqual(Array(8).fill('Unknown'));
    expect(mapView(map, 16).cells[0]).toMatchObject({ moreFindings: 0 });
    map.apply(reportSummary({ ...at(2), height: 100 }), T);
    expect(statuses(map)).toEqual(Array(10).fill('Healthy'));
  });

  it('ends the doubt that samples left with a whole look by the same checks that names all it finds', () => {
    const map = mapOf(200, 100);
    const found = { height: 200, level: 'Comprehensive' as const };
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => ['SPARQL_COUNT_MISMATCH', n] as const);
    map.apply(withFindings(many(25), { ...at(1), ...found }), T);
    const second = () => mapView(map, 16).cells[1]!.status;
    const head = { headHash: 'c'.repeat(64) };
    for (const later of [
      reportSummary({ ...at(2), height: 200 }), // another level, without the check
      reportSummary({ ...at(3), ...found, ...part(100, 200) }), // another sample, of a part
      reportSummary({ ...at(4), ...found, complete: false }),
      withFindings(many(21), { ...at(5), ...found, ...head }), // again more than it names
    ]) {
      map.apply(later, T);
      expect(second()).toBe('Unknown');
    }
    map.apply(withFindings(many(3), { ...at(6), ...found, ...head }), T);
    expect(second()).toBe('Healthy');
  });

  it('is healthy only where the payloads of all of a cell were read, not the headers alone', () => {
    const map = mapOf(25);
    map.apply(reportSummary({ ...at(1), height: 25, level: 'Minimal' }), T);
    const bare = { status: 'Unknown', verified: { headers: expect.any(String), payloads: null } };
    expect(mapView(map, 16).cells[0]).toMatchObject(bare);
    map.apply(reportSummary({ ...at(2), height: 25 }), T);
    expect(statuses(map)).toEqual(['Healthy', 'Healthy', 'Healthy']);
    map.resize(27, T + 3 * HOUR_MS);
    map.apply(reportSummary({ ...at(3), height: 27, level: 'Minimal' }), T + 3 * HOUR_MS);
    expect(mapView(map, 16).cells[2]).toMatchObject(bare);
  });

  it('counts the findings that a cell does not name', () => {
    const map = mapOf(50, 50);
    const findings = Array.from({ length: 14 }, (_, n) => ['PAYLOAD_MISSING', n] as const);
    const summary = withFindings(findings, { ...at(1), height: 50 });
    map.apply(summary, T);
    map.apply(summary, T);
    const [cell] = mapView(map, 16).cells;
    expect([cell!.findings.length, cell!.moreFindings]).toEqual([10, 4]);
  });

  it('merges neighbours when the chain outgrows its cells: verified when both were, and no finding lost', () => {
    const map = new Coverage(1);
    map.resize(MOST_CELLS, T);
    map.apply(reportSummary({ ...at(1), height: MOST_CELLS }), T);
    map.apply(reportSummary({ ...at(2), height: MOST_CELLS, ...part(0, 3) }), T);
    map.apply(withFindings([['LINK_BROKEN', 7]], { ...at(3), height: MOST_CELLS, ...part(7, 8) }), T);
    map.resize(MOST_CELLS + 1, T + 4 * HOUR_MS);
    expect(map.cellBlocks).toBe(2);
    expect(map.cells.length).toBe(MOST_CELLS / 2 + 1);
    expect(map.cells[0]!.verified.headers).toBe(T + 2 * HOUR_MS);
    expect(map.cells[1]!.verified.headers).toBe(T + HOUR_MS);
    expect(map.cells[3]!.findings).toMatchObject([{ code: 'LINK_BROKEN', block: 7 }]);
    expect(statuses(map).at(-1)).toBe('Unknown');
  });

  it('is the same after it was kept as JSON', () => {
    const map = mapOf(25);
    map.apply(withFindings([['PAYLOAD_MISSING', 3]], { ...at(1), height: 25, level: 'Full' }), T);
    const kept = new Coverage(99, JSON.parse(JSON.stringify(map.state())));
    expect(mapView(kept, 16)).toEqual(mapView(map, 16));
  });

  it('cuts off what a shorter chain does not have', () => {
    const map = mapOf(45);
    map.apply(reportSummary({ ...at(1), height: 45 }), T);
    map.resize(12, T + HOUR_MS);
    map.resize(15, T + HOUR_MS);
    expect(mapView(map, 16)).toMatchObject({
      height: 15,
      cells: [{ status: 'Healthy' }, { to: 15, status: 'Unknown' }],
    });
  });

  it('shows fewer cells than there are with the worst of their statuses and the oldest of their times', () => {
    const map = mapOf(320);
    map.apply(reportSummary({ ...at(1), height: 320 }), T);
    map.apply(reportSummary({ ...at(2), height: 320, ...part(0, 10) }), T);
    map.apply(withFindings([['PAYLOAD_MISSING', 15]], { ...at(3), height: 320, ...part(10, 20) }), T);
    const { cells, cellBlocks } = mapView(map, 16);
    expect([cells.length, cellBlocks]).toEqual([16, 20]);
    expect(cells[0]).toMatchObject({ from: 0, to: 20, status: 'Critical' });
    expect(cells[0]!.verified.headers).toBe(new Date(T + 2 * HOUR_MS).toISOString());
    expect(cells[1]!.status).toBe('Healthy');
  });
});

describe('Coverage under any results in any order', () => {
  const HEIGHT = 60;
  const CODES = [
    ...(['PAYLOAD_MISSING', 'HEADER_INVALID', 'SIGNATURE_INVALID', 'CANONICAL_MISMATCH'] as const),
    'SPARQL_COUNT_MISMATCH' as const,
  ];
  const CHECK = {
    PAYLOAD_MISSING: 'payloads',
    HEADER_INVALID: 'headers',
    SIGNATURE_INVALID: 'signatures',
    CANONICAL_MISMATCH: 'canonical',
    SPARQL_COUNT_MISMATCH: 'sparql-sampled',
  } as const;

  const result = fc.record({
    level: fc.constantFrom(...LEVELS),
    from: fc.integer({ min: 0, max: HEIGHT - 1 }),
    length: fc.integer({ min: 1, max: HEIGHT }),
    hour: fc.integer({ min: 1, max: 40 }),
    hours: fc.integer({ min: 0, max: 5 }),
    complete: fc.boolean(),
    requireAnchor: fc.constantFrom(true, true, true, false),
    findings: fc.oneof(
      { weight: 3, arbitrary: fc.constant<[(typeof CODES)[number], number][]>([]) },
      {
        weight: 1,
        arbitrary: fc.array(fc.tuple(fc.constantFrom(...CODES), fc.nat({ max: HEIGHT - 1 })), {
          maxLength: 30,
        }),
      },
    ),
  });

  it('never calls a cell healthy that holds a finding which nothing has taken back, and never ages a block too little', () => {
    fc.assert(
      fc.property(fc.array(result, { maxLength: 12 }), fc.constantFrom(1, 7, 10), (results, batchSize) => {
        const summaries = results.map((one) => {
          const to = Math.min(HEIGHT, one.from + one.length);
          const inside = one.findings.filter(([, block]) => block >= one.from && block < to);
          const unique = [...new Map(inside.map((finding) => [finding.join(), finding])).values()];
          return {
            findings: unique,
            summary: withFindings(unique, {
              startedMs: T + one.hour * HOUR_MS,
              finishedMs: T + (one.hour + one.hours) * HOUR_MS,
              level: one.level,
              height: HEIGHT,
              complete: one.complete,
              requireAnchor: one.requireAnchor,
              scope: { from: one.from, to, partial: to - one.from < HEIGHT },
            }),
          };
        });
        const map = mapOf(HEIGHT, batchSize);
        for (const { summary } of summaries) map.apply(summary, Date.parse(summary.startedAt));
        const cellAt = (block: number) => Math.floor(block / batchSize);
        const shown = statuses(map);
        const proofs = summaries.filter(({ summary }) => summary.complete && summary.requireAnchor);
        const covers = ({ scope }: ReportSummary, block: number) => block >= scope.from && block < scope.to;
        for (const { findings, summary: found } of summaries) {
          for (const [code, block] of findings) {
            const gone = proofs.some(
              ({ summary }) =>
                summary.startedAt >= found.finishedAt &&
                covers(summary, block) &&
                summary.checks.includes(CHECK[code]),
            );
            if (!gone) expect(shown[cellAt(block)], `${code} in block ${block}`).not.toBe('Healthy');
          }
        }
        for (let block = 0; block < HEIGHT; block++) {
          for (const group of ['headers', 'payloads', 'signatures', 'canonical'] as const) {
            const times = proofs
              .filter(({ summary }) => covers(summary, block) && summary.checks.includes(group))
              .map(({ summary }) => Date.parse(summary.asOf));
            const claimed = map.cells[cellAt(block)]!.verified[group];
            if (claimed !== undefined) expect(claimed).toBeLessThanOrEqual(Math.max(0, ...times));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
