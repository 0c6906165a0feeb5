import { currentCommit, describeMachine } from './machine.js';
import { appendResult, makeResult, RESULTS_FILE, type Result } from './results.js';
import { type BenchRow, judge } from './row.js';

/** Rows that are measured together. */
export interface Run {
  readonly name: string;
  run(): Promise<readonly BenchRow[]>;
}

export interface RunOptions {
  readonly json: boolean;
  readonly quick: boolean;
  readonly note: (text: string) => void;
}

/**
 * Measures one after the other, prints each row with its judgement and appends it to bench/results.jsonl. Gives false
 * when a run failed or an answer was wrong; the others are measured all the same.
 */
export async function runRows(runs: readonly Run[], { json, quick, note }: RunOptions): Promise<boolean> {
  const commit = currentCommit();
  const results: Result[] = [];
  let failed = false;
  for (const { name, run } of runs) {
    const machine = describeMachine();
    try {
      for (const row of await run()) {
        const result = makeResult(row, commit, new Date(), machine);
        appendResult(result);
        results.push(result);
        if (!json) process.stdout.write(describeResult(result));
      }
    } catch (error) {
      failed = true;
      note(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else {
    const short = results.filter(({ pass }) => !pass).length;
    process.stdout.write(`\n${results.length} rows, ${short} short; appended to ${RESULTS_FILE}\n`);
    if (quick) process.stdout.write('The bars are for the full size, which --quick does not measure.\n');
  }
  return !failed;
}

function describeResult(result: Result): string {
  const { name, title, place, ours, peer, unit, table = 'engine', bar, notes = [] } = result;
  const { text, pass } = judge(result);
  const other = table === 'guide' ? 'guide' : 'peer';
  const verdict = 'none' in bar ? '     ' : pass ? 'PASS ' : 'SHORT';
  const lines = [
    `${verdict} ${name}: ${text}; ours ${ours.toFixed(1)} ${unit}, ${other} ${peer.toFixed(1)} ${unit}`,
    place === undefined ? title : `${title}: ${place}`,
    ...notes,
  ];
  return `${lines.join('\n      ')}\n`;
}
