import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { blockKey } from '../../src/chain/index.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { installed } from '../support/debian.js';
import { startNode, type TestNode } from '../support/node.js';
import { projectRoot } from '../support/project.js';
import { type Prometheus, startPrometheus } from '../support/prometheus.js';
import { metricsIn } from '../support/promql.js';
import { tamper } from '../support/raw-store.js';

const deploy = (name: string) => join(projectRoot(), 'deploy', name);
const read = (name: string) => readFileSync(deploy(name), 'utf8');

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}
const { panels } = JSON.parse(read('grafana/dashboard.json')) as Dashboard;
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
);
const declaredRules = (
  parse(read('prometheus-rules.yml')) as { groups: { rules: { alert?: string; record?: string }[] }[] }
).groups.flatMap(({ rules }) => rules);

/** As Prometheus asks in production, but every second; one job for each chain. */
function configuration(jobs: Readonly<Record<string, TestNode>>): object {
  const { global, scrape_configs } = parse(read('prometheus.yml')) as {
    global: object;
    scrape_configs: { job_name: string }[];
  };
  return {
    global: { ...global, scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [deploy('prometheus-rules.yml')],
    scrape_configs: Object.entries(jobs).map(([job_name, { metricsUrl }]) => ({
      ...scrape_configs[0],
      job_name,
      static_configs: [{ targets: [new URL(metricsUrl!).host] }],
    })),
  };
}

const PATIENCE_MS = 40_000;

/** Asks until the answer will do; the last answer when it never does, for the assertion to show. */
async function until<T>(ask: () => Promise<T>, enough: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (enough(answer) || Date.now() > deadline) return answer;
    await sleep(250);
  }
}

/** The metrics that a node shows now. */
async function namesOf({ metricsUrl }: TestNode): Promise<ReadonlySet<string>> {
  const text = await (await fetch(metricsUrl!)).text();
  return new Set([...text.matchAll(/^([a-z0-9_]+)(?:\{[^}]*\})? /gm)].map(([, name]) => name!));
}

const post = (node: TestNode, path: string, type: string, body: string) =>
  node.fetch(path, { method: 'POST', headers: { 'content-type': type }, body });

describe.skipIf(!installed('prometheus'))('a real Prometheus that scrapes running nodes', () => {
  const folder = temporaryFolder();
  let intact: TestNode;
  let altered: TestNode;
  let prometheus: Prometheus;
  /** Takes what the webhook channel sends. */
  let receiver: Server;

  beforeAll(async () => {
    const [good, bad] = [join(folder.path, 'intact'), join(folder.path, 'altered')];
    await smallChain(good, 20);
    copyChain(good, bad);
    await tamper(bad, (store) => store.put('payload', blockKey(7), Buffer.from('<urn:s> <urn:p> "x" .\n')));
    receiver = createServer((request, response) => {
      request.resume();
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const toml = `
      [integrity.alerting]
      enable_webhook = true
      [integrity.alerting.webhook]
      url = "http://127.0.0.1:${(receiver.address() as AddressInfo).port}/"
      allow_private_addresses = true
      [integrity.background_monitoring]
      enabled = true
      interval_seconds = 1
      [integrity.background_monitoring.scrub]
      enabled = true
    `;
    [intact, altered] = await Promise.all([startNode({ dir: good, toml }), startNode({ dir: bad, toml })]);
    prometheus = await startPrometheus(configuration({ provchain: intact, altered }));
  });

  afterAll(async () => {
    await prometheus?.stop();
    await Promise.all([intact?.stop(), altered?.stop()]);
    receiver?.close();
    folder.remove();
  });

  const alerts = (name: string, state: string) =>
    prometheus.query(`ALERTS{alertname="${name}",alertstate="${state}"}`);

  it('reaches every node', async () => {
    const targets = await until(
      () => prometheus.targets(),
      (all) => all.length === 2 && all.every(({ health }) => health === 'up'),
    );
    expect(targets.map(({ labels, health, lastError }) => [labels.job, health, lastError]).sort()).toEqual([
      ['altered', 'up', ''],
      ['provchain', 'up', ''],
    ]);
  });

  it('loads every rule and evaluates it without an error', async () => {
    const loaded = await until(
      () => prometheus.rules(),
      (all) => all.length > 0 && all.every(({ health }) => health !== 'unknown'),
    );
    expect(loaded.map(({ name }) => name).sort()).toEqual(
      declaredRules.map(({ alert, record }) => alert ?? record!).sort(),
    );
    expect(loaded.filter(({ health }) => health !== 'ok')).toEqual([]);
  });

  it('fires for the chain that was altered, and not for the intact one', async () => {
    const answer = await post(
      altered,
      '/api/integrity/validate?wait=60',
      'application/json',
      JSON.stringify({ level: 'Full' }),
    );
    expect(((await answer.json()) as { report: { status: string } }).report.status).toBe('Critical');
    const firing = await until(
      () => alerts('ProvchainIntegrityLost', 'firing'),
      (all) => all.some(({ metric }) => metric.level === 'Full'),
    );
    expect(firing.map(({ metric }) => [metric.job, metric.level, metric.status])).toContainEqual([
      'altered',
      'Full',
      'Critical',
    ]);
    expect(firing.filter(({ metric }) => metric.job !== 'altered')).toEqual([]);
  });

  it('gives every panel of the dashboard the data that a node has', async () => {
    // Twice, with a look of Prometheus in between: what only counts once has no rate.
    await busy(intact);
    const stored = await until(
      () => prometheus.query('provchain_appends_total{job="provchain",outcome="stored"}'),
      (all) => all.length > 0,
    );
    expect(stored.length).toBe(1);
    await busy(intact);
    const measured = { provchain: await namesOf(intact), altered: await namesOf(altered) };
    const empty: string[] = [];
    const unmeasured = new Set<string>();
    for (const [title, expr] of queries) {
      const names = metricsIn(expr).filter((name) => /^(?:provchain|process|nodejs)_/.test(name));
      for (const name of names) {
        if (!Object.values(measured).some((known) => known.has(name))) unmeasured.add(name);
      }
      const jobs = Object.entries(measured).filter(([, known]) => names.every((name) => known.has(name)));
      if (jobs.length === 0) continue;
      const asked = jobs.map(([job]) => expr.replaceAll('$job', job).replaceAll('$__rate_interval', '1m'));
      const samples = await until(
        async () => (await Promise.all(asked.map((query) => prometheus.query(query)))).flat(),
        (all) => all.length > 0,
      );
      if (samples.length === 0) empty.push(`${title}: ${expr}`);
    }
    expect(empty).toEqual([]);
    // Two nodes without Redis and without users have nothing to say of them, and here nothing waits.
    expect([...unmeasured].sort()).toEqual([
      'provchain_auth_failures_total',
      'provchain_fleet_nodes',
      'provchain_queue_oldest_waiting_seconds',
      'provchain_redis_up',
    ]);
  });

  it('has a node that went away as pending at once', async () => {
    await intact.stop();
    const pending = await until(
      () => alerts('ProvchainNodeDown', 'pending'),
      (all) => all.length > 0,
    );
    expect(pending.map(({ metric }) => [metric.job, metric.severity])).toEqual([['provchain', 'critical']]);
  });

  /** Everything that a panel shows, done once while Prometheus looks on. */
  async function busy(node: TestNode): Promise<void> {
    for (const level of ['Minimal', 'Standard', 'Comprehensive', 'Full', 'Full']) {
      const answer = await node.fetch(`/api/integrity/validate?level=${level}&wait=60`);
      expect(answer.status).toBe(200);
    }
    expect((await post(node, '/api/blocks', 'text/turtle', '<urn:a> <urn:b> "1" .')).status).toBe(201);
    const beyond = await post(node, '/api/jobs', 'application/json', '{"from":900,"to":901}');
    expect(beyond.status).toBe(422);
    await Promise.all(
      [1, 2, 3].map(() =>
        post(node, '/api/jobs?wait=60', 'application/json', JSON.stringify({ level: 'Full', fresh: true })),
      ),
    );
  }
});
