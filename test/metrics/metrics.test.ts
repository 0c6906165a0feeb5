import { describe, expect, it } from 'vitest';
import { createMetrics, METRICS, type MeasuredReport, type MetricsOptions } from '../../src/metrics/index.js';

const make = (options: Partial<MetricsOptions> = {}) =>
  createMetrics({ detailed: true, version: '1.2.3', ...options });

/** The value of a series as it is scraped, or undefined when it is absent. */
async function series(metrics: ReturnType<typeof make>, name: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((text) => text.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

const NOTHING = { ran: false, findings: 0, durationMs: 0 };

const report = (changes: Partial<MeasuredReport> = {}): MeasuredReport => ({
  level: 'Full',
  status: 'Healthy',
  complete: true,
  scope: { from: 0, to: 10, partial: false },
  durationMs: 1500,
  finishedAt: '2026-10-17T08:00:10.000Z',
  asOf: '2026-10-17T08:00:00.000Z',
  checked: {
    headers: 10,
    payloads: 10,
    payloadBytes: 6700,
    quads: 640,
    transactions: 10,
    signatures: 10,
    canonicalized: 10,
  },
  findingCounts: {},
  checks: {
    blockchain: { ran: true, findings: 0, durationMs: 400 },
    transactions: { ran: true, findings: 0, durationMs: 300 },
    sparql: NOTHING,
    canonicalization: { ran: true, findings: 0, durationMs: 900 },
  },
  ...changes,
});

describe('createMetrics', () => {
  it('counts requests by declared route, method and status, and keeps made-up methods together', async () => {
    const metrics = make();
    metrics.httpRequest('/api/jobs/:id', 'GET', 200, 0.004);
    metrics.httpRequest('/api/jobs/:id', 'GET', 200, 0.2);
    metrics.httpRequest('unmatched', 'BREW', 404, 0.001);
    const route = 'method="GET",route="/api/jobs/:id"';
    expect(await series(metrics, `provchain_http_requests_total{${route},status="200"}`)).toBe(2);
    expect(await series(metrics, `provchain_http_request_duration_seconds_sum{${route}}`)).toBeCloseTo(0.204);
    expect(await series(metrics, `provchain_http_request_duration_seconds_bucket{le="0.005",${route}}`)).toBe(
      1,
    );
    expect(
      await series(metrics, 'provchain_http_requests_total{method="other",route="unmatched",status="404"}'),
    ).toBe(1);
  });

  it('counts an event stream once, however often it is said to have ended', async () => {
    const metrics = make();
    expect(await series(metrics, 'provchain_http_event_streams')).toBeUndefined();
    const [end] = [metrics.eventStream(), metrics.eventStream()];
    end();
    end();
    expect(await series(metrics, 'provchain_http_event_streams')).toBe(1);
  });

  it('counts what happens to jobs, appends, logins and the audit log', async () => {
    const metrics = make();
    metrics.jobAccepted('Full', 'api');
    metrics.jobJoined('Full');
    metrics.jobRefused('OVERLOADED');
    metrics.jobStarted('Full', -5);
    metrics.jobRetried('Full');
    metrics.jobFinished('Full', 'failed');
    metrics.appendStored(4);
    metrics.appendRefused('RDF_SYNTAX');
    metrics.loginSucceeded();
    metrics.authFailed('LOGIN_FAILED');
    metrics.auditWritten();
    metrics.auditFailed();
    const text = await metrics.text();
    for (const line of [
      'provchain_jobs_accepted_total{level="Full",trigger="api"} 1',
      'provchain_jobs_joined_total{level="Full"} 1',
      'provchain_jobs_refused_total{code="OVERLOADED"} 1',
      'provchain_job_wait_seconds_sum{level="Full"} 0',
      'provchain_jobs_retried_total{level="Full"} 1',
      'provchain_jobs_finished_total{level="Full",state="failed"} 1',
      'provchain_appends_total{outcome="stored"} 1',
      'provchain_appends_total{outcome="RDF_SYNTAX"} 1',
      'provchain_append_duration_seconds_sum 0.004',
      'provchain_logins_total 1',
      'provchain_auth_failures_total{code="LOGIN_FAILED"} 1',
      'provchain_audit_records_total 1',
      'provchain_audit_failures_total 1',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
  });

  it('tells the version, and who the node is once that is known', async () => {
    const metrics = make();
    expect(await metrics.text()).not.toContain('provchain_node_info{');
    metrics.identify({ nodeId: 'n1', chainId: 'c', replica: 'r', mode: 'fleet', roles: ['api', 'worker'] });
    const build = `provchain_build_info{version="1.2.3",node_version="${process.version}"}`;
    const node = 'provchain_node_info{node_id="n1",chain_id="c",replica="r",mode="fleet",roles="api,worker"}';
    expect([await series(metrics, build), await series(metrics, node)]).toEqual([1, 1]);
  });

  it('shares one collection between scrapes at the same time', async () => {
    const metrics = make();
    let asked = 0;
    metrics.addSources({ fleet: () => ({ nodes: ++asked }) });
    const texts = await Promise.all([metrics.text(), metrics.text(), metrics.text()]);
    expect(new Set(texts).size).toBe(1);
    expect(asked).toBe(1);
  });
});

describe('validationFinished', () => {
  it('records status, time, throughput, findings and stages by level', async () => {
    const metrics = make();
    metrics.validationFinished(
      report({ status: 'Critical', findingCounts: { LINK_BROKEN: 2, PAYLOAD_DIGEST_MISMATCH: 1 } }),
      { plan: 20 },
    );
    const text = await metrics.text();
    for (const line of [
      'provchain_validations_total{level="Full",status="Critical"} 1',
      'provchain_validation_duration_seconds_sum{level="Full",status="Critical"} 1.5',
      'provchain_validated_blocks_total{level="Full"} 10',
      'provchain_validated_bytes_total{level="Full"} 6700',
      'provchain_findings_total{code="LINK_BROKEN"} 2',
      'provchain_findings_total{code="PAYLOAD_DIGEST_MISMATCH"} 1',
      'provchain_validation_stage_seconds_sum{level="Full",stage="canonicalization"} 0.9',
      'provchain_validation_stage_seconds_sum{level="Full",stage="plan"} 0.02',
      'provchain_last_validation_status{level="Full",status="Critical"} 1',
      'provchain_last_validation_status{level="Full",status="Healthy"} 0',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text).not.toContain('stage="sparql"');
  });

  it('leaves out the times of stages and routes, and details of the runtime, without detailed metrics', async () => {
    const metrics = make({ detailed: false });
    metrics.validationFinished(report(), { plan: 20 });
    metrics.httpRequest('/health', 'GET', 200, 0.001);
    const text = await metrics.text();
    expect(text).not.toContain('provchain_validation_stage_seconds');
    expect(text).not.toContain('provchain_http_request_duration_seconds');
    expect(text).not.toContain('nodejs_gc_duration_seconds');
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds ');
    expect(text).toContain('provchain_http_requests_total{method="GET",route="/health",status="200"} 1\n');
    expect(text).toContain('provchain_validations_total{level="Full",status="Healthy"} 1\n');
  });

  it('moves the time of the last validation for complete ones of the whole chain only', async () => {
    const metrics = make();
    const [ended, read] = ['timestamp', 'evidence_timestamp'].map(
      (kind) => `provchain_last_validation_${kind}_seconds{level="Full"}`,
    ) as [string, string];
    const status = 'provchain_last_validation_status{level="Full",status="Incomplete"}';
    metrics.validationFinished(report({ scope: { from: 0, to: 5, partial: true } }));
    expect([await series(metrics, ended), await series(metrics, status)]).toEqual([undefined, undefined]);
    metrics.validationFinished(report({ complete: false, status: 'Incomplete' }));
    expect([await series(metrics, ended), await series(metrics, status)]).toEqual([undefined, 1]);
    metrics.validationFinished(report());
    const at = Date.parse('2026-10-17T08:00:00.000Z') / 1000;
    expect([await series(metrics, ended), await series(metrics, read)]).toEqual([at + 10, at]);
    expect(await series(metrics, status)).toBe(0);
  });
});

describe('a scrape', () => {
  it('shows no sampled metric that nobody measured', async () => {
    const names = Object.entries(METRICS)
      .filter(([name, { from }]) => from === 'sampled' && name !== 'provchain_build_info')
      .map(([name]) => name);
    const values = (text: string) =>
      text.split('\n').filter((line) => names.some((name) => new RegExp(`^${name}[ {]`).test(line)));
    const metrics = make();
    expect(values(await metrics.text())).toEqual([]);
    metrics.addSources({
      queues: () => [{ queue: 'jobs' }],
      validator: () => ({ cpuPercent: Number.NaN }),
      limits: () => ({}),
      cache: () => ({}),
      chain: () => ({ timestamp: null }),
      redis: () => undefined,
      fleet: async () => ({}),
    });
    expect(values(await metrics.text())).toEqual([]);
  });

  it('shows what the parts of the node tell', async () => {
    const metrics = make();
    metrics.addSources({
      queues: async () => [
        { queue: 'jobs', waiting: 3, active: 1, oldestWaitingSeconds: 1.5 },
        { queue: 'shards', waiting: 0 },
      ],
      validator: () => ({ threads: 2, busyThreads: 1, restarts: 4, rssBytes: 5, cpuPercent: 150 }),
      limits: () => ({ maxMemoryMb: 2, maxCpuPercent: 70 }),
      cache: () => ({ entries: 7, bytes: 8, perLevel: { Full: { hits: 9, misses: 10 } } }),
    });
    metrics.addSources({
      chain: () => ({ height: 11, timestamp: '1970-01-01T00:00:12.500Z', writer: true, frozen: false }),
      redis: () => ({ queue: true, cache: false }),
      fleet: () => ({ nodes: 3 }),
    });
    const text = await metrics.text();
    for (const line of [
      'queue_waiting{queue="jobs"} 3',
      'queue_waiting{queue="shards"} 0',
      'queue_active{queue="jobs"} 1',
      'queue_oldest_waiting_seconds{queue="jobs"} 1.5',
      'validator_threads 2',
      'validator_threads_busy 1',
      'validator_restarts_total 4',
      'validator_resident_memory_bytes 5',
      'validator_cpu_percent 150',
      'memory_limit_bytes 2097152',
      'cpu_limit_percent 70',
      'cache_hits_total{level="Full"} 9',
      'cache_misses_total{level="Full"} 10',
      'cache_entries 7',
      'cache_bytes 8',
      'chain_height 11',
      'chain_head_timestamp_seconds 12.5',
      'chain_writer 1',
      'chain_frozen 0',
      'redis_up{use="queue"} 1',
      'redis_up{use="cache"} 0',
      'fleet_nodes 3',
    ]) {
      expect(text).toContain(`provchain_${line}\n`);
    }
  });

  it('forgets a value that is no longer told, and shows a total as it is told', async () => {
    const metrics = make();
    let height: number | undefined = 5;
    let restarts = 2;
    metrics.addSources({ chain: () => ({ height }), validator: () => ({ restarts }) });
    expect(await series(metrics, 'provchain_chain_height')).toBe(5);
    [height, restarts] = [undefined, 3];
    expect(await series(metrics, 'provchain_chain_height')).toBeUndefined();
    expect(await series(metrics, 'provchain_validator_restarts_total')).toBe(3);
  });

  it('goes on without a part that fails or does not answer, and counts it', async () => {
    const metrics = make({ patienceMs: 20 });
    metrics.addSources({
      queues: () => new Promise(() => {}),
      validator: () => {
        throw new Error('gone');
      },
      cache: async () => Promise.reject(new Error('gone')),
      chain: () => ({ height: 5 }),
    });
    await metrics.text();
    const text = await metrics.text();
    expect(text).toContain('provchain_chain_height 5\n');
    for (const source of ['queues', 'validator', 'cache']) {
      expect(text).toContain(`provchain_scrape_failures_total{source="${source}"} 2\n`);
    }
    expect(text).not.toMatch(/^provchain_queue_waiting/m);
  });

  it('has the event loop, memory and processor time of the process', async () => {
    const metrics = make();
    for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total']) {
      expect(await series(metrics, name)).toBeGreaterThan(0);
    }
    expect(await metrics.text()).toContain('nodejs_eventloop_lag_p99_seconds ');
  });
});
