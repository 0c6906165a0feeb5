import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Machine } from './machine.js';
import { projectFolder } from './project-folder.js';
import { type BenchRow, judge } from './row.js';

/** One line of bench/results.jsonl. */
export interface Result extends BenchRow {
  /** See {@link judge}. */
  readonly value: number;
  readonly pass: boolean;
  readonly commit: string | null;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: Machine;
}

export const RESULTS_FILE = projectFolder('bench', 'results.jsonl');

export function makeResult(row: BenchRow, commit: string | null, date: Date, machine: Machine): Result {
  const { value, pass } = judge(row);
  return {
    ...row,
    ours: round(row.ours),
    peer: round(row.peer),
    value: round(value),
    pass,
    commit,
    date: date.toISOString(),
    machine,
  };
}

export function appendResult(result: Result): void {
  appendFileSync(RESULTS_FILE, `${JSON.stringify(result)}\n`);
}

export function readResults(): Result[] {
  if (!existsSync(RESULTS_FILE)) return [];
  return readFileSync(RESULTS_FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Result);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
