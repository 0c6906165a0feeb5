import type { Command } from 'commander';
import { expect } from 'vitest';
import { createProgram } from '../../src/cli/index.js';

/**
 * Expects that the command line has the command of these words, and each of their options. Values are not looked at.
 *
 * @param words without the name of the program: `['user', 'add', 'anna', '--role', 'admin']`
 */
export function expectUsable(words: readonly string[]): void {
  let command: Command = createProgram();
  let rest = [...words];
  for (;;) {
    const inner = command.commands.find((candidate) => candidate.name() === rest[0]);
    if (!inner) break;
    command = inner;
    rest = rest.slice(1);
  }
  const line = words.join(' ');
  expect(command.commands, `"${line}" names no command`).toEqual([]);
  for (const word of rest.filter((candidate) => candidate.startsWith('-'))) {
    const known = command.options.some(({ long, short }) => word === long || word === short);
    expect(known, `"${line}": ${word} is no option of it`).toBe(true);
  }
}
