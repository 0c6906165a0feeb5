import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HINTS } from '../src/cli/index.js';
import { ERRORS, type ErrorCode } from '../src/errors.js';
import {
  CHECKS,
  FINDINGS,
  type FindingCode,
  LEVEL_CHECKS,
  LEVELS,
  STATUSES,
} from '../src/validation/index.js';
import { projectRoot } from './support/project.js';

/** The pages under docs/ that are made from the program's own tables: `npx vitest run test/documents -u` makes them. */
const page = (name: string) => join(projectRoot(), 'docs', name);

function findingsPage(): string {
  const codes = Object.keys(FINDINGS) as FindingCode[];
  const bySeverity = [...STATUSES].reverse().flatMap((severity) => {
    const rows = codes
      .filter((code) => FINDINGS[code].severity === severity)
      .map(
        (code) =>
          `| \`${code}\` | ${FINDINGS[code].category} | ${FINDINGS[code].meaning} | ${FINDINGS[code].action} |`,
      );
    if (rows.length === 0) return [];
    return [
      `## ${severity}`,
      '',
      '| code | group | what it means | what to do |',
      '|---|---|---|---|',
      ...rows,
      '',
    ];
  });
  return [
    '# Findings',
    '',
    'What a validation can report, worst first. The status of a report is that of its worst finding, and Healthy without',
    'any. Made from `src/validation/finding.ts` by `npx vitest run test/documents -u`.',
    '',
    ...bySeverity,
  ].join('\n');
}

function levelsPage(): string {
  const rows = CHECKS.map((check) => {
    const marks = LEVELS.map((level) => (LEVEL_CHECKS[level].includes(check) ? '●' : ''));
    return `| \`${check}\` | ${marks.join(' | ')} |`;
  });
  return [
    '# Levels',
    '',
    'Each level is a strict superset of the one before, and every level covers every block; only the checks that end in',
    '`-sampled` look at a sample, which is drawn from the head hash: 1 % of the blocks, and at least 64. A set of your own:',
    '`provchain validate DIR --checks payloads,history`. Made from `src/validation/check-set.ts` by',
    '`npx vitest run test/documents -u`.',
    '',
    `| check | ${LEVELS.join(' | ')} |`,
    `|---|${LEVELS.map(() => ':-:').join('|')}|`,
    ...rows,
    '',
  ].join('\n');
}

function errorsPage(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const { exit, http, retryable, meaning } = ERRORS[code];
    return `| \`${code}\` | ${exit} | ${http} | ${retryable ? 'yes' : 'no'} | ${meaning} | ${HINTS[code]} |`;
  });
  return [
    '# Errors',
    '',
    'An error says that something could not be done; what is wrong with a chain is a [finding](findings.md). Every error has',
    'a code, which ends a command with one exit code and a request with one HTTP status. Made from `src/errors.ts` by',
    '`npx vitest run test/documents -u`.',
    '',
    '| code | exit | HTTP | the same may succeed later | meaning | what to do |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

describe('docs', () => {
  it('list every finding with its meaning and what to do', async () => {
    await expect(findingsPage()).toMatchFileSnapshot(page('findings.md'));
  });

  it('list the checks of every level', async () => {
    await expect(levelsPage()).toMatchFileSnapshot(page('levels.md'));
  });

  it('list every error with its exit code and HTTP status', async () => {
    await expect(errorsPage()).toMatchFileSnapshot(page('errors.md'));
  });

  it('are linked from the README', () => {
    const readme = readFileSync(join(projectRoot(), 'README.md'), 'utf8');
    const pages = readdirSync(join(projectRoot(), 'docs')).filter((name) => name.endsWith('.md'));
    expect(pages.length).toBeGreaterThan(5);
    for (const name of pages) expect(readme).toContain(`(docs/${name})`);
  });
});
