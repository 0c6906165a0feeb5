import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProvChainError } from '../errors.js';
import { ChangeWatch } from './change-watch.js';
import { CHAIN_FILES, holdsData, isDatabaseFolder, type Places } from './file-stamps.js';
import { lookInThread } from './stamp-thread.js';

/** A pass over the files is good for requests that come up to this much later. */
const SHARED_MS = 50;
/**
 * From this age on the next pass is begun before the last has had its time, so that under steady load no request waits:
 * a pass takes several turns of the event loop, and all requests waited for it twenty times a second.
 */
const RENEWED_MS = 35;
/**
 * Times of files go forward in steps of the kernel's clock tick, 10 ms at most: two changes within one step leave the
 * same stamps. So stamps count only once they have stood for longer than that; see {@link StorageFingerprints}.
 */
const SETTLED_MS = 12;
/** Looks that find the files elsewhere than the one before; the first of a directory does so always. */
const MOST_MOVES = 5;

export interface StorageFingerprintsOptions {
  /** Milliseconds, never going back. */
  readonly clock?: () => number;
  /** Have the system tell of changes, so that no pass from before one is shared. */
  readonly watch?: boolean;
}

interface Pass {
  readonly startedAt: number;
  readonly fingerprint: Promise<string>;
  ended: boolean;
  /** Something was changed since it began. */
  outdated: boolean;
}

interface Directory {
  readonly path: string;
  readonly watches: { readonly chain: ChangeWatch; readonly database: ChangeWatch } | undefined;
  /** Where its files were when they were last looked at. */
  places: Places | undefined;
  current: Pass | undefined;
  /** Begun ahead of time; takes the place of the current one when it has ended. */
  coming: Pass | undefined;
  /** Of the pass that begins when the current one has ended, which began too early for those that wait. */
  next: Promise<string> | undefined;
  stamps: string;
  /** When a pass that saw these stamps began, the first of them in a row. */
  since: number;
  fingerprint: string;
}

/**
 * What the files of chain directories look like from outside: name, size, times of change (mtime, ctime), inode and
 * device of each file of the database, its diary and lock aside, and of the files beside it. Whoever writes to a file
 * changes its ctime, which the file system lets nobody choose; so equal fingerprints mean that nobody wrote. Blocks
 * changed below the file system do not show, nor does a second change through mapped memory before the system has
 * written the first one to disk: for those results end (their time to live).
 *
 * One pass over a directory at a time, shared by all requests that come until 50 ms after it began, or until the system
 * tells of a change: with a watch, the first request after a change on this machine sees it.
 */
export class StorageFingerprints {
  readonly #clock: () => number;
  readonly #watch: boolean;
  readonly #directories = new Map<string, Directory>();
  #unsettled = 0;

  constructor({ clock = () => performance.now(), watch = false }: StorageFingerprintsOptions = {}) {
    this.#clock = clock;
    this.#watch = watch;
  }

  /**
   * The fingerprint of a chain directory: 64 hex digits. Of files that have not stood still for a moment even after a
   * short wait it is one that never comes again, so that nothing is found under it.
   *
   * Errors: STORE_UNAVAILABLE, also when there is no such directory.
   */
  of(dir: string): Promise<string> {
    const directory = this.#directory(dir);
    const now = this.#clock();
    const { current, coming } = directory;
    if (current && isGood(current, now)) {
      if (current.ended && !coming && now - current.startedAt > RENEWED_MS) this.#renew(directory);
      return current.fingerprint;
    }
    if (coming && isGood(coming, now)) return coming.fingerprint;
    const running = coming ?? current;
    if (!running || running.ended) return this.#start(directory);
    directory.next ??= running.fingerprint
      .catch(() => {})
      .then(() => {
        directory.next = undefined;
        return this.#start(directory);
      });
    return directory.next;
  }

  /**
   * What this process has just written counts for the next request: no pass that began before is shared any longer.
   * Otherwise a new head would be looked up, and its result kept, under the fingerprint from before it.
   */
  forget(dir: string): void {
    const directory = this.#directories.get(dir);
    for (const pass of [directory?.current, directory?.coming]) if (pass) pass.outdated = true;
  }

  /** Ends the watches. */
  close(): void {
    for (const { watches } of this.#directories.values()) {
      watches?.chain.close();
      watches?.database.close();
    }
  }

  #directory(dir: string): Directory {
    let directory = this.#directories.get(dir);
    if (!directory) {
      const watches = this.#watch ? this.#watchesOf(dir) : undefined;
      directory = {
        ...{ path: dir, watches, places: undefined, current: undefined, coming: undefined, next: undefined },
        ...{ stamps: '', since: 0, fingerprint: '' },
      };
      this.#directories.set(dir, directory);
    }
    return directory;
  }

  /** The writer's temporary files beside the anchor are passed over, as is the diary. */
  #watchesOf(dir: string): NonNullable<Directory['watches']> {
    const database = new ChangeWatch((name) => {
      if (name === undefined || holdsData(name)) this.forget(dir);
    });
    const chain: ChangeWatch = new ChangeWatch((name) => {
      const replaced = !chain.watching || name === undefined || isDatabaseFolder(name);
      if (replaced) database.close();
      if (replaced || CHAIN_FILES.includes(name)) this.forget(dir);
    });
    return { chain, database };
  }

  #start(directory: Directory): Promise<string> {
    const pass = this.#begin(directory);
    directory.current = pass;
    return pass.fingerprint;
  }

  #renew(directory: Directory): void {
    const pass = this.#begin(directory);
    directory.coming = pass;
    pass.fingerprint
      .then(
        () => {
          directory.current = pass;
        },
        () => {},
      )
      .finally(() => {
        directory.coming = undefined;
      });
  }

  #begin(directory: Directory): Pass {
    const startedAt = this.#clock();
    const fingerprint = this.#take(directory, startedAt);
    const pass: Pass = { startedAt, fingerprint, ended: false, outdated: false };
    pass.fingerprint.then(
      () => {
        pass.ended = true;
      },
      () => {
        // One that failed is not shared with those who come later.
        if (directory.current === pass) directory.current = undefined;
      },
    );
    return pass;
  }

  async #take(directory: Directory, startedAt: number): Promise<string> {
    let began = startedAt;
    for (let attempt = 1; ; attempt++) {
      const stamps = await stampsOf(directory);
      if (stamps !== directory.stamps) {
        directory.stamps = stamps;
        directory.since = began;
        directory.fingerprint = hash('sha256', `provchain-storage/1\n${stamps}`);
      }
      const missing = directory.since + SETTLED_MS - began;
      if (missing <= 0) return directory.fingerprint;
      if (attempt === 2)
        return hash('sha256', `${directory.fingerprint} unsettled ${process.pid} ${++this.#unsettled}`);
      // A timer may fire up to a millisecond before its time.
      await sleep(Math.ceil(missing) + 1);
      began = this.#clock();
    }
  }
}

function isGood({ outdated, startedAt }: Pass, now: number): boolean {
  return !outdated && now - startedAt <= SHARED_MS;
}

/** One line per file. Its places are watched before any file is looked at, so that no change in between is missed. */
async function stampsOf(directory: Directory): Promise<string> {
  const { path, watches } = directory;
  try {
    for (let attempt = 1; attempt <= MOST_MOVES; attempt++) {
      if (directory.places) {
        watches?.chain.renew(directory.places.chain);
        watches?.database.renew(directory.places.database);
      }
      const { chain, database, stamps } = await lookInThread(path, directory.places);
      if (stamps !== undefined) return stamps;
      directory.places = { chain, database };
    }
    throw new Error('they are somewhere else with every look');
  } catch (error) {
    const message = `the files of ${path} cannot be listed: ${(error as Error).message}`;
    throw new ProvChainError('STORE_UNAVAILABLE', message, { cause: error, place: { source: path } });
  }
}
