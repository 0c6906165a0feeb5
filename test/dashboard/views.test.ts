import { describe, expect, it } from 'vitest';
import type {
  DashboardAnswer,
  Finding,
  HistoryAnswer,
  IntegrityStatus,
  MapCell,
} from '../../dashboard/src/api/answers.js';
import { ApiProblem } from '../../dashboard/src/api/problem.js';
import { linesOf, quadRow } from '../../dashboard/src/blocks/quads.js';
import { uncheckedText } from '../../dashboard/src/blocks/unchecked.js';
import { columnsOf, levelsIn, summaryOf } from '../../dashboard/src/charts/columns.js';
import { lanesOf, spanOf } from '../../dashboard/src/jobs/lanes.js';
import { jobRequest } from '../../dashboard/src/jobs/request.js';
import { answerFrom } from '../../dashboard/src/overview/answer.js';
import { ageStep, cellText, mapRows } from '../../dashboard/src/overview/cell-look.js';
import { groupFindings } from '../../dashboard/src/report/groups.js';
import { changesBetween, patchOf } from '../../dashboard/src/settings/fields.js';

const NOW = Date.parse('2025-06-01T12:00:00.000Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

function cell(from: number, part: Partial<MapCell> & { verifiedAt?: string | null } = {}): MapCell {
  const { verifiedAt = ago(60), ...rest } = part;
  const verified = {
    headers: verifiedAt,
    payloads: verifiedAt,
    signatures: null,
    history: null,
    canonical: null,
  };
  return {
    from,
    to: from + 10,
    status: 'Healthy',
    verified,
    jobId: null,
    findings: [],
    moreFindings: 0,
    ...rest,
  };
}

describe('the sentence about the chain', () => {
  const away = new ApiProblem(0, 'UNREACHABLE', 'the node does not answer');
  const none = { data: undefined, error: undefined };
  const answer = { status: 'Healthy', text: 'The chain is intact.', evidenceAgeSeconds: 60 };
  const dashboard = { data: { answer } as DashboardAnswer, error: undefined, answeredMs: NOW };
  const level: IntegrityStatus['levels'][number] = {
    ...{ level: 'Full', status: 'Healthy', validated: true, complete: true, jobId: null },
    ...{ ageSeconds: 120, asOf: ago(120), height: 10, blocksSince: 3 },
  };
  const levels = [level];
  const status = {
    data: { status: 'Healthy', levels, unknown: [] } as IntegrityStatus,
    error: undefined,
    answeredMs: NOW,
  };

  it('is that of the node while the node says it, and nothing before it has ever said anything', () => {
    expect(answerFrom(none, none, NOW)).toBeUndefined();
    expect(answerFrom({ ...none, error: away }, { ...none, error: away }, NOW)).toBeUndefined();
    expect(answerFrom(dashboard, none, NOW + 20_000)).toEqual({
      status: 'Healthy',
      text: 'The chain is intact.',
    });
  });

  it('is made from the last results when the monitor fails, with an age that grows', () => {
    expect(answerFrom({ ...dashboard, error: away }, status, NOW)?.text).toBe(
      'The chain is intact: Full, 2 min ago. 3 blocks were appended since.',
    );
    const older = { ...level, ageSeconds: 170 };
    const grown = { ...status, data: { ...status.data, levels: [older] } };
    expect(answerFrom({ ...none, error: away }, grown, NOW + 15_000)?.text).toMatch(/Full, 3 min ago/);
    const shrunk = { ...status, data: { ...status.data, levels: [{ ...levels[0]!, blocksSince: -2 }] } };
    expect(answerFrom({ ...none, error: away }, shrunk, NOW)).toEqual({
      status: 'Incomplete',
      text: 'The chain has 2 blocks fewer than when it was checked.',
    });
  });

  it.each([
    ['fails', { ...dashboard, error: away }, { ...none, error: away }, 'The node does not answer'],
    ['fails after it answered', { ...dashboard, error: away }, none, 'The node does not answer'],
    ['hangs', dashboard, none, 'The node has not answered of late'],
    ['is refused', dashboard, { ...none, error: new ApiProblem(500, 'X', '') }, 'The node can’t tell'],
  ])('is never "intact" from what was last known when the node %s', (_, one, other, why) => {
    const early = answerFrom(one, other, NOW + 30_000)!;
    expect(early.status).toBe('Unknown');
    expect(early.text).toContain(why);
    expect(early.text).toMatch(/what was last known is 1 min old$/);
    expect(early.lastKnown).toBe('The node last answered 30 s ago: Healthy. The chain is intact.');
    const late = answerFrom(one, other, NOW + 3_600_000)!;
    expect(late.text).toMatch(/what was last known is 1 h old$/);
    expect(late.lastKnown).toMatch(/last answered 1 h ago/);
  });
});

describe('a cell of the map', () => {
  it('is older in steps, and never verified where no time is known', () => {
    const ages = [60, 3700, 90_000, 700_000].map((seconds) =>
      ageStep(cell(0, { verifiedAt: ago(seconds) }), NOW),
    );
    expect(ages).toEqual(['fresh', 'day', 'week', 'old']);
    expect(ageStep(cell(0, { verifiedAt: null }), NOW)).toBe('never');
  });

  it('says in words what its colour shows', () => {
    const findings = [{ code: 'PAYLOAD_DIGEST_MISMATCH', severity: 'Critical' as const, block: 14 }];
    expect(cellText(cell(10, { status: 'Critical', findings }), NOW)).toBe(
      'blocks 10–19: Critical: PAYLOAD_DIGEST_MISMATCH, verified 1 min ago',
    );
  });

  it('says "headers only" where no payload was read, and is as old as one never verified', () => {
    const verified = { ...cell(0).verified, payloads: null };
    const bare = cell(0, { status: 'Unknown', verified });
    expect(cellText(bare, NOW)).toBe('blocks 0–9: Unknown, headers only, verified 1 min ago');
    expect(ageStep(bare, NOW)).toBe('never');
    const rows = mapRows([bare, cell(10, { status: 'Unknown', verifiedAt: null })], NOW);
    expect(rows.map(({ headersOnly }) => headersOnly)).toEqual([true, false]);
  });

  it('is one row with its neighbours of the same status and age, and a row of its own otherwise', () => {
    const rows = mapRows([cell(0), cell(10), cell(20, { status: 'Critical' }), cell(30), cell(50)], NOW);
    expect(rows.map(({ from, to, status }) => [from, to, status])).toEqual([
      [0, 20, 'Healthy'],
      [20, 30, 'Critical'],
      [30, 40, 'Healthy'],
      [50, 60, 'Healthy'],
    ]);
  });
});

describe('the status of a block', () => {
  it('comes with what was not checked', () => {
    const all = ['headers', 'payloads', 'signatures', 'history', 'canonical'];
    const some = all.filter((check) => check !== 'history');
    expect(uncheckedText({ complete: true, checks: all })).toBe('');
    expect(uncheckedText({ complete: true, checks: some })).toBe('History was not checked for this block.');
    expect(uncheckedText({ complete: false, checks: all })).toBe('Not everything could be checked.');
  });
});

describe('jobRequest', () => {
  const form = { level: 'Full', from: '', to: '', fresh: false, fleet: false, priority: 'normal' };

  it('leaves out what is the default', () => {
    expect(jobRequest(form)).toEqual({ body: { level: 'Full' } });
  });

  it('names the block after the last one that people mean', () => {
    expect(jobRequest({ ...form, from: '5', to: '9', fresh: true, fleet: true, priority: 'high' })).toEqual({
      body: { level: 'Full', from: 5, to: 10, fresh: true, fleet: true, priority: 'high' },
    });
  });

  it('refuses, at the field, what is no block number or ends before it begins', () => {
    expect(jobRequest({ ...form, from: '-1' })).toHaveProperty('problems.from');
    expect(jobRequest({ ...form, from: '9', to: '5' })).toHaveProperty('problems.to');
  });
});

describe('groupFindings', () => {
  const finding = (code: string, severity: Finding['severity'], block: number | null) =>
    ({
      code,
      severity,
      block,
      message: `${block === null ? 'chain' : `block ${block}`}: what it means`,
      action: 'Do.',
      details: {},
    }) as Finding;

  it('puts the worst code first, with all of its blocks and the count of the whole report', () => {
    const findings = [
      finding('PAYLOAD_NOT_CANONICAL', 'Warning', 2),
      finding('LINK_BROKEN', 'Critical', 5),
      finding('LINK_BROKEN', 'Critical', 9),
      finding('STORE_UNREADABLE', 'Corrupted', null),
    ];
    const groups = groupFindings({ findings, findingCounts: { LINK_BROKEN: 4000 } });
    expect(groups.map(({ code, count }) => [code, count])).toEqual([
      ['STORE_UNREADABLE', 1],
      ['LINK_BROKEN', 4000],
      ['PAYLOAD_NOT_CANONICAL', 1],
    ]);
    expect(groups.map(({ meaning }) => meaning)).toEqual(Array(3).fill('What it means.'));
    expect(groups[1]!.findings.map(({ block }) => block)).toEqual([5, 9]);
  });
});

describe('lanesOf', () => {
  const shard = (
    from: number,
    node: string,
    worker: number | null,
    startMs: number | null,
    durationMs: number,
  ) => ({
    ...({ from, to: from + 10, status: 'done', durationMs, cached: false, node, worker } as const),
    startedAt: startMs === null ? null : new Date(NOW + startMs).toISOString(),
  });

  it('places the shards of each worker of each node where they began', () => {
    const lanes = lanesOf([
      shard(20, 'b', 1, 40, 5),
      shard(0, 'a', 1, 10, 3),
      shard(10, 'b', 2, 12, 4),
      shard(30, 'b', 1, 10, 30),
    ]);
    expect(lanes.map(({ node, worker, totalMs, blocks }) => [node, worker, totalMs, blocks])).toEqual([
      ['a', 1, 3, 10],
      ['b', 1, 35, 20],
      ['b', 2, 4, 10],
    ]);
    expect(lanes[1]!.shards.map((one) => [one.shard.from, one.fromMs])).toEqual([
      [30, 0],
      [20, 30],
    ]);
    expect(spanOf(lanes)).toBe(35);
  });

  it('puts a shard without a time behind the one before it', () => {
    const [lane] = lanesOf([shard(0, 'a', null, null, 3), shard(10, 'a', null, null, 4)]);
    expect(lane!.shards.map(({ fromMs }) => fromMs)).toEqual([0, 3]);
  });
});

describe('the columns of the charts', () => {
  const point = (at: number, part: object) => ({
    ...{ at: ago(at), validations: {}, validationsPerMinute: null, blocksPerSecond: null, hitRate: null },
    ...{ queued: null, active: null, cpuPercent: null, memoryBytes: null },
    ...part,
  });
  const points = [
    point(60, { validations: { Full: { count: 1, p50Ms: 900, p95Ms: 990 } }, cpuPercent: 0 }),
    point(0, { validations: { Standard: { count: 4, p50Ms: 20, p95Ms: 30 } } }),
  ];
  const history: HistoryAnswer = { from: ago(60), to: ago(0), stepSeconds: 60, points };

  it('have a gap where nothing was measured, and a zero where zero was', () => {
    const { p50, cpu, hitRate, times } = columnsOf(history, 'Full');
    expect({ p50, cpu, hitRate }).toEqual({ p50: [900, null], cpu: [0, null], hitRate: [null, null] });
    expect(times).toEqual([NOW / 1000 - 60, NOW / 1000]);
  });

  it('leave out the time before the first measurement', () => {
    const empty = [300, 240, 180, 120].map((at) => point(at, {}));
    expect(columnsOf({ ...history, points: [...empty, ...points] }, 'Full').cpu).toEqual([null, 0, null]);
  });

  it('offer the levels that were validated, the most frequent first', () => {
    expect(levelsIn(points)).toEqual(['Standard', 'Full']);
  });

  it('are summed up in words by what was measured only', () => {
    expect(summaryOf([3, null, 1, null])).toEqual({ last: 1, least: 1, greatest: 3 });
    expect(summaryOf([null])).toBeUndefined();
  });
});

describe('the form of the settings', () => {
  const inForce = { batch_size: 1000, enable_caching: true, validation_level: 'Standard' };

  it('sends what was changed, numbers as numbers', () => {
    const edited = { batch_size: '500', enable_caching: true, validation_level: 'Full' };
    expect(patchOf(inForce, edited)).toEqual({ batch_size: 500, validation_level: 'Full' });
  });

  it('sends what is no number as it is, so that the node says what is wrong with it', () => {
    expect(patchOf(inForce, { batch_size: 'many' })).toEqual({ batch_size: 'many' });
    expect(patchOf(inForce, { batch_size: '' })).toEqual({ batch_size: '' });
    expect(patchOf(inForce, { batch_size: '1000' })).toEqual({});
  });

  it('shows what one revision changed', () => {
    expect(changesBetween(inForce, { ...inForce, batch_size: 500 })).toEqual([
      { name: 'batch_size', before: '1000', after: '500' },
    ]);
  });
});

describe('quadRow', () => {
  it('reads the terms of a line as people want to see them', () => {
    const row = quadRow('_:c14n0 <http://e.org/p> "a \\"b\\"\\n\\u00e9"@en-GB <http://e.org/g> .');
    expect(row.terms).toEqual([
      { kind: 'blank', text: '_:c14n0', note: '' },
      { kind: 'iri', text: 'http://e.org/p', note: '' },
      { kind: 'literal', text: 'a "b"\né', note: 'en-GB' },
      { kind: 'iri', text: 'http://e.org/g', note: '' },
    ]);
  });

  it('shows something of every line, whatever an attacker put there', () => {
    for (const line of ['', '<unclosed', '"\\', '<a> <b> "\\U00110000" .', 'a b c d e f g']) {
      expect(quadRow(line).terms.length).toBeLessThanOrEqual(4);
    }
    expect(quadRow('<a> <b> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .').terms[2]).toEqual({
      kind: 'literal',
      text: '1',
      note: 'integer',
    });
  });

  it('belongs to a line that ends with a line feed', () => {
    expect(linesOf('a\nb\n')).toEqual(['a', 'b']);
    expect(linesOf('a\nb')).toEqual(['a', 'b']);
  });
});
