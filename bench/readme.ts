import { readFileSync, writeFileSync } from 'node:fs';
import { projectFolder } from './project-folder.js';
import { type Result, readResults } from './results.js';
import { judge, type Table } from './row.js';

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/** The newest result of every row at full size, in the order in which the rows first came. */
export function newestResults(results: readonly Result[]): Result[] {
  const newest = new Map<string, Result>();
  for (const result of results) if (result.settings.quick !== true) newest.set(result.name, result);
  return [...newest.values()];
}

/** What each table of README.md is: its heading line, and how its figures came about. */
const TABLES: Readonly<Record<Table, { readonly head: string; readonly how: string }>> = {
  engine: {
    head: '| what, against what | ours | peer | result (bar) | |',
    how: 'Medians of interleaved runs, each in a new process, from its start to its exit.',
  },
  load: {
    head: '| REST, against what | ours | peer | result (bar) | |',
    how:
      'Medians of interleaved turns of autocannon, which shares the cores with the server it loads; answers verified, ' +
      'every accepted job followed to its end.',
  },
  guide: {
    head: '| the guide says, and where it holds | ours | guide | result (bar) | |',
    how: "The predecessor's figures, each on the largest chain measured on which it holds, or the smallest if on none.",
  },
};

/** The tables of README.md as Markdown, each with where and when it was measured. */
export function resultsTables(results: readonly Result[]): string {
  const names = Object.keys(TABLES) as Table[];
  const parts = names.map((name) => results.filter(({ table = 'engine' }) => table === name));
  return parts.flatMap((rows, i) => (rows.length > 0 ? [resultsTable(rows, names[i])] : [])).join('\n\n');
}

/** One table as Markdown. */
export function resultsTable(results: readonly Result[], table: Table = 'engine'): string {
  const lines = results.map((result) => {
    const { title, place, ours, peer, unit, bar } = result;
    const { text, pass } = judge(result);
    const verdict = 'none' in bar ? '' : pass ? 'pass' : '**short**';
    const what = place === undefined ? title : `${title}: ${place}`;
    return `| ${what} | ${amount(ours)} ${unit} | ${amount(peer)} ${unit} | ${text} | ${verdict} |`;
  });
  const places = new Set(
    results.map(({ machine, commit, date }) => {
      const { cpu, cores, node } = machine;
      return `${cores} cores of ${cpu}, Node ${node.replace(/^v/, '')}, ${date.slice(0, 10)}, commit ${commit ?? 'none'}`;
    }),
  );
  return [
    TABLES[table].head,
    '|---|---:|---:|---|---|',
    ...lines,
    '',
    `Measured on ${[...places].join('; ')}. ${TABLES[table].how}`,
  ].join('\n');
}

/** Replaces what stands between the two markers. Errors: Error when a marker is missing or they are out of order. */
export function replaceBlock(document: string, block: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md has no ${BEGIN} before a ${END}`);
  return `${document.slice(0, begin + BEGIN.length)}\n${block}\n${document.slice(end)}`;
}

/** Brings README.md up to date with bench/results.jsonl. */
export function writeReadme(): void {
  const file = projectFolder('README.md');
  const results = newestResults(readResults());
  if (results.length === 0) throw new Error('bench/results.jsonl holds no result at full size yet');
  writeFileSync(file, replaceBlock(readFileSync(file, 'utf8'), resultsTables(results)));
}

function amount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
}
