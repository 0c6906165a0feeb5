import { type FileHandle, open } from 'node:fs/promises';
import { ProvChainError } from '../errors.js';
import { type AuditEntry, type ChainPoint, decodeEntry, LONGEST_LINE } from './entry.js';
import { type LogPaths, logPaths, readHead, rotatedFiles } from './files.js';
import { LogChecker } from './log-checker.js';
import type { AuditVerdict } from './verdict.js';

export interface VerifyOptions {
  /** Files before the oldest one here were archived: the log may begin in the middle. */
  readonly archived?: boolean;
  /** Hash of a line that is known from elsewhere (a shipped log, a note): it has to be in the log. */
  readonly contains?: string;
}

/**
 * Checks a log over all its files: every line canonical and of its own hash, numbered without gaps, each naming the
 * hash of the one before, and the last one at or after the line that the head file names.
 *
 * Finds any changed byte of any line, removed, repeated, swapped and inserted lines, missing files, and an end that
 * was cut off. The chain has no secret, so it cannot find that somebody who may write to the folder wrote the log anew
 * from some line on, with all hashes and the head file, or added lines after the last one; `contains` finds the first
 * of these. Nothing shows what was never recorded.
 *
 * A log in use can be verified. Every problem is collected, the listed ones are capped. Errors: FILE_UNREADABLE.
 */
export async function verifyAudit(file: string, options: VerifyOptions = {}): Promise<AuditVerdict> {
  const paths = logPaths(file);
  try {
    // The head before the files: lines that come in meanwhile are then beyond it.
    const head = await headOf(paths);
    const { rotated, active } = await openFiles(paths);
    const checker = new LogChecker(head, options);
    try {
      for (const path of rotated) await readLines(path, await open(path, 'r'), checker, true);
      if (active) await readLines(file, active, checker, false);
      return checker.finish(file);
    } finally {
      await active?.close();
    }
  } catch (cause) {
    if (cause instanceof ProvChainError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw new ProvChainError('FILE_UNREADABLE', why, { cause, place: { source: file } });
  }
}

async function headOf(paths: LogPaths): Promise<{ point?: ChainPoint; problem?: string; path: string }> {
  try {
    const point = await readHead(paths);
    return point ? { point, path: paths.head } : { problem: 'the head file is missing', path: paths.head };
  } catch (cause) {
    return { problem: (cause as Error).message, path: paths.head };
  }
}

/** The active file as it is between two rotations: the list of the others is the same before and after opening it. */
async function openFiles(paths: LogPaths): Promise<{ rotated: string[]; active: FileHandle | undefined }> {
  const list = async () => (await rotatedFiles(paths)).map(({ path }) => path);
  for (let attempt = 1; ; attempt++) {
    const before = await list();
    const active = await open(paths.active, 'r').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' && before.length > 0) return undefined;
      throw cause;
    });
    const after = await list();
    if (before.join('\n') === after.join('\n') && (active || attempt > 3)) return { rotated: after, active };
    await active?.close();
    if (attempt > 20) throw new Error('the log is rotated faster than it can be read');
  }
}

const LINE_END = 0x0a;

/** Hands the lines of a file to the checker. Split at LF only, in bytes: other line ends are text of a user. */
async function readLines(
  path: string,
  file: FileHandle,
  checker: LogChecker,
  closeAfter: boolean,
): Promise<void> {
  checker.beginFile(path);
  let rest: Buffer = Buffer.alloc(0);
  let overlong = false;
  const chunk = Buffer.alloc(256 * 1024);
  try {
    for (let position = 0; ; ) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = bytes.indexOf(LINE_END); end !== -1; end = bytes.indexOf(LINE_END, start)) {
        checker.line(overlong ? OVERLONG : decodeLine(bytes.subarray(start, end)));
        overlong = false;
        start = end + 1;
      }
      rest = Buffer.from(bytes.subarray(start));
      overlong ||= rest.length > LONGEST_LINE;
      // Of a line that is too long only its end matters.
      if (overlong) rest = rest.subarray(-1);
    }
  } finally {
    if (closeAfter) await file.close();
  }
  if (overlong) checker.line(OVERLONG);
  else checker.endFile(rest.length);
}

const OVERLONG = { problem: 'it is longer than any line of this log' };

function decodeLine(line: Uint8Array): AuditEntry | { problem: string } {
  return line.length > LONGEST_LINE
    ? { problem: 'it is longer than any line of this log' }
    : decodeEntry(line);
}
