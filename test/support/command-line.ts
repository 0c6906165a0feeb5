import { type Command, CommanderError } from 'commander';
import { expect } from 'vitest';
import { createProgram } from '../../src/cli/index.js';

/** Why the command line does not take these words; `code` is commander's. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/**
 * Has the program's own command line parse the words, without doing anything of what they say: commands, options,
 * choices, numbers and how many arguments there are.
 *
 * @param words without the name of the program: `['user', 'add', 'anna', '--role', 'admin']`
 */
export function refusalOf(words: readonly string[]): Refusal | undefined {
  const program = createProgram();
  disarm(program);
  try {
    program.parse([...words], { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return { code: 'value', message: String(thrown) };
    // Help and version that were asked for.
    return thrown.exitCode === 0 ? undefined : { code: thrown.code, message: thrown.message };
  }
  return undefined;
}

function disarm(command: Command): void {
  command.configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} });
  if (command.commands.length === 0) command.action(() => {});
  for (const inner of command.commands) disarm(inner);
}

/** Expects that the program takes these words. */
export function expectUsable(words: readonly string[]): void {
  expect(refusalOf(words), `provchain ${words.join(' ')}`).toBeUndefined();
}
