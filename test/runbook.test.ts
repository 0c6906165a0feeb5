import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALERT_RULES } from '../src/alerts/index.js';
import { FINDINGS, type FindingCode, STATUSES } from '../src/validation/index.js';
import { links, provchainCalls, readPage, requestsOfLine, sectionsOf, shellLines } from './support/pages.js';
import { projectRoot } from './support/project.js';

const codes = Object.keys(FINDINGS) as FindingCode[];
const pageOf = (code: FindingCode) => readPage(`docs/runbook/${code}.md`);

/** A sentence begins with a capital, unless with the name of a file or a field, which keeps its spelling. */
function sentence(meaning: string): string {
  const first = meaning.split(' ')[0]!;
  const isName = /[a-z][A-Z]|\.\w/.test(first);
  return `${isName ? meaning : meaning[0]!.toUpperCase() + meaning.slice(1)}.`;
}

describe('docs/runbook', () => {
  it('has a page for every finding code and no page of another', () => {
    const names = readdirSync(join(projectRoot(), 'docs/runbook')).filter((name) =>
      /^(?!README)[A-Z_]+\.md$/.test(name),
    );
    expect(names.map((name) => name.replace('.md', '')).sort()).toEqual([...codes].sort());
  });

  it('is indexed by severity, worst first, with the meaning of every code', () => {
    const sections = sectionsOf(readPage('docs/runbook/README.md'));
    const severities = [...STATUSES].reverse().filter((status) => status !== 'Healthy');
    expect([...sections.keys()]).toEqual(severities);
    for (const severity of severities) {
      const rows = codes
        .filter((code) => FINDINGS[code].severity === severity)
        .map((code) => `| [${code}](${code}.md) | ${FINDINGS[code].meaning} |`);
      const table = sections
        .get(severity)!
        .split('\n')
        .filter((line) => line.startsWith('| ['));
      expect(table).toEqual(rows);
    }
  });
});

describe.each(codes)('docs/runbook/%s.md', (code) => {
  const page = pageOf(code);
  const sections = sectionsOf(page);

  it('begins with its code and the meaning that reports give', () => {
    const [title, , meaning, blank] = page.text.split('\n');
    expect([title, meaning, blank]).toEqual([`# ${code}`, sentence(FINDINGS[code].meaning), '']);
  });

  it('says what may have happened, what to do now and how to make sure', () => {
    expect([...sections.keys()]).toEqual(['What may have happened', 'What to do now', 'How to make sure']);
    for (const text of sections.values()) expect(text.trim().length).toBeGreaterThan(60);
  });

  it('has a command for now, and one that shows that it is over', () => {
    for (const heading of ['What to do now', 'How to make sure']) {
      const lines = shellLines({ path: '', text: sections.get(heading)! });
      expect(lines.flatMap(provchainCalls).length, heading).toBeGreaterThan(0);
    }
  });
});

describe('pages of findings that accuse the data', () => {
  const accusing = codes.filter((code) => ['Critical', 'Corrupted'].includes(FINDINGS[code].severity));
  const asks = (text: string, path: string) =>
    shellLines({ path: '', text })
      .flatMap(requestsOfLine)
      .some((request) => request.method === 'POST' && request.path === path);

  it.each(accusing)('%s: freezes before it mends, and lets appends go on at the end', (code) => {
    const sections = sectionsOf(pageOf(code));
    expect(asks(sections.get('What to do now')!, '/api/admin/freeze')).toBe(true);
    expect(asks(sections.get('How to make sure')!, '/api/admin/unfreeze')).toBe(true);
  });

  it.each(accusing)('%s: leads to the copy that replaces, and never has data written anew', (code) => {
    const page = pageOf(code);
    const leads = links(page).some((target) => target === '../operations.md#bring-a-replica-back');
    expect(leads || ['ANCHOR_INVALID', 'CANONICAL_MISMATCH'].includes(code)).toBe(true);
    expect(sectionsOf(page).get('What to do now')).toContain('**Do not**');
  });
});

describe('docs/runbook/alerts.md', () => {
  const page = readPage('docs/runbook/alerts.md');
  const sections = sectionsOf(page);
  const ofPrometheus = [...sections.keys()].filter((name) => name.startsWith('Provchain'));

  it('has a section for every rule of the node, in the order of the rules, and those of Prometheus after them', () => {
    expect([...sections.keys()]).toEqual([...ALERT_RULES, ...ofPrometheus]);
  });

  it('has sections of Prometheus for rules that there are', () => {
    const rules = readFileSync(join(projectRoot(), 'deploy/prometheus-rules.yml'), 'utf8');
    expect(ofPrometheus.length).toBeGreaterThan(5);
    for (const name of ofPrometheus) expect(rules).toContain(`- alert: ${name}\n`);
  });

  it.each([...ALERT_RULES, ...ofPrometheus])(
    '%s: says what it means, what to do now and when it ends',
    (name) => {
      const text = sections.get(name)!;
      for (const part of ['**It means.**', '**Do now.**', '**It resolves**']) expect(text).toContain(part);
      expect(shellLines({ path: '', text }).length).toBeGreaterThan(0);
    },
  );
});

describe('the pages in the dashboard', () => {
  const assets = join(projectRoot(), 'dist/dashboard/assets');
  const built = readdirSync(assets).filter((name) => name.startsWith('runbook-'));

  it('are those of all codes, and link to nothing that a node does not serve', () => {
    expect(built.length).toBe(codes.length);
    for (const name of built) {
      const { html } = JSON.parse(readFileSync(join(assets, name), 'utf8')) as { html: string };
      expect(html).not.toContain('<a ');
      expect(html).toContain('<h4>What to do now</h4>');
    }
  });
});
