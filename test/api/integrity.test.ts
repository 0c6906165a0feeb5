import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LastResult } from '../../src/api/index.js';
import { ProvChainError } from '../../src/errors.js';
import { NOW, RUNTIME, TestNode } from './node.js';

let node: TestNode;

beforeEach(async () => {
  node = await TestNode.start();
});
afterEach(() => node.close());

const MINUTE_MS = 60_000;

const result = (part: Partial<LastResult> & { minutesAgo?: number }): LastResult => {
  const { minutesAgo = 5, ...rest } = part;
  const asOf = new Date(NOW - minutesAgo * MINUTE_MS).toISOString();
  return {
    level: 'Standard',
    jobId: 'job-001',
    status: 'Healthy',
    complete: true,
    height: 0,
    headHash: '0'.repeat(64),
    reportDigest: 'ef'.repeat(32),
    asOf,
    startedAt: asOf,
    finishedAt: asOf,
    ...rest,
  };
};

describe('GET /health', () => {
  const health = async () => {
    const { status, json } = await node.call('GET', '/health');
    return [status, json.status, json.integrity];
  };

  it('is degraded, not healthy, before anything was validated', async () => {
    expect(await health()).toEqual([200, 'degraded', 'Unknown']);
  });

  it('is healthy when the chain was found intact and every check passes', async () => {
    node.results = [result({})];
    expect(await health()).toEqual([200, 'healthy', 'Healthy']);
  });

  it('is degraded when something optional is gone, and unhealthy without something required', async () => {
    node.results = [result({})];
    node.checks = [{ name: 'cache', ok: false, required: false }];
    expect(await health()).toEqual([200, 'degraded', 'Healthy']);
    node.checks = [{ name: 'store', ok: false, required: true }];
    expect(await health()).toEqual([503, 'unhealthy', 'Healthy']);
  });

  it.each(['Critical', 'Corrupted'] as const)('is unhealthy over a chain found %s', async (status) => {
    node.results = [result({ status })];
    expect(await health()).toEqual([503, 'unhealthy', status]);
  });

  it('keeps the single checks to itself unless it may tell', async () => {
    expect((await node.call('GET', '/health')).json.checks).toHaveLength(1);
    const discreet = await TestNode.start({
      options: { detailedHealth: false, healthPath: '/status/health' },
    });
    expect((await discreet.call('GET', '/status/health')).json.checks).toBeUndefined();
    expect((await discreet.call('GET', '/status/health/ready')).json).toEqual({ ready: true, failing: [] });
    expect((await discreet.call('GET', '/health')).status).toBe(404);
    expect((await discreet.call('GET', '/status/health/live')).json.live).toBe(true);
    await discreet.close();
  });
});

describe('the health routes', () => {
  it('are not there when they are switched off', async () => {
    const silent = await TestNode.start({ options: { healthPath: false } });
    expect((await silent.call('GET', '/health')).status).toBe(404);
    await silent.close();
  });
});

describe('GET /health/ready', () => {
  it('names what fails', async () => {
    expect((await node.call('GET', '/health/ready')).json).toMatchObject({ ready: true, failing: [] });
    node.checks = [
      { name: 'queue', ok: false, required: true, detail: 'Redis does not answer' },
      { name: 'cache', ok: false, required: false },
    ];
    const { status, json } = await node.call('GET', '/health/ready');
    expect([status, json.ready, json.failing]).toEqual([503, false, ['queue']]);
    expect(json.checks[0].detail).toBe('Redis does not answer');
  });

  it('is not ready while it stops, though alive', async () => {
    node.stopping.abort();
    expect((await node.call('GET', '/health/ready')).json.failing).toEqual(['stopping']);
    expect((await node.call('GET', '/health/live')).status).toBe(200);
  });
});

describe('GET /api/integrity/status', () => {
  const status = async () => (await node.call('GET', '/api/integrity/status')).json;

  it('says of every level that it was not validated yet, and nothing healthy', async () => {
    const json = await status();
    expect(json.status).toBe('Unknown');
    expect(
      json.levels.map(({ status: each, validated }: LastResult & { validated: boolean }) => [
        each,
        validated,
      ]),
    ).toEqual(Array(4).fill(['Unknown', false]));
    expect(json.unknown).toContain('Full: not validated yet');
  });

  it('gives the last results with their age, and the blocks that came since', async () => {
    await node.chain.append(Buffer.from('<a:s> <a:p> <a:o> .'), 'n-quads');
    node.results = [result({ minutesAgo: 5, height: 0 })];
    const json = await status();
    expect(json.levels[1]).toMatchObject({
      level: 'Standard',
      status: 'Healthy',
      ageSeconds: 300,
      blocksSince: 1,
    });
    expect(json.levels[1].report).toBe('/api/jobs/job-001/report');
    expect(json.unknown).toContain('Standard: 1 block appended since');
  });

  it.each([
    [
      'the worst of them',
      [
        ['Standard', 'Healthy', 1],
        ['Full', 'Critical', 9],
      ],
      'Critical',
    ],
    [
      'a later one of a stronger level',
      [
        ['Standard', 'Critical', 9],
        ['Full', 'Healthy', 1],
      ],
      'Healthy',
    ],
    [
      'what a weaker level cannot take back',
      [
        ['Minimal', 'Healthy', 1],
        ['Full', 'Warning', 9],
      ],
      'Warning',
    ],
    [
      'what was found after the stronger level ran',
      [
        ['Minimal', 'Critical', 1],
        ['Full', 'Healthy', 9],
      ],
      'Critical',
    ],
  ] as const)('counts %s', async (_what, results, expected) => {
    node.results = results.map(([level, each, minutesAgo]) => result({ level, status: each, minutesAgo }));
    expect((await status()).status).toBe(expected);
  });

  it('does not let an incomplete validation replace a finding', async () => {
    node.results = [
      result({ level: 'Standard', status: 'Critical', minutesAgo: 9 }),
      result({ level: 'Full', status: 'Incomplete', complete: false, minutesAgo: 1 }),
    ];
    const json = await status();
    expect(json.status).toBe('Critical');
    expect(json.unknown).toContain('Full: the last validation could not check everything');
  });

  it('says so when the chain itself cannot be read now', async () => {
    node.chain.failure = new ProvChainError('STORE_UNAVAILABLE', 'no store');
    node.results = [result({})];
    expect(await status()).toMatchObject({
      chain: null,
      chainError: 'no store',
      levels: [{}, { blocksSince: null }, {}, {}],
    });
  });
});

describe('figures', () => {
  it('are null where nothing was measured, never 0', async () => {
    const metrics = (await node.call('GET', '/api/integrity/metrics')).json;
    expect(metrics.cache.hitRate).toBeNull();
    expect(metrics.errors).toEqual({ completed: 0, failed: 0, failedRate: null });
    expect(metrics.resources.node).toEqual({
      rssBytes: null,
      heapUsedBytes: null,
      cpuPercent: null,
      eventLoopDelayP99Ms: null,
    });
    expect(metrics.throughput.validationsPerSecond).toBeNull();
    const summary = (await node.call('GET', '/api/integrity/performance')).json;
    expect(summary).toMatchObject({
      validations: 0,
      averageMs: null,
      slowestLevel: null,
      failedRate: null,
      cacheHitRate: null,
      memoryBytes: null,
      cpuPercent: null,
    });
  });

  it('are those that were measured', async () => {
    node.hits = { hits: 3, misses: 1, entries: 2, bytes: 900, perLevel: { Full: { hits: 0, misses: 1 } } };
    node.figures = {
      since: '2025-11-23T12:00:00.000Z',
      levels: [
        { level: 'Minimal', completed: 3, failed: 0, averageMs: 10 },
        { level: 'Full', completed: 1, failed: 1, averageMs: 50, p95Ms: Number.NaN },
      ],
      validationsPerSecond: 0.5,
      process: { rssBytes: 100, cpuPercent: 20 },
      validator: { rssBytes: 50, cpuPercent: 30, threads: 2, busyThreads: 1 },
    };
    expect((await node.call('GET', '/api/integrity/cache-stats')).json).toEqual({
      hits: 3,
      misses: 1,
      hitRate: 0.75,
      entries: 2,
      bytes: 900,
      levels: { Full: { hits: 0, misses: 1, hitRate: 0 } },
    });
    const metrics = (await node.call('GET', '/api/integrity/metrics')).json;
    expect(metrics.validationTimes[1]).toMatchObject({ level: 'Full', averageMs: 50, p95Ms: null });
    expect(metrics.errors).toEqual({ completed: 4, failed: 1, failedRate: 0.2 });
    expect((await node.call('GET', '/api/integrity/performance')).json).toMatchObject({
      validations: 5,
      averageMs: 20,
      slowestLevel: 'Full',
      cacheHitRate: 0.75,
      memoryBytes: 150,
      cpuPercent: 50,
      threads: { busy: 1, all: 2 },
      settings: { validation_level: 'Standard' },
    });
  });

  it('say what was cleared', async () => {
    const { json } = await node.call('POST', '/api/integrity/clear-cache');
    expect(json).toEqual({ cleared: { entries: 3, bytes: 400 } });
    expect(node.cleared).toEqual(['local']);
    expect(node.audited).toMatchObject([{ action: 'cache.clear', outcome: 'success' }]);
  });
});

describe('/api/integrity/config', () => {
  const put = (body: unknown, headers: Record<string, string> = {}) =>
    node.call('PUT', '/api/integrity/config', { body, headers });

  it('gives what is in force with its revision', async () => {
    const { json, headers } = await node.call('GET', '/api/integrity/config');
    expect(json).toEqual({ revision: 1, value: RUNTIME, by: null, at: null, history: [] });
    expect(headers.etag).toBe('"1"');
  });

  it('changes what is named, keeps what was before, and goes back', async () => {
    const changed = await put({
      validation_level: 'Comprehensive',
      enable_caching: true,
      cache_ttl_seconds: 600,
    });
    expect(changed.json).toMatchObject({
      revision: 2,
      value: { ...RUNTIME, validation_level: 'Comprehensive', cache_ttl_seconds: 600 },
      by: 'local',
      history: [{ revision: 1, value: RUNTIME }],
    });
    const back = await node.call('POST', '/api/integrity/config/rollback');
    expect(back.json).toMatchObject({ revision: 3, value: RUNTIME, history: [{ revision: 2 }] });
    expect(node.audited.map(({ action, details }) => [action, details?.revision])).toEqual([
      ['config.update', 2],
      ['config.rollback', 3],
    ]);
  });

  it('has nothing to go back to at first', async () => {
    expect((await node.call('POST', '/api/integrity/config/rollback')).json.code).toBe('NOT_FOUND');
  });

  it('changes only the revision that If-Match names', async () => {
    expect((await put({ batch_size: 10 }, { 'If-Match': '"7"' })).json.code).toBe('REVISION_CONFLICT');
    expect((await put({ batch_size: 10 }, { 'If-Match': '"1"' })).json.value.batch_size).toBe(10);
    expect((await put({ batch_size: 20 }, { 'If-Match': '*' })).status).toBe(200);
    expect((await put({ batch_size: 10 }, { 'If-Match': 'three' })).json.code).toBe('REQUEST_INVALID');
  });

  it.each([
    [{ validation_level: 'Total' }, 'Comprehensive'],
    [{ validation_level: 'Full', cache_ttl: 3 }, 'cache_ttl'],
    [{ cache_ttl_seconds: -1 }, 'cache_ttl_seconds'],
    [{ cache_ttl_seconds: '600' }, 'cache_ttl_seconds'],
    [{ max_validation_time: 601 }, 'max_validation_time'],
    [{}, 'at least one'],
    [{ port: 80 }, 'port'],
  ])('refuses %j with 422 and says why', async (body, why) => {
    const { status, json } = await put(body);
    expect([status, json.code]).toEqual([422, 'CONFIG_INVALID']);
    expect(json.detail).toContain(why);
    expect(node.config.revision).toBe(1);
    expect(node.audited).toMatchObject([
      { action: 'config.update', outcome: 'failure', code: 'CONFIG_INVALID' },
    ]);
  });

  it('needs a body', async () => {
    expect((await node.call('PUT', '/api/integrity/config')).json.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    const empty = await put('', { 'Content-Type': 'application/json' });
    expect([empty.status, empty.json.code]).toEqual([400, 'JSON_INVALID']);
  });
});

describe('/api/admin', () => {
  it('stops appends with a reason and lets them go on', async () => {
    const frozen = await node.call('POST', '/api/admin/freeze', {
      body: { reason: ' data corruption suspected ' },
    });
    expect(frozen.json).toMatchObject({ frozen: true, reason: 'data corruption suspected', by: 'local' });
    expect((await node.call('GET', '/api/admin/freeze')).json.frozen).toBe(true);
    expect((await node.call('GET', '/api/chain')).json).toMatchObject({
      frozen: true,
      freezeReason: 'data corruption suspected',
    });
    const free = await node.call('POST', '/api/admin/unfreeze', { body: { reason: 'restored' } });
    expect(free.json).toMatchObject({ frozen: false, reason: null });
    expect((await node.call('POST', '/api/admin/unfreeze')).status).toBe(200);
    expect(node.audited.map(({ action, details }) => [action, details?.reason])).toEqual([
      ['freeze', 'data corruption suspected'],
      ['unfreeze', 'restored'],
      ['unfreeze', undefined],
    ]);
  });

  it.each([
    {},
    { reason: '' },
    { reason: ' ' },
    { reason: 'a\nb' },
    { reason: 'x'.repeat(501) },
    { reason: 'a', until: 'b' },
  ])('refuses to freeze for %j', async (body) => {
    const { status, json } = await node.call('POST', '/api/admin/freeze', { body });
    expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
    expect(node.freeze.frozen).toBe(false);
  });

  it('refuses a reason that is no text in any encoding', async () => {
    const body = '{"reason":"\\ud800"}';
    const { json } = await node.call('POST', '/api/admin/freeze', {
      body,
      headers: { 'Content-Type': 'application/json' },
    });
    expect(json.code).toBe('REQUEST_INVALID');
  });
});

describe('GET /api/nodes', () => {
  it('lists the nodes that are alive', async () => {
    node.nodes = [
      {
        nodeId: 'node-1',
        roles: ['api', 'worker'],
        replica: 'replica-1',
        height: 5,
        headHash: 'ab'.repeat(32),
        writer: true,
        startedAt: '2025-11-23T12:00:00.000Z',
        version: '0.1.0',
      },
    ];
    const { json } = await node.call('GET', '/api/nodes');
    expect(json.nodes).toMatchObject([{ nodeId: 'node-1', writer: true, url: null, load: null }]);
  });
});
