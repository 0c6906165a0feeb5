import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files beside the database that decide a verdict. */
export const CHAIN_FILES: readonly string[] = ['chain.json', 'replica.json', 'anchor.json'];
const DATABASE_FOLDER = 'db';
/** RocksDB's own diary and lock change without the data: `LOG`, `LOG.old.<time>`, `LOCK`. */
const WITHOUT_DATA = /^(?:LOG(?:\.old\..*)?|LOCK)$/;

export const isDatabaseFolder = (name: string): boolean => name === DATABASE_FOLDER;
export const holdsData = (name: string): boolean => !WITHOUT_DATA.test(name);

/** Where a chain directory and its database are: real paths, since both may be links. */
export interface Places {
  readonly chain: string;
  readonly database: string;
}

export interface Look extends Places {
  /** One line per file, sorted by name; undefined where the files are elsewhere than was expected. */
  readonly stamps: string | undefined;
}

/** A question to the thread, and its answer under the same id: a look, or the system's error. */
export interface LookRequest {
  readonly id: number;
  readonly dir: string;
  readonly expected: Places | undefined;
}
export type LookAnswer = { readonly id: number } & (
  | { readonly look: Look }
  | { readonly failed: { readonly code: string | undefined; readonly message: string } }
);

/**
 * Name, size, times of change, inode and device of every file that decides a verdict. The files are only looked at where
 * they are `expected` to be: whoever watches those places knows of every change since before the look.
 *
 * It blocks, for as long as the file system takes. Errors: those of the system.
 */
export function lookAtFiles(dir: string, expected: Places | undefined): Look {
  const chain = realpathSync.native(dir);
  const database = realpathSync.native(join(dir, DATABASE_FOLDER));
  if (chain !== expected?.chain || database !== expected.database) {
    return { chain, database, stamps: undefined };
  }
  const names = readdirSync(database).filter(holdsData).sort();
  const stamps = [
    ...CHAIN_FILES.map((name) => stampOf(join(chain, name), name)),
    ...names.map((name) => stampOf(join(database, name), `${DATABASE_FOLDER}/${name}`)),
  ];
  return { chain, database, stamps: stamps.join('\n') };
}

function stampOf(path: string, name: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return `${JSON.stringify(name)} gone`;
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  return `${JSON.stringify(name)} ${size} ${mtimeNs} ${ctimeNs} ${dev}:${ino}`;
}
