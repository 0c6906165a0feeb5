import { readFileSync, writeFileSync } from 'node:fs';
import { projectFolder } from './project-folder.js';
import { type Result, readResults } from './results.js';
import { judge } from './row.js';

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/** The newest result of every row at full size, in the order in which the rows first came. */
export function newestResults(results: readonly Result[]): Result[] {
  const newest = new Map<string, Result>();
  for (const result of results) if (result.settings.quick !== true) newest.set(result.name, result);
  return [...newest.values()];
}

/** The table of README.md as Markdown, with where and when it was measured. */
export function resultsTable(results: readonly Result[]): string {
  const lines = results.map((result) => {
    const { title, ours, peer, unit } = result;
    const { text, pass } = judge(result);
    return `| ${title} | ${amount(ours)} ${unit} | ${amount(peer)} ${unit} | ${text} | ${pass ? 'pass' : '**short**'} |`;
  });
  const places = new Set(
    results.map(({ machine, commit, date }) => {
      const { cpu, cores, node } = machine;
      return `${cores} cores of ${cpu}, Node ${node.replace(/^v/, '')}, ${date.slice(0, 10)}, commit ${commit ?? 'none'}`;
    }),
  );
  return [
    '| what, against what | ours | peer | result (bar) | |',
    '|---|---:|---:|---|---|',
    ...lines,
    '',
    `Measured on ${[...places].join('; ')}. Medians of interleaved runs, each in a new process, from its start to its exit.`,
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
  writeFileSync(file, replaceBlock(readFileSync(file, 'utf8'), resultsTable(results)));
}

function amount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
}
