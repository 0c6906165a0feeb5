import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { ProvChainError } from '../errors.js';
import type { SettingsProblem } from './problem.js';
import type { Tree } from './tree.js';

const LONGEST_FILE_BYTES = 1 << 20;

/** The text of a settings file, or why it is none. Errors: FILE_UNREADABLE. */
export function readText(file: string): string | SettingsProblem {
  const place = { source: file };
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? 'there is no such file' : (cause as Error).message;
    throw new ProvChainError('FILE_UNREADABLE', why, { cause, place });
  }
  if (bytes.length > LONGEST_FILE_BYTES) return { path: '', message: 'the file is longer than 1 MB', place };
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { path: '', message: 'the file is not UTF-8', place };
  }
}

/** The tree of a TOML text, or the place where it stops being TOML. */
export function parseToml(
  text: string,
  file: string | undefined,
): { table: Tree } | { problem: SettingsProblem } {
  try {
    return { table: parse(text, { unsafeKeyBehaviour: 'throw', maxDepth: 32 }) };
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown;
    const message = thrown.message.split('\n', 1)[0]?.replace(/^Invalid TOML document: /, '') ?? '';
    // The parser counts UTF-16 units.
    const line = text.split(/\r?\n/)[thrown.line - 1] ?? '';
    const column = [...line.slice(0, thrown.column - 1)].length + 1;
    const place = { source: file, line: thrown.line, column };
    return { problem: { path: '', message: `not TOML: ${message}`, place } };
  }
}
