import { existsSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apiRoutes } from '../src/api/index.js';
import { refusalOf } from './support/command-line.js';
import {
  anchors,
  codeSpans,
  links,
  type NamedRequest,
  pages,
  provchainCalls,
  readPage,
  requestsOfLine,
  requestsOfSpan,
  shellLines,
} from './support/pages.js';
import { projectRoot } from './support/project.js';

/** What the written pages name must exist: somebody follows them at three in the morning. */
const written = pages('written');
const named = written.map((page) => [page.path, page] as const);

/** Commander's answers to a command that is only named: `provchain inspect` without its arguments. */
const ONLY_NAMED = new Set([
  'commander.missingArgument',
  'commander.help',
  'commander.optionMissingArgument',
]);

/** In a text a command may be named without its arguments, and may end in an ellipsis. */
function namedCall(span: string): string[] | undefined {
  if (!span.startsWith('provchain ')) return undefined;
  const words = provchainCalls(span)[0];
  return words && (words.includes('…') ? words.slice(0, words.indexOf('…')) : words);
}

const routes = apiRoutes();

function hasRoute({ method, path }: NamedRequest): boolean {
  const segments = path.replace(/\/$/, '').split('/');
  return routes.some((route) => {
    const wanted = route.path.split('/');
    return (
      (method === undefined || method === route.method) &&
      wanted.length === segments.length &&
      wanted.every((part, index) => part.startsWith(':') || part === segments[index])
    );
  });
}

describe('the reading of pages', () => {
  it('finds calls of the program behind sudo and in pipes, and nothing else', () => {
    expect(provchainCalls('sudo -u provchain provchain doctor DIR')).toEqual([['doctor', 'DIR']]);
    expect(provchainCalls("sudo sh -c 'set -a; provchain config check /etc/x.toml'")).toEqual([
      ['config', 'check', '/etc/x.toml'],
    ]);
    expect(provchainCalls('provchain inspect DIR N --json > block.json | head')).toEqual([
      ['inspect', 'DIR', '7', '--json'],
    ]);
    expect(provchainCalls('docker compose exec node1 provchain user list')).toEqual([['user', 'list']]);
    for (const other of [
      'journalctl -u provchain -n 50',
      'sudo systemctl stop provchain',
      'chown provchain x',
    ]) {
      expect(provchainCalls(other)).toEqual([]);
    }
  });

  it('finds requests with their methods', () => {
    expect(requestsOfLine(`curl -X PUT -d '{}' NODE/api/integrity/config`)).toEqual([
      { method: 'PUT', path: '/api/integrity/config' },
    ]);
    expect(requestsOfLine('api "$PROVCHAIN_SERVER/api/jobs/JOB/report?download=true"')).toEqual([
      { method: 'GET', path: '/api/jobs/JOB/report' },
    ]);
    expect(requestsOfSpan('DELETE /api/jobs/:id')).toEqual([{ method: 'DELETE', path: '/api/jobs/:id' }]);
    expect(requestsOfSpan('src/api/routes.ts')).toEqual([]);
    expect(hasRoute({ method: 'GET', path: '/api/jobs/JOB/report' })).toBe(true);
    expect(hasRoute({ method: 'PUT', path: '/api/jobs/JOB/report' })).toBe(false);
  });
});

describe.each(named)('%s', (path, page) => {
  it('has commands in its shell blocks that the program takes as they stand', () => {
    const refused = shellLines(page)
      .flatMap(provchainCalls)
      .map((words) => [words.join(' '), refusalOf(words)?.message])
      .filter(([, message]) => message !== undefined);
    expect(refused).toEqual([]);
  });

  it('names commands that there are', () => {
    const refused = codeSpans(page)
      .flatMap((span) => {
        const words = namedCall(span);
        return words === undefined ? [] : [[span, refusalOf(words)] as const];
      })
      .filter(([, refusal]) => refusal !== undefined && !ONLY_NAMED.has(refusal.code))
      .map(([span, refusal]) => [span, refusal!.message]);
    expect(refused).toEqual([]);
  });

  it('names requests that a node answers', () => {
    const all = [...shellLines(page).flatMap(requestsOfLine), ...codeSpans(page).flatMap(requestsOfSpan)];
    expect(all.filter((request) => !hasRoute(request))).toEqual([]);
  });

  it('links to what exists', () => {
    const broken = links(page).filter((target) => {
      if (/^https?:/.test(target)) return false;
      const [file, anchor] = target.split('#') as [string, string | undefined];
      const there = file === '' ? path : normalize(join(path, '..', file));
      if (!existsSync(join(projectRoot(), there))) return true;
      return anchor !== undefined && there.endsWith('.md') && !anchors(readPage(there)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names files of the project that exist', () => {
    const files = [...page.text.matchAll(/(?<![\w./-])((?:deploy|config|bench|scripts)\/[\w./-]+\.\w+)/g)];
    expect(files.map(([, file]) => file!).filter((file) => !existsSync(join(projectRoot(), file)))).toEqual(
      [],
    );
  });
});

describe('all pages together', () => {
  it('are looked at: there are commands, requests and links in them', () => {
    const lines = written.flatMap(shellLines);
    expect(written.length).toBeGreaterThan(40);
    expect(lines.flatMap(provchainCalls).length).toBeGreaterThan(100);
    expect(lines.flatMap(requestsOfLine).length).toBeGreaterThan(40);
    expect(written.flatMap(codeSpans).flatMap(requestsOfSpan).length).toBeGreaterThan(5);
    expect(written.flatMap(links).length).toBeGreaterThan(50);
  });
});
