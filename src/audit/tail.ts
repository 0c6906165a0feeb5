import { hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { type AuditEntry, type ChainPoint, decodeEntry, START } from './entry.js';
import { type LogPaths, readHead, rotatedFiles, sizeOf } from './files.js';

/** What the end of a log looks like when it is opened. */
export interface LogEnd {
  /** What the next line builds on. */
  readonly point: ChainPoint;
  /** Whether there is a log at all. */
  readonly fresh: boolean;
  /** Bytes of the active file that stay; the rest is cut off. Undefined when there is no such file. */
  readonly keepBytes: number | undefined;
  /** The file ends without a line end and gets one: its last line is whole, or damaged. */
  readonly lacksLineEnd: boolean;
  /** The beginning of a line that was never acknowledged. */
  readonly torn?: { readonly bytes: number; readonly sha256: string; readonly text: string };
  /** Why the end is not what was acknowledged. Such a log is not mended: the next line says so, and the gap stays. */
  readonly damage?: string;
}

interface Tail {
  readonly bytes: number;
  readonly lastLine: Buffer | undefined;
  readonly fragment: Buffer;
}

const LINE_END = 0x0a;
const WINDOW = 64 * 1024;

/**
 * Finds where a log goes on. A line is acknowledged after it, and then the head file, were made durable, so after
 * kill -9 the log may be ahead of the head by whole lines and by the beginning of one, and is never behind it.
 */
export async function findLogEnd(paths: LogPaths): Promise<LogEnd> {
  const head = await readHead(paths).then(
    (point) => ({ point, problem: point ? undefined : MISSING }),
    (cause: Error) => ({ point: undefined, problem: cause.message }),
  );
  const active = await readTail(paths.active);
  const lastLine = active?.lastLine ?? (await lastRotatedLine(paths));
  const fragment = active?.fragment ?? Buffer.alloc(0);
  const nothing = !lastLine && fragment.length === 0;
  if (nothing && (head.point ? head.point.seq === 0 : head.problem === MISSING)) {
    return { point: START, fresh: true, keepBytes: active?.bytes, lacksLineEnd: false };
  }
  const last = lastLine ? decodeEntry(lastLine) : undefined;
  // What is damaged is kept as it is, and only ended, so that the next line stands on its own.
  const damaged = (point: ChainPoint, damage: string): LogEnd => ({
    ...{ point, fresh: false, keepBytes: active?.bytes, lacksLineEnd: fragment.length > 0, damage },
  });
  if (last && 'problem' in last) return damaged(head.point ?? START, `the last line: ${last.problem}`);
  const whole = completes(last, fragment);
  const point = whole ?? (last ? { seq: last.seq, hash: last.hash } : START);
  if (!head.point) return damaged(point, head.problem ?? MISSING);
  if (point.seq < head.point.seq) {
    const missing = `lines ${point.seq + 1} to ${head.point.seq} were acknowledged and are not there`;
    return damaged(head.point, missing);
  }
  if (point.seq === head.point.seq && point.hash !== head.point.hash) {
    return damaged(point, 'the last line is not the one that was acknowledged');
  }
  if (whole) return { point, fresh: false, keepBytes: active?.bytes, lacksLineEnd: true };
  const keepBytes = active && active.bytes - fragment.length;
  return { point, fresh: false, keepBytes, lacksLineEnd: false, ...tornPart(fragment) };
}

const MISSING = 'the head file is missing';

/** Gives the fragment's point when it is a whole line that follows the last one. */
function completes(last: AuditEntry | undefined, fragment: Buffer): ChainPoint | undefined {
  if (fragment.length === 0) return undefined;
  const entry = decodeEntry(fragment);
  const before = last ?? START;
  if ('problem' in entry || entry.seq !== before.seq + 1 || entry.prevHash !== before.hash) return undefined;
  return { seq: entry.seq, hash: entry.hash };
}

function tornPart(fragment: Buffer): Pick<LogEnd, 'torn'> {
  if (fragment.length === 0) return {};
  const text = fragment.subarray(0, 400).toString('utf8');
  return { torn: { bytes: fragment.length, sha256: hash('sha256', fragment), text } };
}

async function lastRotatedLine(paths: LogPaths): Promise<Buffer | undefined> {
  const newest = (await rotatedFiles(paths)).at(-1);
  return newest && (await readTail(newest.path))?.lastLine;
}

/** The last whole line of a file and what follows it; undefined when there is no such file. */
async function readTail(path: string): Promise<Tail | undefined> {
  const bytes = await sizeOf(path);
  if (bytes === undefined) return undefined;
  const file = await open(path, 'r');
  try {
    for (let length = Math.min(WINDOW, bytes); ; length = Math.min(length * 4, bytes)) {
      const buffer = await readAt(file, bytes - length, length);
      const end = buffer.lastIndexOf(LINE_END);
      const start = end <= 0 ? -1 : buffer.lastIndexOf(LINE_END, end - 1);
      // Without the end of the line before it, the window has to begin with the file.
      if (length < bytes && (end === -1 || start === -1)) continue;
      const lastLine = end === -1 ? undefined : buffer.subarray(start + 1, end);
      return { bytes, lastLine, fragment: buffer.subarray(end + 1) };
    }
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
