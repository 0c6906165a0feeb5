import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LastResult } from '../../src/api/index.js';
import type { Status } from '../../src/validation/index.js';
import { reportSummary } from '../monitor/summaries.js';
import { NOW, TestNode, TOKENS, testAuth } from './node.js';

const MINUTE_MS = 60_000;

let node: TestNode;
beforeEach(async () => {
  node = await TestNode.start();
});
afterEach(() => node.close());

function lastResult(status: Status, minutesAgo: number, more: Partial<LastResult> = {}): LastResult {
  const at = new Date(NOW - minutesAgo * MINUTE_MS).toISOString();
  return {
    level: 'Standard',
    jobId: '01890000-0000-7000-8000-000000000001',
    status,
    complete: status !== 'Incomplete',
    height: 0,
    headHash: 'a'.repeat(64),
    reportDigest: 'b'.repeat(64),
    asOf: at,
    startedAt: at,
    finishedAt: at,
    ...more,
  };
}

const answerOf = async () => (await node.call('GET', '/api/integrity/dashboard')).json.answer;

describe('GET /api/integrity/dashboard', () => {
  it('says that nothing is known before the first validation', async () => {
    expect(await answerOf()).toEqual({
      status: 'Unknown',
      text: 'Nobody has validated the chain yet, so nothing is known of it.',
      level: null,
      evidenceAgeSeconds: null,
      since: null,
    });
  });

  it.each([
    ['Healthy', 'The chain is intact: all 1,234 blocks were checked at level Standard 3 minutes ago.'],
    [
      'Warning',
      'The chain is intact, with warnings: all 1,234 blocks were checked at level Standard 3 minutes ago.',
    ],
    [
      'Incomplete',
      'It is not known whether the chain is intact: a validation at level Standard, 3 minutes ago, could not check everything.',
    ],
    ['Critical', 'The chain is not intact: a validation at level Standard found damage 3 minutes ago.'],
    [
      'Corrupted',
      'The chain cannot be read where it should be: a validation at level Standard found damage 3 minutes ago.',
    ],
  ] as const)('says in one sentence what %s means, and how fresh it is', async (status, text) => {
    node.chain.blocks.length = 1234;
    node.results = [lastResult(status, 3, { height: 1234 })];
    node.monitor.since = { status, at: '2025-11-20T00:00:00.000Z' };
    expect(await answerOf()).toEqual({
      ...{ status, text, level: 'Standard', evidenceAgeSeconds: 180 },
      since: '2025-11-20T00:00:00.000Z',
    });
  });

  it('names the blocks that came after the evidence', async () => {
    await node.call('POST', '/api/blocks', {
      headers: { 'Content-Type': 'application/n-quads' },
      body: '<urn:a> <urn:b> <urn:c> .\n',
    });
    node.results = [lastResult('Healthy', 0)];
    expect((await answerOf()).text).toMatch(/just now; 1 block came later and was not checked yet\.$/);
  });

  it('lets the freshest of the results speak that say the same, and the worst one before all', async () => {
    node.results = [
      lastResult('Healthy', 1, { level: 'Minimal' }),
      lastResult('Healthy', 90, { level: 'Full' }),
    ];
    expect(await answerOf()).toMatchObject({ status: 'Healthy', level: 'Minimal', evidenceAgeSeconds: 60 });
    node.results = [
      lastResult('Healthy', 1, { level: 'Minimal' }),
      lastResult('Critical', 90, { level: 'Full' }),
    ];
    expect(await answerOf()).toMatchObject({ status: 'Critical', level: 'Full' });
    expect((await answerOf()).text).toContain('1 hour ago');
  });

  it('shows figures that were not measured as null, and alerts only where there are any', async () => {
    const { json } = await node.call('GET', '/api/integrity/dashboard');
    expect(json).toMatchObject({
      asOf: '2025-11-23T12:10:00.000Z',
      cacheHitRate: null,
      trends: { cpuPercent: { recent: null, before: null, direction: 'insufficient', samples: 0 } },
      alerts: null,
    });
    node.monitor.alerts = { open: 2, critical: 1, warning: 1, acknowledged: 0 };
    expect((await node.call('GET', '/api/integrity/dashboard')).json.alerts.open).toBe(2);
  });
});

describe('GET /api/integrity/history', () => {
  it('gives points of the last hour when nothing else is asked for', async () => {
    node.monitor.series.sample(NOW - MINUTE_MS, { queued: 3 });
    const { status, json } = await node.call('GET', '/api/integrity/history');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      from: '2025-11-23T11:10:00.000Z',
      to: '2025-11-23T12:10:00.000Z',
      stepSeconds: 30,
    });
    expect(json.points.length).toBeLessThanOrEqual(120);
    expect(
      json.points.map(({ queued }: { queued: number | null }) => queued).filter((n: unknown) => n !== null),
    ).toEqual([3]);
  });

  it.each(['hours=0', 'hours=169', 'points=9', 'points=501', 'hours=x', 'hours=1.5', 'days=3'])(
    'refuses %s with REQUEST_INVALID',
    async (query) => {
      const { status, json } = await node.call('GET', `/api/integrity/history?${query}`);
      expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
    },
  );

  it('goes back a week, and gives as many points as may be', async () => {
    const { json } = await node.call('GET', '/api/integrity/history?hours=168&points=500');
    expect(json.points.length).toBeLessThanOrEqual(500);
    expect(json.stepSeconds).toBe(1800);
  });
});

describe('GET /api/integrity/map', () => {
  it('shows every block, and as Unknown what nobody has looked at', async () => {
    node.monitor.coverage.resize(25, NOW);
    node.monitor.coverage.apply(
      reportSummary({
        startedMs: NOW,
        finishedMs: NOW,
        height: 25,
        scope: { from: 0, to: 10, partial: true },
      }),
      NOW,
    );
    const { json } = await node.call('GET', '/api/integrity/map');
    expect(json).toMatchObject({ replica: 'replica-1', height: 25, cellBlocks: 10, whole: { findings: [] } });
    expect(
      json.cells.map(({ from, to, status }: { from: number; to: number; status: string }) => [
        from,
        to,
        status,
      ]),
    ).toEqual([
      [0, 10, 'Healthy'],
      [10, 20, 'Unknown'],
      [20, 25, 'Unknown'],
    ]);
  });

  it.each(['cells=15', 'cells=1025', 'cells=many'])('refuses %s with REQUEST_INVALID', async (query) => {
    const { status, json } = await node.call('GET', `/api/integrity/map?${query}`);
    expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
  });

  it('is empty for a chain without blocks', async () => {
    expect((await node.call('GET', '/api/integrity/map?cells=16')).json).toMatchObject({
      height: 0,
      cells: [],
    });
  });
});

describe('the routes of the monitor', () => {
  it.each(['dashboard', 'history', 'map'])('ask for the role of a viewer: %s', async (name) => {
    await node.close();
    node = await TestNode.start({ auth: testAuth });
    expect((await node.call('GET', `/api/integrity/${name}`)).status).toBe(401);
    expect((await node.call('GET', `/api/integrity/${name}`, { token: TOKENS.viewer! })).status).toBe(200);
  });
});
