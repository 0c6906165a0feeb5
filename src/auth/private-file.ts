import { randomBytes } from 'node:crypto';
import { closeSync, constants, fchownSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProvChainError } from '../errors.js';
import { syncFolder } from '../sync-folder.js';

/** Permissions a secret file must not have: `owner` is 0600 or less, `group` lets a group read it too. */
const FORBIDDEN = { owner: 0o077, group: 0o027 } as const;

export interface PrivateFile {
  readonly text: string;
  /** Changes whenever the file is replaced or written to. */
  readonly stamp: string;
}

/**
 * Reads a file that holds secrets, and refuses one that others may read: what has been readable has to be considered
 * known. Synchronous and through one handle, so that what is checked is what is read.
 * Errors: FILE_UNREADABLE; CONFIG_INVALID for permissions, or when it is no file or longer than `mostBytes`.
 */
export function readPrivateFile(
  path: string,
  { readers = 'owner', mostBytes = 64 * 1024 }: { readers?: keyof typeof FORBIDDEN; mostBytes?: number } = {},
): PrivateFile {
  const place = { source: path };
  let handle: number;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) throw new ProvChainError('CONFIG_INVALID', 'it is no regular file', { place });
    if (process.platform !== 'win32' && (stat.mode & FORBIDDEN[readers]) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
      const wanted = readers === 'owner' ? '0600' : '0640';
      const message = `others than its owner may read or change it (mode ${mode}); set it to ${wanted}`;
      throw new ProvChainError('CONFIG_INVALID', message, { place });
    }
    if (stat.size > mostBytes) {
      throw new ProvChainError('CONFIG_INVALID', `it is longer than ${mostBytes} bytes`, { place });
    }
    return { text: readFileSync(handle, 'utf8'), stamp: stampOf(stat) };
  } catch (cause) {
    throw cause instanceof ProvChainError ? cause : unreadable(path, cause);
  } finally {
    closeSync(handle);
  }
}

/** The stamp that {@link readPrivateFile} would give now. Errors: FILE_UNREADABLE. */
export function stampOfFile(path: string): string {
  try {
    return stampOf(statSync(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * Replaces a file of mode 0600: after a crash at any moment the old or the new text is there, whole. Run by root, the
 * file keeps its owner (a new one gets that of its folder), so that the node can still read what an administrator
 * wrote. Errors: FILE_UNREADABLE when it cannot be written.
 */
export async function replacePrivateFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      if (process.getuid?.() === 0) keepOwner(path, file.fd);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await unlink(temporary).catch(() => {});
    throw new ProvChainError('FILE_UNREADABLE', `it cannot be written: ${(cause as Error).message}`, {
      cause,
      place: { source: path },
    });
  }
}

const LOCK_WAIT_MS = 5_000;
/** Nobody holds a lock for longer than the writing of one small file. */
const LOCK_STALE_MS = 30_000;

/**
 * Runs `work` while no other process does so for the same file, by a file `<path>.lock` that only one can make.
 * Errors: LOCKED when another has it for longer than five seconds; FILE_UNREADABLE when the folder is not writable.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const deadline = Date.now() + LOCK_WAIT_MS;
  while (!(await tryLock(lock))) {
    await dropStaleLock(lock);
    if (Date.now() > deadline) {
      throw new ProvChainError('LOCKED', 'another process is changing the file', { place: { source: path } });
    }
    await sleep(20);
  }
  try {
    return await work();
  } finally {
    await unlink(lock).catch(() => {});
  }
}

async function tryLock(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx', 0o600);
    await file.close();
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new ProvChainError('FILE_UNREADABLE', `it cannot be written: ${(cause as Error).message}`, {
      cause,
      place: { source: lock },
    });
  }
}

/** A process that was killed leaves its lock. Only one of those that see it so can move it away. */
async function dropStaleLock(lock: string): Promise<void> {
  try {
    const before = statSync(lock);
    if (Date.now() - before.mtimeMs < LOCK_STALE_MS) return;
    const aside = `${lock}.${randomBytes(6).toString('hex')}`;
    await rename(lock, aside);
    await unlink(aside);
  } catch {
    // Somebody else was faster.
  }
}

function keepOwner(path: string, descriptor: number): void {
  const { uid, gid } = statSync(path, { throwIfNoEntry: false }) ?? statSync(dirname(path));
  fchownSync(descriptor, uid, gid);
}

function stampOf({ dev, ino, size, mtimeMs, ctimeMs }: ReturnType<typeof fstatSync>): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(':');
}

function unreadable(path: string, cause: unknown): ProvChainError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'there is no such file' : message;
  return new ProvChainError('FILE_UNREADABLE', why, { cause, place: { source: path } });
}
