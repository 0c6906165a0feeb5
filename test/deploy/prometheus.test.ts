import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createMetrics, METRICS } from '../../src/metrics/index.js';
import { STATUSES } from '../../src/validation/index.js';
import { installed, runTool } from '../support/debian.js';
import { anchors, readPage } from '../support/pages.js';
import { projectRoot } from '../support/project.js';
import { metricsIn } from '../support/promql.js';

const deploy = (name: string) => join(projectRoot(), 'deploy', name);
const read = (name: string) => readFileSync(deploy(name), 'utf8');

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly action?: string; readonly runbook?: string };
}
const rules: Rule[] = parse(read('prometheus-rules.yml')).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
);

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard: { panels: Panel[]; templating: { list: { query: { query: string } }[] } } = JSON.parse(
  read('grafana/dashboard.json'),
);
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
);

/** What may be named beside the metrics of the program: those of Prometheus itself, and the rules' own records. */
const FOREIGN = ['up', 'ALERTS', 'ALERTS_FOR_STATE'];
const records = rules.flatMap(({ record }) => record ?? []);
const declared = new Set<string>([...FOREIGN, ...records]);
beforeAll(async () => {
  for (const { name, type } of await createMetrics({ detailed: true, version: '0' }).describe()) {
    if (type !== 'histogram') declared.add(name);
    else for (const suffix of ['_bucket', '_sum', '_count']) declared.add(name + suffix);
  }
});

describe('metricsIn', () => {
  it('finds the metrics of an expression and nothing else', () => {
    const expr =
      'sum by (job, le) (rate(a_total{x="b_total"}[1h] offset 5m)) / on (job) group_left max(c:d) or 0 * e unless on (x) f';
    expect(metricsIn(expr)).toEqual(['a_total', 'c:d', 'e', 'f']);
  });
});

describe('the alert rules', () => {
  it('name only metrics that exist', () => {
    const unknown = rules.flatMap(({ expr }) => metricsIn(expr)).filter((name) => !declared.has(name));
    expect(unknown).toEqual([]);
    expect(rules.flatMap(({ expr }) => metricsIn(expr)).length).toBeGreaterThan(rules.length - 1);
  });

  it('compare labels with values that exist', () => {
    const labels = rules.flatMap(({ expr }) => [...expr.matchAll(/status=~?"([A-Z][^"]*)"/g)]);
    const statuses = labels.flatMap(([, values]) => values!.split('|'));
    expect(statuses.length).toBeGreaterThan(3);
    for (const status of statuses) {
      // Those of reports, and of rounds of the monitor that came to none.
      expect([...STATUSES, 'failed', 'refused']).toContain(status);
    }
  });

  it('say what is wrong and what to do', () => {
    for (const { alert, labels, annotations } of rules.filter(({ alert }) => alert !== undefined)) {
      expect(alert).toMatch(/^Provchain[A-Z]/);
      expect(labels?.severity).toMatch(/^(?:critical|warning|info)$/);
      expect(annotations?.summary).toBeTruthy();
      expect(annotations?.action).toMatch(/\.$/);
    }
  });

  it('lead to a section of the runbook', () => {
    const sections = anchors(readPage('docs/runbook/alerts.md'));
    for (const { alert, annotations } of rules.filter(({ alert }) => alert !== undefined)) {
      const [path, anchor] = annotations?.runbook?.split('#') ?? [];
      expect([alert, path]).toEqual([alert, 'docs/runbook/alerts.md']);
      expect(sections).toContain(anchor);
    }
  });

  it("cover the guide's list", () => {
    const alerts = rules.flatMap(({ alert }) => alert ?? []);
    for (const name of [
      'SuccessRateLow',
      'ValidationSlow',
      'CacheHitRateLow',
      'MemoryHigh',
      'CpuHigh',
      'AlertsFrequent',
      'ValidationSilent',
      'MonitorSilent',
      'MonitorFailing',
      'ScrubOverdue',
    ]) {
      expect(alerts).toContain(`Provchain${name}`);
    }
  });
});

describe('the dashboard', () => {
  it('names only metrics that exist', () => {
    const unknown = queries.flatMap(([title, expr]) =>
      metricsIn(expr)
        .filter((name) => !declared.has(name))
        .map((name) => [title, name]),
    );
    expect(unknown).toEqual([]);
  });

  it('asks the data source that is provisioned, about one chain', () => {
    const [source] = parse(read('grafana/provisioning/datasources/prometheus.yml')).datasources;
    const sources = dashboard.panels.flatMap(({ datasource }) => datasource?.uid ?? []);
    expect(new Set(sources)).toEqual(new Set([source.uid]));
    for (const [, expr] of queries) expect(expr).toContain('job="$job"');
    expect(dashboard.templating.list[0]?.query.query).toBe('label_values(provchain_build_info, job)');
  });

  it('has panels of different ids that do not overlap', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
  });

  it("shows the guide's list, and every group of metrics", () => {
    const shown = new Set(queries.flatMap(([, expr]) => metricsIn(expr)));
    const groups = [
      'http',
      'jobs',
      'queue',
      'validat',
      'findings',
      'cache',
      'chain',
      'append',
      'redis',
      'auth',
      'audit',
      'monitor',
      'scrub',
      'alert',
    ];
    for (const group of groups) {
      expect([...shown].some((name) => name.startsWith(`provchain_${group}`))).toBe(true);
      expect(Object.keys(METRICS).some((name) => name.startsWith(`provchain_${group}`))).toBe(true);
    }
    for (const title of [
      'Validation success rate',
      'Average validation time',
      'Cache hit rate',
      'Memory',
      'CPU',
      'Alert frequency',
      'Last complete validation',
      'Background monitoring health',
    ]) {
      expect(dashboard.panels.map((panel) => panel.title)).toContain(title);
    }
  });
});

describe.skipIf(!installed('promtool'))('promtool', () => {
  it('takes prometheus.yml and the rules that it names', () => {
    const { status, output } = runTool('promtool', ['check', 'config', deploy('prometheus.yml')]);
    expect(output).toContain('SUCCESS: 1 rule files found');
    expect(status).toBe(0);
  });

  it('finds that the rules fire when they should, and only then', () => {
    const { status, output } = runTool('promtool', ['test', 'rules', deploy('prometheus-rules.test.yml')]);
    expect([status, output]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  it('takes every query of the dashboard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'provchain-promtool-'));
    const asRules = queries.map(([, expr], index) => ({
      record: `panel:query:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups: [{ name: 'dashboard', rules: asRules }] }));
    const { status, output } = runTool('promtool', ['check', 'rules', join(folder, 'rules.yml')]);
    rmSync(folder, { recursive: true });
    expect([status, output]).toEqual([0, expect.stringContaining(`${queries.length} rules found`)]);
  });
});

describe('the other YAML files under deploy/', () => {
  const names = readdirSync(join(projectRoot(), 'deploy'), { recursive: true, encoding: 'utf8' });

  it.each(names.filter((name) => name.endsWith('.yml')))('%s can be read', (name) => {
    expect(parse(read(name), { strict: true, uniqueKeys: true })).toBeTypeOf('object');
  });

  it('filebeat.yml reads the JSON lines of the folder of the logs', () => {
    const [input] = parse(read('filebeat.yml'))['filebeat.inputs'];
    expect(input.paths).toEqual(['/var/log/provchain/*.log']);
    expect(input.fields).toEqual({ service: 'provchain', environment: 'production' });
    expect(input.parsers[0]).toHaveProperty('ndjson');
  });
});
