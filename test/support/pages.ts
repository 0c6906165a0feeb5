import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project.js';

/** The pages that people write: what tests hold against the program. Made pages are held by the tests that make them. */
const MADE = /^docs\/(?:api|cli|errors|findings|levels|metrics|settings)\.md$/;

export interface Page {
  /** Path inside the project: `docs/runbook/alerts.md`. */
  readonly path: string;
  readonly text: string;
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(projectRoot(), path), 'utf8') };
}

/** README.md and everything under docs/, with the made pages or without. */
export function pages(which: 'all' | 'written'): Page[] {
  const names = readdirSync(join(projectRoot(), 'docs'), { recursive: true, encoding: 'utf8' });
  const paths = ['README.md', ...names.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
  return paths.filter((path) => which === 'all' || !MADE.test(path)).map(readPage);
}

const FENCE = /^ *```(\w*)\n([\s\S]*?)^ *```$/gm;

/** Lines of the shell blocks, continued ones joined, without comments. */
export function shellLines({ text }: Page): string[] {
  return [...text.matchAll(FENCE)]
    .filter(([, language]) => language === 'sh')
    .flatMap(([, , block]) => block!.replace(/\\\n\s*/g, '').split('\n'))
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** The text between single backticks, outside of blocks. */
export function codeSpans({ text }: Page): string[] {
  return [...text.replace(FENCE, '').matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
}

/** Targets of links, as written. */
export function links({ text }: Page): string[] {
  return [...text.replace(FENCE, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
}

/** The names under which a page's headings can be linked to: as GitHub makes them. */
export function anchors({ text }: Page): string[] {
  return [...text.replace(FENCE, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What stands between a heading of the second level and the next one. */
export function sectionsOf({ text }: Page): Map<string, string> {
  const parts = text.split(/^## (.+)$/m).slice(1);
  return new Map(
    parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1] ?? ''] as const] : [])),
  );
}

/** What a page says in place of a block number. */
const NUMBERS: ReadonlySet<string> = new Set(['N', 'K', 'M', 'FROM', 'TO', 'INDEX']);

/** Calls of `provchain` in a line of a shell, as lists of words without its name. */
export function provchainCalls(line: string): string[][] {
  return line.split(/\|\|?|&&|;|\$\(|(?<= )sh -u?c ['"]/).flatMap((command) => {
    const words = [...command.matchAll(/'[^']*'|"[^"]*"|[^\s]+/g)].map(([word]) =>
      word.replaceAll(/^['"]|['"]$/g, ''),
    );
    const start = words.findIndex((word, index) => word === 'provchain' && isProgram(words.slice(0, index)));
    if (start < 0) return [];
    const redirected = words.findIndex((word) => /^\d?[<>]/.test(word));
    const call = words.slice(start + 1, redirected < 0 ? undefined : redirected);
    return [call.map((word) => (NUMBERS.has(word) ? '7' : word.replace(/\)$/, '')))];
  });
}

/** Whether what stands before a word leaves it the name of a program: `sudo -u provchain` does, `journalctl -u` does not. */
function isProgram(before: readonly string[]): boolean {
  return /^(?:(?:npx|env|sudo|-u \S+|docker compose exec \S+|[A-Z_]+=\S*) ?)*$/.test(before.join(' '));
}

/** A request that a page names: its path, and its method where the page tells. */
export interface NamedRequest {
  readonly method: string | undefined;
  readonly path: string;
}

const PATH = String.raw`(?:NODE|\$PROVCHAIN_SERVER|https?:\/\/[^\s/'"]+|(?<![\w./-]))(\/(?:api|health)\b[\w/:-]*)`;

/** Requests to a node in a line of a shell. */
export function requestsOfLine(line: string): NamedRequest[] {
  return line.split(/\||&&|;/).flatMap((command) => {
    const named = /-X (\w+)/.exec(command)?.[1];
    const sends = /\s(?:-d|--data-binary) /.test(command);
    const method = named ?? (sends ? 'POST' : 'GET');
    return [...command.matchAll(new RegExp(PATH, 'g'))].map(([, path]) => ({ method, path: path! }));
  });
}

/** Requests to a node in a text between backticks. */
export function requestsOfSpan(span: string): NamedRequest[] {
  if (/^curl /.test(span)) return requestsOfLine(span);
  return [...span.matchAll(new RegExp(`(?:(GET|POST|PUT|DELETE) )?${PATH}`, 'g'))].map(
    ([, method, path]) => ({ method, path: path! }),
  );
}
