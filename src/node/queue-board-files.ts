import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join, relative, sep } from 'node:path';
import type { BoardAnswer } from '../api/index.js';
import { ProvChainError } from '../errors.js';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
};
const HTML_TYPE = 'text/html; charset=utf-8';
/** The names of scripts and styles change with their content. */
const HASHED = /\.[0-9a-f]{10}\.(?:css|js)$/;
const FAVICON = 'static/images/logo.svg';
const TITLE = 'ProvChain queues';

/** What the page is told: nothing here can be changed, and its own search for a newer version would ask others. */
const UI_CONFIG = {
  boardTitle: TITLE,
  favIcon: { default: FAVICON, alternative: 'static/favicon-32x32.png' },
  hasHistoryProvider: false,
  hasHistoryUsage: false,
  canPurgeHistory: false,
  hasLatencyHistory: false,
};

/**
 * The page of Bull Board and its files. Of the page as it comes, what asks other servers (fonts) and what a strict policy
 * would refuse (styles within the page) is taken away.
 */
export class BoardFiles {
  readonly page: BoardAnswer;
  readonly #folder: string;
  /** Names of the files that there are; the path of a request never reaches the file system. */
  readonly #names: ReadonlySet<string>;

  private constructor(folder: string, names: ReadonlySet<string>, html: string) {
    this.#folder = folder;
    this.#names = names;
    this.page = { status: 200, type: HTML_TYPE, raw: html, immutable: false };
  }

  static async open(): Promise<BoardFiles> {
    const dist = join(dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json')), 'dist');
    const folder = join(dist, 'static');
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile() && extname(entry.name) in TYPES)
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
    return new BoardFiles(folder, new Set(names), pageOf(await readFile(join(dist, 'index.ejs'), 'utf8')));
  }

  /** Errors: NOT_FOUND. */
  async read(name: string): Promise<BoardAnswer> {
    if (!this.#names.has(name))
      throw new ProvChainError('NOT_FOUND', 'the page of the queues has no such file');
    const raw = await readFile(join(this.#folder, name));
    return { status: 200, type: TYPES[extname(name)]!, raw, immutable: HASHED.test(name) };
  }
}

/** The template with its five places filled in. None of what is filled in comes from outside. */
function pageOf(template: string): string {
  const config = JSON.stringify(UI_CONFIG).replaceAll('<', '\\u003c');
  const values: Readonly<Record<string, string>> = {
    basePath: '/queues/',
    title: TITLE,
    favIconDefault: FAVICON,
    favIconAlternative: UI_CONFIG.favIcon.alternative,
    uiConfig: config,
  };
  const html = template
    .replace(/<link href="https:[^>]*>\s*/g, '')
    .replace(/<style>.*?<\/style>/gs, '')
    .replace(/ style="[^"]*"/g, '')
    .replace(/<%[=-]\s*(\w+)\s*%>/g, (place, name: string) => values[name] ?? place);
  if (/https?:|<%|<style|\sstyle=/.test(html)) {
    throw new ProvChainError('INTERNAL', 'the page of Bull Board is not the one that this was written for');
  }
  return html;
}
