import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import { TestNode } from './node.js';
import { reportText } from './report-text.js';

let node: TestNode;

beforeEach(async () => {
  node = await TestNode.start();
});
afterEach(() => node.close());

const submit = (body?: unknown, headers: Record<string, string> = {}, path = '/api/jobs') =>
  node.call('POST', path, { body, headers });

describe('POST /api/jobs', () => {
  it('accepts a job with 202 and its Location', async () => {
    const { status, headers, json } = await submit({
      level: 'Full',
      from: 2,
      to: 5,
      priority: 'high',
      fresh: true,
    });
    expect([status, headers.location, headers['retry-after']]).toEqual([202, '/api/jobs/job-001', '1']);
    expect(json).toMatchObject({
      jobId: 'job-001',
      state: 'queued',
      level: 'Full',
      scope: { from: 2, to: 5 },
    });
    expect(node.jobs.submitted).toEqual([
      {
        request: { level: 'Full', from: 2, to: 5, priority: 'high', fresh: true },
        origin: { trigger: 'api', user: 'local', requestId: headers['x-request-id'] },
      },
    ]);
  });

  it('takes the settings for what an empty body, or none, leaves out', async () => {
    expect((await submit()).status).toBe(202);
    expect((await submit({})).status).toBe(202);
    expect(node.jobs.submitted.map(({ request }) => request)).toEqual([{}, {}]);
  });

  it('takes a level in any case, and a set of checks instead', async () => {
    await submit({ level: 'full' });
    await submit({ checks: ['payloads', 'history'] });
    expect(node.jobs.submitted.map(({ request }) => request)).toEqual([
      { level: 'Full' },
      { checks: ['payloads', 'history'] },
    ]);
  });

  it('keeps the keys by which jobs and results are found to itself', async () => {
    const { text } = await submit({}, { 'Idempotency-Key': 'my-key' });
    expect(text).not.toMatch(/secret-|my-key/);
  });

  it('answers from the cache with the text that is there', async () => {
    const report = reportText({ jobId: 'old' });
    node.jobs.cached = {
      entry: { report, status: 'Healthy', asOf: '2025-11-23T12:00:00.000Z' },
      ageMs: 2345.6,
    };
    const { status, headers, json, text } = await submit({ level: 'Standard' });
    expect([status, headers.age, headers['cache-control']]).toEqual([200, '2', 'no-store']);
    expect(json).toEqual({
      cached: true,
      ageMs: 2346,
      asOf: '2025-11-23T12:00:00.000Z',
      job: null,
      report: JSON.parse(report),
    });
    expect(text).toContain(report);
  });

  it('waits for the end when it is asked to, by parameter or Prefer', async () => {
    node.jobs.accepted = ({ spec }) => setImmediate(() => node.jobs.finish(spec.jobId));
    const waited = await submit({}, {}, '/api/jobs?wait=7');
    expect([waited.status, node.jobs.lastWaitMs]).toEqual([200, 7000]);
    expect(waited.json).toMatchObject({
      cached: false,
      asOf: '2025-11-23T12:00:00.000Z',
      job: { jobId: 'job-001', state: 'completed' },
      report: { jobId: 'job-001', status: 'Healthy' },
    });
    await submit({}, { Prefer: 'respond-async, wait=3' });
    expect(node.jobs.lastWaitMs).toBe(3000);
  });

  it('answers 202 with the job as it stands when the time to wait is over', async () => {
    node.jobs.accepted = ({ spec }) => node.jobs.progress(spec.jobId, 1, 10);
    const { status, json } = await submit({}, {}, '/api/jobs?wait=0');
    expect([status, json.state]).toEqual([202, 'running']);
  });

  it('gives the same job for the same Idempotency-Key, and its result once it is there', async () => {
    const first = await submit({}, { 'Idempotency-Key': '"k-1"' });
    const second = await submit({}, { 'Idempotency-Key': 'k-1' });
    expect([first.status, second.status, second.json.jobId]).toEqual([202, 202, 'job-001']);
    node.jobs.finish('job-001', 'Critical');
    const third = await submit({}, { 'Idempotency-Key': 'k-1' });
    expect([third.status, third.json.report.status]).toEqual([200, 'Critical']);
  });

  it('says why a job failed that was waited for, with the status of that error', async () => {
    node.jobs.accepted = ({ spec }) =>
      node.jobs.change(spec.jobId, {
        state: 'failed',
        error: { code: 'STORE_UNAVAILABLE', message: 'gone' },
      });
    const { status, json } = await submit({});
    expect([status, json.code, json.detail, json.jobId]).toEqual([
      503,
      'STORE_UNAVAILABLE',
      'gone',
      'job-001',
    ]);
  });

  it('says of a job that was cancelled before it began that it has no report', async () => {
    node.jobs.accepted = ({ spec }) => node.jobs.change(spec.jobId, { state: 'cancelled' });
    const { status, json } = await submit({});
    expect([status, json.code]).toEqual([409, 'JOB_WITHOUT_REPORT']);
  });

  it('answers a fleet job with its replicas instead of a report', async () => {
    const replicas = [{ replica: 'r1', jobId: 'j1', state: 'completed', status: 'Healthy' }] as const;
    node.jobs.accepted = ({ spec }) =>
      node.jobs.change(spec.jobId, { state: 'completed', status: 'Healthy', replicas, agree: true });
    const { status, json } = await submit({ fleet: true });
    expect([status, json.report, json.job.agree, json.job.replicas]).toEqual([200, null, true, replicas]);
  });

  it.each([
    [{ level: 'Total' }, 'body.level'],
    [{ levle: 'Full' }, 'levle'],
    [{ level: 'Full', checks: ['headers'] }, 'only one of level'],
    [{ level: 'Full', profile: 'audit' }, 'only one of level'],
    [{ checks: [] }, 'body.checks'],
    [{ checks: ['everything'] }, 'body.checks.0'],
    [{ profile: '../etc' }, 'body.profile'],
    [{ from: -1 }, 'body.from'],
    [{ from: 1.5 }, 'body.from'],
    [{ from: 5, to: 5 }, '"to" must be greater'],
    [{ timeLimitMs: 0 }, 'body.timeLimitMs'],
    [{ fresh: 'yes' }, 'body.fresh'],
    [{ priority: 'urgent' }, 'body.priority'],
    [[], 'body'],
    [null, 'body'],
  ])('refuses %j with 400', async (body, what) => {
    const { status, json } = await submit(body);
    expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
    expect(json.detail).toContain(what);
    expect(node.jobs.submitted).toEqual([]);
  });

  it.each([
    ['/api/jobs?wait=301', {}],
    ['/api/jobs?wait=-1', {}],
    ['/api/jobs?wait=1&wait=2', {}],
    ['/api/jobs?wiat=1', {}],
    ['/api/jobs', { 'Idempotency-Key': 'a b' }],
    ['/api/jobs', { 'Idempotency-Key': 'x'.repeat(256) }],
  ])('refuses %s with %j', async (path, headers) => {
    const { status, json } = await submit({}, headers, path);
    expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
    expect(node.jobs.submitted).toEqual([]);
  });

  it.each([
    ['OVERLOADED', 503, '5'],
    ['QUEUE_UNAVAILABLE', 503, '2'],
    ['OUT_OF_RANGE', 422, undefined],
    ['IDEMPOTENCY_MISMATCH', 422, undefined],
    ['STORE_CORRUPT', 503, undefined],
  ] as const)('answers %s with %s and Retry-After %s', async (code, expected, retryAfter) => {
    node.jobs.failure = new ProvChainError(code, 'not now');
    const { status, json, headers } = await submit({});
    expect([status, json.code, headers['retry-after']]).toEqual([expected, code, retryAfter]);
  });

  it('keeps the words and the place of a defect to the log', async () => {
    node.jobs.failure = new TypeError('secret is undefined');
    const { status, json, text } = await submit({});
    expect([status, json.code]).toEqual([500, 'INTERNAL']);
    expect(text).not.toContain('secret');
  });
});

describe('GET /api/jobs', () => {
  it('lists newest first, by filter and page', async () => {
    for (const level of ['Full', 'Minimal', 'Full', 'Full']) await submit({ level });
    node.jobs.finish('job-001');
    const first = await node.call('GET', '/api/jobs?level=full&limit=2');
    expect(first.json.jobs.map(({ jobId }: { jobId: string }) => jobId)).toEqual(['job-004', 'job-003']);
    expect(first.headers.link).toBe('</api/jobs?level=Full&limit=2&after=job-003>; rel="next"');
    const second = await node.call('GET', `/api/jobs?level=Full&limit=2&after=${first.json.next}`);
    expect(second.json).toMatchObject({ jobs: [{ jobId: 'job-001' }], next: null });
    const done = await node.call('GET', '/api/jobs?state=completed');
    expect(done.json.jobs.map(({ jobId }: { jobId: string }) => jobId)).toEqual(['job-001']);
  });

  it.each(['limit=0', 'limit=201', 'state=done', 'level=none', 'after=%00', 'page=2'])(
    'refuses ?%s',
    async (query) => {
      const { status, json } = await node.call('GET', `/api/jobs?${query}`);
      expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
    },
  );
});

describe('GET /api/jobs/:id', () => {
  it('shows progress with the time that is left, and 304 while nothing changes', async () => {
    await submit({});
    node.jobs.progress('job-001', 4, 2000);
    const { json, headers } = await node.call('GET', '/api/jobs/job-001');
    expect(json.progress).toEqual({ blocks: 4, totalBlocks: 10, bytes: 400, etaSeconds: 3 });
    expect(headers.etag).toBe('"2"');
    const again = await node.call('GET', '/api/jobs/job-001', {
      headers: { 'If-None-Match': 'W/"1", W/"2"' },
    });
    expect([again.status, again.text]).toEqual([304, '']);
    node.jobs.progress('job-001', 5, 2500);
    const later = await node.call('GET', '/api/jobs/job-001', { headers: { 'If-None-Match': '"2"' } });
    expect(later.status).toBe(200);
  });

  it('does not guess the time that is left before the first block', async () => {
    await submit({});
    node.jobs.progress('job-001', 0, 50);
    expect((await node.call('GET', '/api/jobs/job-001')).json.progress.etaSeconds).toBeNull();
  });

  it('says 404 for a job that is not there, and 400 for what is no id', async () => {
    expect((await node.call('GET', '/api/jobs/job-999')).json.code).toBe('NOT_FOUND');
    expect((await node.call('GET', '/api/jobs/a%2Fb')).json.code).toBe('REQUEST_INVALID');
    expect((await node.call('GET', '/api/jobs/%ff')).json.code).toBe('REQUEST_INVALID');
  });
});

describe('DELETE /api/jobs/:id', () => {
  it('says 200 when the job has ended and 202 while it is being stopped', async () => {
    await submit({});
    await submit({});
    node.jobs.progress('job-002', 1, 10);
    const [waiting, running] = [
      await node.call('DELETE', '/api/jobs/job-001'),
      await node.call('DELETE', '/api/jobs/job-002'),
    ];
    expect([waiting.status, waiting.json.state]).toEqual([200, 'cancelled']);
    expect([running.status, running.json.state]).toEqual([202, 'running']);
    expect((await node.call('DELETE', '/api/jobs/job-003')).status).toBe(404);
  });
});

describe('GET /api/jobs/:id/report', () => {
  it('gives the text as it is, with its digest as the tag', async () => {
    await submit({});
    node.jobs.finish('job-001');
    const { text, headers } = await node.call('GET', '/api/jobs/job-001/report');
    expect(text).toBe(node.jobs.reports.get('job-001')!.text);
    expect(headers.etag).toBe(`"${'ef'.repeat(32)}"`);
    expect(headers['content-disposition']).toBeUndefined();
    const again = await node.call('GET', '/api/jobs/job-001/report', {
      headers: { 'If-None-Match': headers.etag! },
    });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('is a file when it is asked to be', async () => {
    await submit({});
    node.jobs.finish('job-001');
    const { headers } = await node.call('GET', '/api/jobs/job-001/report?download=true');
    expect(headers['content-disposition']).toBe('attachment; filename="provchain-report-job-001.json"');
  });

  it('is not there before the end, nor after an end without one', async () => {
    await submit({});
    const early = await node.call('GET', '/api/jobs/job-001/report');
    expect([early.status, early.json.code, early.headers['retry-after']]).toEqual([
      409,
      'JOB_NOT_FINISHED',
      '1',
    ]);
    node.jobs.change('job-001', { state: 'cancelled' });
    const never = await node.call('GET', '/api/jobs/job-001/report');
    expect([never.status, never.json.code]).toEqual([409, 'JOB_WITHOUT_REPORT']);
    expect((await node.call('GET', '/api/jobs/job-002/report')).status).toBe(404);
  });
});

describe('GET /api/jobs/:id/profile', () => {
  it('gives the stages and the profile, and the profile alone as a file', async () => {
    await submit({});
    const cpuProfile = '{"nodes":[],"startTime":1}';
    node.jobs.profiles.set('job-001', { stages: { read: 12.5 }, cpuProfile });
    const { json } = await node.call('GET', '/api/jobs/job-001/profile');
    expect(json).toEqual({ jobId: 'job-001', stages: { read: 12.5 }, cpuProfile: JSON.parse(cpuProfile) });
    const file = await node.send('GET', '/api/jobs/job-001/profile?download=1');
    expect([file.text, file.headers['content-disposition']]).toEqual([
      cpuProfile,
      'attachment; filename="provchain-job-001.cpuprofile"',
    ]);
  });

  it('is not there without profiling', async () => {
    await submit({});
    expect((await node.call('GET', '/api/jobs/job-001/profile')).json.code).toBe('NOT_FOUND');
    node.jobs.profiles.set('job-001', { stages: { read: 1 } });
    expect((await node.call('GET', '/api/jobs/job-001/profile')).json.cpuProfile).toBeNull();
    expect((await node.call('GET', '/api/jobs/job-001/profile?download=true')).status).toBe(404);
  });
});

describe('/api/integrity/validate', () => {
  it('waits for the report by GET and by POST', async () => {
    node.jobs.accepted = ({ spec }) => setImmediate(() => node.jobs.finish(spec.jobId));
    const byGet = await node.call('GET', '/api/integrity/validate');
    expect([byGet.status, byGet.json.report.status, node.jobs.lastWaitMs]).toEqual([200, 'Healthy', 20_000]);
    const byPost = await node.call('POST', '/api/integrity/validate?wait=2', {
      body: { level: 'Full', from: 3 },
    });
    expect([byPost.status, byPost.json.report.status, node.jobs.lastWaitMs]).toEqual([200, 'Healthy', 2000]);
    expect(node.jobs.submitted.map(({ request }) => request)).toEqual([{}, { level: 'Full', from: 3 }]);
  });

  it('answers 202 with the job when the time is over', async () => {
    const { status, headers, json } = await node.call(
      'GET',
      '/api/integrity/validate?level=comprehensive&wait=0',
    );
    expect([status, headers.location, json.level]).toEqual([202, '/api/jobs/job-001', 'Comprehensive']);
  });

  it('lets the query go before the body', async () => {
    await node.call('POST', '/api/integrity/validate?level=Minimal&fresh=true&wait=0', {
      body: { checks: ['headers'], priority: 'low' },
    });
    expect(node.jobs.submitted[0]!.request).toEqual({ level: 'Minimal', fresh: true, priority: 'low' });
  });

  it('gives the cached result', async () => {
    const entry = {
      report: reportText({ jobId: 'old' }),
      status: 'Healthy',
      asOf: '2025-11-23T12:00:00.000Z',
    } as const;
    node.jobs.cached = { entry, ageMs: 10 };
    const { json } = await node.call('GET', '/api/integrity/validate');
    expect([json.cached, json.report.jobId]).toEqual([true, 'old']);
  });

  it.each(['level=Total', 'wait=soon', 'levle=Full'])('refuses ?%s', async (query) => {
    const { status, json } = await node.call('GET', `/api/integrity/validate?${query}`);
    expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
  });
});
