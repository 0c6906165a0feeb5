import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from './support/project.js';

/** The rules of the layout that no linter knows (ARCHITECTURE.md). */
const ROOT = projectRoot();
const LONGEST_FILE = 400;
/** Tables of cases are read by looking one up, not from top to bottom. */
const LONGEST_TEST = 600;

interface SourceFile {
  readonly path: string;
  readonly text: string;
}

function filesUnder(folder: string, extension: string): SourceFile[] {
  const absolute = join(ROOT, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(absolute, name), 'utf8') }));
}

const product = [...filesUnder('src', '.ts'), ...filesUnder('workers', '.ts')];
const dashboard = [...filesUnder('dashboard', '.ts'), ...filesUnder('dashboard', '.tsx')];
const code = [...product, ...dashboard, ...filesUnder('test', '.ts'), ...filesUnder('bench', '.ts')];
const texts = [
  ...code,
  ...filesUnder('docs', '.md'),
  ...filesUnder('scripts', ''),
  ...[
    'README.md',
    'ARCHITECTURE.md',
    'HACKING.md',
    'CHANGELOG.md',
    'package.json',
    'package-lock.json',
    '.ci/run',
  ]
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })),
].filter(({ path }) => !path.endsWith('tidy.test.ts'));

const pathsOf = (files: readonly SourceFile[], pattern: RegExp) =>
  files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

describe('the sources', () => {
  it('are found, so that the rules below look at something', () => {
    expect(product.length).toBeGreaterThan(50);
  });

  it('make findings in src/validation only', () => {
    const elsewhere = product.filter(({ path }) => !path.startsWith(join('src', 'validation')));
    expect(pathsOf(elsewhere, /\b(?:FactCollector|describeFinding|FindingFact)\b/)).toEqual([]);
    expect(pathsOf(elsewhere, /\bseverity:\s*['"]/)).toEqual([]);
  });

  it(`have at most ${LONGEST_FILE} lines, and tests ${LONGEST_TEST}`, () => {
    const limitOf = (path: string) => (path.startsWith('test') ? LONGEST_TEST : LONGEST_FILE);
    const tooLong = code.filter(({ path, text }) => text.split('\n').length - 1 > limitOf(path));
    expect(tooLong.map(({ path }) => path)).toEqual([]);
  });

  it('name what they export', () => {
    expect(pathsOf(code, /^export \*/m)).toEqual([]);
  });

  it('are entered through the index.ts of their folder', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const without = folders.filter(({ name }) => !existsSync(join(ROOT, 'src', name, 'index.ts')));
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  it('have kebab-case names', () => {
    const names = code.filter(
      ({ path }) => !/(^|\/)[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test|\.d|\.config)?\.tsx?$/.test(path),
    );
    expect(names.map(({ path }) => path)).toEqual([]);
  });

  it('take nothing but types of the node into the dashboard', () => {
    expect(dashboard.length).toBeGreaterThan(40);
    expect(pathsOf(dashboard, /^import (?!type\b)[^;]*from '(?:\.\.\/)+src\//m)).toEqual([]);
  });

  it('keep time, chance and input out of the pure folders', () => {
    const pure = product.filter(({ path }) => /^src\/(?:rdf|chain|validation)\//.test(path));
    expect(pure.length).toBeGreaterThan(30);
    expect(pathsOf(pure, /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bMath\.random\(/)).toEqual([]);
    expect(pathsOf(pure, /from 'node:(?:fs|net|http|os|child_process|worker_threads)/)).toEqual([]);
    expect(pathsOf(pure, /\bprocess\.(?:env|std)/)).toEqual([]);
  });

  it('read the environment in the command line only', () => {
    const elsewhere = product.filter(({ path }) => !/^src\/(?:cli|settings)\//.test(path));
    expect(pathsOf(elsewhere, /\bprocess\.env\b/)).toEqual([]);
  });
});

describe('the project', () => {
  it('names no folder of one machine', () => {
    expect(pathsOf(texts, /(?:^|[\s"'`(=])\/(?:home|root|Users|work)\//m)).toEqual([]);
  });

  it('has a lock file that names no registry and lacks no platform', () => {
    const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
    expect(lock).not.toContain('"resolved"');
    execFileSync(process.execPath, [join(ROOT, 'scripts/complete-lockfile.mjs'), '--check']);
  });

  it('leaves no mark for later in the text', () => {
    expect(pathsOf(texts, /\b(?:TODO|FIXME|XXX)\b/)).toEqual([]);
  });
});
