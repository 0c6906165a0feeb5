import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPage } from '../support/pages.js';
import { projectRoot } from '../support/project.js';

/** Its commands, requests, links and files are held by test/manual.test.ts, as those of every page. */
describe('docs/deployment.md', () => {
  it('makes every variable that docker-compose.yml asks for', () => {
    const { text } = readPage('docs/deployment.md');
    const compose = readFileSync(join(projectRoot(), 'docker-compose.yml'), 'utf8');
    const asked = new Set([...compose.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!));
    expect(asked.size).toBeGreaterThan(2);
    for (const name of asked) expect(text).toMatch(new RegExp(`^${name}=`, 'm'));
  });
});
