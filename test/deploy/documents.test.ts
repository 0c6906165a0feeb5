import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectUsable } from '../support/command-line.js';
import { projectRoot } from '../support/project.js';

const page = readFileSync(join(projectRoot(), 'docs/deployment.md'), 'utf8');

describe('docs/deployment.md', () => {
  const commands = [
    ...page.matchAll(/(?:^|[ '`])provchain ((?:init|user|config|serve|audit) [^\n'`]+)/gm),
  ].map(([, words]) => words!);

  it('has commands', () => expect(commands.length).toBeGreaterThan(4));

  it.each(commands)('"provchain %s" is a command that there is', (words) => expectUsable(words.split(' ')));

  it('names files that exist', () => {
    const paths = [...page.matchAll(/\b((?:deploy|config)\/[\w./-]+\.\w+)/g)].map(([, path]) => path!);
    expect(paths.length).toBeGreaterThan(8);
    expect(paths.filter((path) => !existsSync(join(projectRoot(), path)))).toEqual([]);
  });

  it('makes every variable that docker-compose.yml asks for', () => {
    const compose = readFileSync(join(projectRoot(), 'docker-compose.yml'), 'utf8');
    const asked = new Set([...compose.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!));
    for (const name of asked) expect(page).toMatch(new RegExp(`^${name}=`, 'm'));
  });
});
