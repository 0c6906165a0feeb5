import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/logging/index.js';
import { createMetrics, createMetricsServer, type MetricsServer } from '../../src/metrics/index.js';
import { installed, runTool } from '../support/debian.js';

const metrics = createMetrics({ detailed: true, version: '1.2.3' });
let server: MetricsServer;
beforeEach(async () => {
  server = await createMetricsServer({ metrics, host: '127.0.0.1', port: 0, log: silentLog });
});
afterEach(() => server.close());

const at = (path: string) => new URL(path, server.url);

describe('the metrics server', () => {
  it("answers GET /metrics in Prometheus's text format", async () => {
    const answer = await fetch(server.url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toContain('provchain_build_info{version="1.2.3"');
  });

  it('answers HEAD without a body, and ignores a query', async () => {
    const head = await fetch(server.url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(at('/metrics?name=up'))).status).toBe(200);
  });

  it.each(['/', '/metrics/', '/health', '/metrics/../x'])('answers 404 for %s', async (path) => {
    expect((await fetch(at(path))).status).toBe(404);
  });

  it('answers 405 for another method', async () => {
    const answer = await fetch(server.url, { method: 'POST', body: 'x' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('refuses a port in use with CONFIG_INVALID', async () => {
    const second = createMetricsServer({ metrics, host: '127.0.0.1', port: server.port, log: silentLog });
    await expect(second).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`127.0.0.1:${server.port}`),
    });
  });

  it('answers 500 and logs it when metrics cannot be collected', async () => {
    const logged: string[] = [];
    const broken = await createMetricsServer({
      metrics: { contentType: 'text/plain', text: () => Promise.reject(new Error('no')) },
      host: '127.0.0.1',
      port: 0,
      log: { ...silentLog, error: (message) => logged.push(message) },
    });
    expect((await fetch(broken.url)).status).toBe(500);
    expect(logged).toEqual(['the metrics could not be collected']);
    await broken.close();
  });

  it('closes while a connection is open', async () => {
    await fetch(server.url, { headers: { connection: 'keep-alive' } });
    await server.close();
    await expect(fetch(server.url)).rejects.toThrow();
  });
});

describe.skipIf(!installed('promtool'))('promtool', () => {
  it('finds nothing wrong with names, types and help of the metrics', async () => {
    metrics.httpRequest('/health', 'GET', 200, 0.001);
    metrics.addSources({ chain: () => ({ height: 5 }) });
    // Those of the runtime are not ours to name: some gauges of prom-client end in _total.
    const own = (await metrics.text()).split('\n').filter((line) => /^(?:# [A-Z]+ )?provchain_/.test(line));
    expect(own.length).toBeGreaterThan(50);
    const outcome = runTool('promtool', ['check', 'metrics'], { input: `${own.join('\n')}\n` });
    expect(outcome).toEqual({ status: 0, output: '' });
  });
});
