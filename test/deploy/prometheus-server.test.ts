import { readFileSync } from 'node:fs';
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

const post = (node: TestNode, path: string, type: string, body: string) =>
  node.fetch(path, { method: 'POST', headers: { 'content-type': type }, body });

describe.skipIf(!installed('prometheus'))('a real Prometheus that scrapes running nodes', () => {
  const folder = temporaryFolder();
  let intact: TestNode;
  let altered: TestNode;
  let prometheus: Prometheus;

  beforeAll(async () => {
    const [good, bad] = [join(folder.path, 'intact'), join(folder.path, 'altered')];
    await smallChain(good, 20);
    copyChain(good, bad);
    await tamper(bad, (store) => store.put('payload', blockKey(7), Buffer.from('<urn:s> <urn:p> "x" .\n')));
    const toml = `
      [integrity.background_monitoring]
      enabled = true
      interval_seconds = 1
    `;
    [intact, altered] = await Promise.all([startNode({ dir: good, toml }), startNode({ dir: bad })]);
    prometheus = await startPrometheus(configuration({ provchain: intact, altered }));
  });

  afterAll(async () => {
    await prometheus?.stop();
    await Promise.all([intact?.stop(), altered?.stop()]);
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

  it('gives every panel of the dashboard the data that the node has', async () => {
    await busy(intact);
    const metrics = await (await fetch(intact.metricsUrl!)).text();
    const measured = new Set(
      [...metrics.matchAll(/^([a-z0-9_]+)(?:\{[^}]*\})? /gm)].map(([, name]) => name!),
    );
    const foreign = (name: string) => !/^(?:provchain|process|nodejs)_/.test(name);
    const empty: string[] = [];
    const unmeasured = new Set<string>();
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) {
        const missing = metricsIn(expr).filter((name) => !foreign(name) && !measured.has(name));
        for (const name of missing) unmeasured.add(name);
        if (missing.length > 0) continue;
        const query = expr.replaceAll('$job', 'provchain').replaceAll('$__rate_interval', '1m');
        const samples = await until(
          () => prometheus.query(query),
          (all) => all.length > 0,
        );
        if (samples.length === 0) empty.push(`${title}: ${expr}`);
      }
    }
    expect(empty).toEqual([]);
    // What this node has nothing to say of: it has no Redis, no users, nothing refused and nothing that waits.
    expect([...unmeasured].sort()).toEqual([]);
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
    for (const text of ['<urn:a> <urn:b> "1" .', '<urn:a> <urn:b> "2" .']) {
      expect((await post(node, '/api/blocks', 'text/turtle', text)).status).toBe(201);
    }
    await Promise.all(
      [1, 2, 3].map(() =>
        post(node, '/api/jobs?wait=60', 'application/json', JSON.stringify({ level: 'Full', fresh: true })),
      ),
    );
  }
});
