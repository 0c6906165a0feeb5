import { open, readdir, readFile, rename, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { canonicalJson } from '../chain/index.js';
import type { ChainPoint } from './entry.js';

/**
 * The files of a log `audit.log`: itself, the full ones before it as `audit-0000000001.log` (named by the number of
 * their first line), and `audit.head.json`, which says which line was the last.
 */
export interface LogPaths {
  readonly active: string;
  readonly head: string;
  readonly folder: string;
  rotated(firstSeq: number): string;
  /** The number of the first line of a rotated file, by its name; undefined for other files. */
  firstSeqOf(name: string): number | undefined;
}

export function logPaths(file: string): LogPaths {
  const folder = dirname(file);
  const extension = extname(file);
  const stem = basename(file, extension);
  return {
    active: file,
    head: join(folder, `${stem}.head.json`),
    folder,
    rotated: (firstSeq) => join(folder, `${stem}-${String(firstSeq).padStart(10, '0')}${extension}`),
    firstSeqOf(name) {
      if (!name.startsWith(`${stem}-`) || !name.endsWith(extension)) return undefined;
      const digits = name.slice(stem.length + 1, name.length - extension.length);
      return /^\d{10,16}$/.test(digits) ? Number(digits) : undefined;
    },
  };
}

/** The full files of a log, oldest first. */
export async function rotatedFiles(paths: LogPaths): Promise<{ path: string; firstSeq: number }[]> {
  const names = await readdir(paths.folder);
  return names
    .flatMap((name) => {
      const firstSeq = paths.firstSeqOf(name);
      return firstSeq === undefined ? [] : [{ path: join(paths.folder, name), firstSeq }];
    })
    .sort((a, b) => a.firstSeq - b.firstSeq);
}

/** The head file: what was the last acknowledged line. Undefined when there is none; throws when it is not readable. */
export async function readHead(paths: LogPaths): Promise<ChainPoint | undefined> {
  let text: string;
  try {
    text = await readFile(paths.head, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
  const [, hash, seq] = /^\{"hash":"([0-9a-f]{64})","seq":(0|[1-9]\d{0,14})\}\n$/.exec(text) ?? [];
  if (hash === undefined) throw new Error('the head file does not hold a hash and a number');
  return { seq: Number(seq), hash };
}

/** After a crash at any moment the old or the new head is there, whole, and none that is ahead of the log. */
export async function writeHead(paths: LogPaths, head: ChainPoint): Promise<void> {
  const temporary = `${paths.head}.tmp`;
  const file = await open(temporary, 'w', 0o640);
  try {
    await file.writeFile(`${canonicalJson({ hash: head.hash, seq: head.seq })}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, paths.head);
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}
