import type { Command } from 'commander';
import { EXIT } from '../errors.js';

/** What each exit code means; README.md and every help text say the same. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  [EXIT.healthy]: 'Healthy, or the command did what it was told',
  [EXIT.warning]: 'Warning: the data is intact, something beside it needs a look',
  [EXIT.tampered]: 'Critical or Corrupted: the chain was altered or damaged',
  [EXIT.incomplete]: 'Incomplete: not everything could be checked',
  [EXIT.usage]: 'wrong usage: a command, option or argument',
  [EXIT.inputRefused]: 'input refused: a file, a directory or a block number',
  [EXIT.internal]: 'internal error',
  [EXIT.locked]: 'locked: another process is the writer of this chain',
};

export interface HelpNotes {
  /** Command lines without the leading `provchain`, each with what it does. */
  readonly examples: readonly (readonly [command: string, purpose: string])[];
  /** Exit codes this command can end with, beside success, wrong usage and an internal error. */
  readonly exits?: readonly number[];
  /** A meaning that differs for this command. */
  readonly meanings?: Readonly<Record<number, string>>;
}

/** Ends a command's help with its examples and its exit codes, and gives it `--json`. */
export function describeCommand(command: Command, notes: HelpNotes): Command {
  command.option('--json', 'print one JSON document on stdout and nothing else');
  const healthy = notes.exits?.includes(EXIT.warning) ? 'Healthy' : 'done';
  const meanings = { [EXIT.healthy]: healthy, ...notes.meanings };
  return command.addHelpText(
    'after',
    () => `\n${examplesText(notes)}\n\n${exitCodesText({ ...notes, meanings })}`,
  );
}

/**
 * Ends the help of a command that only holds others. They all take `--json`, so it is named here once.
 */
export function describeGroup(group: Command, notes: HelpNotes): Command {
  return group.addHelpText(
    'after',
    () =>
      `\n${examplesText(notes)}\n\n${exitCodesText({ ...notes, meanings: { [EXIT.healthy]: 'done', ...notes.meanings } })}` +
      '\n\nEach of them takes --json: one JSON document on stdout and nothing else.',
  );
}

function examplesText({ examples }: HelpNotes): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, purpose]) => `  $ provchain ${line.padEnd(width)}  # ${purpose}`);
  return ['Examples:', ...lines].join('\n');
}

export function exitCodesText({ exits = [], meanings = {} }: Partial<HelpNotes>): string {
  const codes = new Set<number>([EXIT.healthy, ...exits, EXIT.usage, EXIT.internal]);
  const lines = [...codes]
    .sort((a, b) => a - b)
    .map((code) => `  ${String(code).padStart(2)}  ${meanings[code] ?? EXIT_MEANINGS[code]}`);
  return ['Exit codes:', ...lines].join('\n');
}
