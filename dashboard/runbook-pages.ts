import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked } from 'marked';
import type { Plugin } from 'vite';

const NAME = 'virtual:runbook-pages';
const RESOLVED = `\0${NAME}`;
/** A page of the runbook is named by the finding that it is about. */
const PAGE = /^([A-Z][A-Z0-9_]*)\.md$/;

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
        if (code === undefined) continue;
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

/** The page without its title, which the report shows already, and with its sections one level further down. */
function pageHtml(markdown: string): string {
  const html = marked.parse(markdown.replace(/^# .*\n/, ''), { async: false });
  return html.replace(/<(\/?)h([23])>/g, (_tag, slash, level) => `<${slash}h${Number(level) + 2}>`);
}
