import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { marked } from 'marked';
import type { Plugin } from 'vite';

const NAME = 'virtual:runbook-pages';
const RESOLVED = `\0${NAME}`;
/** A page of the runbook is named by the finding that it is about. */
const PAGE = /^(?!README\.)([A-Z][A-Z0-9_]*)\.md$/;

/**
 * Turns `docs/runbook/<CODE>.md` into HTML while the dashboard is built. Each page becomes a file of its own that the
 * browser loads when somebody looks at a finding of that code; the scripts only hold the table of their names. Codes
 * without a page are left out.
 */
export function runbookPages(folder: string): Plugin {
  const pages = new Map<string, { fileName: string; source: string }>();
  return {
    name: 'runbook-pages',
    buildStart() {
      pages.clear();
      for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
        const code = PAGE.exec(file)?.[1];
        if (code === undefined || code === 'README') continue;
        const source = JSON.stringify({ html: pageHtml(readFileSync(join(folder, file), 'utf8')) });
        const digest = createHash('sha256').update(source).digest('hex').slice(0, 8);
        const fileName = `assets/runbook-${code}-${digest}.json`;
        pages.set(code, { fileName, source });
        this.emitFile({ type: 'asset', fileName, source });
      }
    },
    resolveId: (id) => (id === NAME ? RESOLVED : undefined),
    load(id) {
      if (id !== RESOLVED) return undefined;
      const table = Object.fromEntries([...pages].map(([code, { fileName }]) => [code, `/${fileName}`]));
      return `export const runbookPages = ${JSON.stringify(table)};`;
    },
  };
}

/**
 * The page without its title and its first paragraph, which the report shows already, and with its sections one level
 * further down. Its links lead to other files of the project, which no node serves, so they are named instead.
 */
function pageHtml(markdown: string): string {
  const body = markdown.replace(/^# .*\n+(?:[^#\n].*\n)*/, '');
  const html = marked
    .parse(body, { async: false })
    .replace(
      /<a href="([^"#]*)[^"]*">(.*?)<\/a>/gs,
      (_link, target, text) => `${text} (<code>${fileOf(target)}</code>)`,
    );
  return html.replace(/<(\/?)h([23])>/g, (_tag, slash, level) => `<${slash}h${Number(level) + 2}>`);
}

/** The path from the root of the project, for a link that starts at docs/runbook. */
const fileOf = (target: string): string =>
  /^https?:/.test(target) ? target : posix.join('docs/runbook', target === '' ? 'README.md' : target);
