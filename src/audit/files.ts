import { closeSync, constants, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Of the head file: less than a sector, which disks write whole or not at all. */
const HEAD_BYTES = 128;
const HEAD_TEXT = /^\{"hash":"([0-9a-f]{64})","seq":(0|[1-9]\d{0,14})\} *\n$/;

/**
 * The head file: which line was the last that was acknowledged. Undefined when there is none; throws when it is not
 * readable. A reader may come while it is written, so what makes no sense is read again.
 */
export async function readHead(paths: LogPaths): Promise<ChainPoint | undefined> {
  for (let attempt = 1; ; attempt++) {
    let text: string;
    try {
      text = await readFile(paths.head, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw cause;
    }
    const [, hash, seq] = (text.length === HEAD_BYTES && HEAD_TEXT.exec(text)) || [];
    if (hash !== undefined) return { seq: Number(seq), hash };
    if (attempt === 3) throw new Error('the head file does not hold a hash and a number');
    await sleep(5);
  }
}

export function encodeHead({ seq, hash }: ChainPoint): string {
  return `${canonicalJson({ hash, seq }).padEnd(HEAD_BYTES - 1)}\n`;
}

/**
 * The head file of the process that writes the log. It is overwritten in place and not synced: after a power cut it
 * may be behind the log, which is no harm, and never ahead of it, because the log is synced first.
 */
export class HeadFile {
  readonly #descriptor: number;

  constructor(paths: LogPaths) {
    this.#descriptor = openSync(paths.head, constants.O_RDWR | constants.O_CREAT, 0o640);
    ftruncateSync(this.#descriptor, HEAD_BYTES);
  }

  /** Synchronous: it is a copy of 128 bytes into the page cache, and a thread for it would cost more. */
  write(head: ChainPoint): void {
    writeSync(this.#descriptor, encodeHead(head), 0);
  }

  sync(): void {
    fsyncSync(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
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
