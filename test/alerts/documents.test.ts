import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALERT_EVENTS, ALERT_RULES } from '../../src/alerts/index.js';
import { projectRoot } from '../support/project.js';

describe('docs/alerts.md', () => {
  const page = readFileSync(join(projectRoot(), 'docs', 'alerts.md'), 'utf8');

  it('has every rule, and no other', () => {
    const rows = page.split('\n').filter((line) => /^\| `[a-z-]+`.*\|.*\|.*\|/.test(line));
    const named = rows.flatMap((row) =>
      [...row.split('|')[1]!.matchAll(/`([a-z-]+)`/g)].map(([, rule]) => rule),
    );
    expect(named.sort()).toEqual([...ALERT_RULES].sort());
  });

  it('names every event', () => {
    for (const event of ALERT_EVENTS) expect(page).toContain(`**${event}**`);
  });
});
