import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMetrics, METRICS, type MetricName } from '../../src/metrics/index.js';
import { projectRoot } from '../support/project.js';

/** docs/metrics.md is made from the table of metrics: `npx vitest run test/metrics/documents -u` makes it anew. */
const names = Object.keys(METRICS) as MetricName[];

function row(name: MetricName): string {
  const declaration = METRICS[name];
  const labels = declaration.labels.map((label) => `\`${label}\``).join(', ');
  const detailed = 'detailed' in declaration ? ' Only with details.' : '';
  return `| \`${name}\` | ${declaration.type} | ${labels} | ${declaration.from} | ${declaration.help}${detailed} |`;
}

const bucketsOf = (name: MetricName) => {
  const declaration = METRICS[name];
  return 'buckets' in declaration ? [`| \`${name}\` | ${declaration.buckets.join(', ')} |`] : [];
};

async function page(): Promise<string> {
  const described = await createMetrics({ detailed: true, version: '0' }).describe();
  const runtime = described.filter(({ name }) => !(name in METRICS));
  return [
    '# Metrics',
    '',
    'What `GET /metrics` on the port of `monitoring.metrics.export_port` (9090 by default) shows. *Counted* metrics count',
    'events of this process since it started; *sampled* ones are asked for at the scrape, and one that could not be',
    'measured is absent, never zero. Those "with details" need `monitoring.metrics.include_detailed_metrics`, as do the',
    'garbage collection, heap spaces and handles of Node.js. Rules and a dashboard that use them are in `deploy/`. Made',
    'from `src/metrics/table.ts` by `npx vitest run test/metrics/documents -u`.',
    '',
    '| name | type | labels | | meaning |',
    '|---|---|---|---|---|',
    ...names.map(row),
    '',
    '`level` is Minimal, Standard, Comprehensive, Full or Custom; `status` of a validation is Healthy, Warning, Incomplete,',
    'Critical or Corrupted; `state` of a job is completed, failed or cancelled; `route` is a declared path.',
    '',
    '## Buckets in seconds',
    '',
    '| name | upper bounds |',
    '|---|---|',
    ...names.flatMap(bucketsOf),
    '',
    '## The process and Node.js',
    '',
    'Of the process that serves the API. The validator process has its own above.',
    '',
    '| name | type | meaning |',
    '|---|---|---|',
    ...runtime.map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help.replace(/\.?$/, '.')} |`),
    '',
  ].join('\n');
}

describe('docs/metrics.md', () => {
  it('lists every metric', async () => {
    await expect(await page()).toMatchFileSnapshot(join(projectRoot(), 'docs/metrics.md'));
  });
});

describe('the table of metrics', () => {
  it.each(names)('%s is named as Prometheus wants it', (name) => {
    const { type, help } = METRICS[name];
    expect(name).toMatch(/^provchain_[a-z]+(?:_[a-z]+)*$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/\.$/);
    expect(help).not.toContain('|');
  });
});
