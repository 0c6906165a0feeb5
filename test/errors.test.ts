import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT_MEANINGS } from '../src/cli/index.js';
import { ERRORS, EXIT, ProvChainError } from '../src/errors.js';
import { projectRoot } from './support/project.js';

/** The rows of the first table of a section of README.md, cells trimmed, without the head. */
function tableUnder(heading: string): string[][] {
  const readme = readFileSync(join(projectRoot(), 'README.md'), 'utf8');
  const section = readme.split(new RegExp(`^## ${heading}$`, 'm'))[1]?.split(/^## /m)[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('exit codes', () => {
  it('are the ones that the README lists, with the same meaning', () => {
    const documented = tableUnder('Exit codes').map(([code, meaning]) => [code, meaning]);
    const declared = Object.values(EXIT).map((code) => [`${code}`, EXIT_MEANINGS[code]]);
    expect(documented).toEqual(declared);
  });

  it('follow the code of an error, also after it crossed a thread as plain data', () => {
    for (const code of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
      const place = { source: 'a.nq', line: 2, column: 3, offset: 17 };
      const error = ProvChainError.fromPlain(
        structuredClone(new ProvChainError(code, 'what happened', { place }).toPlain()),
      );
      expect([error.code, error.message, error.place, error.exitCode, error.retryable]).toEqual([
        code,
        'what happened',
        place,
        ERRORS[code].exit,
        ERRORS[code].retryable,
      ]);
    }
  });
});

describe('ProvChainError.from', () => {
  it('keeps an error of ours and makes anything else INTERNAL with its cause', () => {
    const ours = new ProvChainError('LOCKED', 'busy');
    const theirs = new TypeError('x is not a function');
    expect(ProvChainError.from(ours)).toBe(ours);
    expect(ProvChainError.from(theirs)).toMatchObject({
      code: 'INTERNAL',
      message: theirs.message,
      cause: theirs,
    });
    expect(ProvChainError.from('text')).toMatchObject({ code: 'INTERNAL', message: 'text' });
  });
});
