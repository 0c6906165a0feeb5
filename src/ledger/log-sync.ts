import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../sync-folder.js';

/** What is needed of the database whose logs are synced. */
interface LoggedStore {
  readonly path: string;
  currentLog(): Promise<{ number: number; size: number }>;
}

/**
 * Makes batches durable. RocksDB syncs its write-ahead log only for writes that ask for it, and rocksdb-native has no
 * way to ask. What was written is in the page cache, so syncing the log's file from here does the same.
 *
 * A flush starts a new log, and RocksDB may flush on its own when a write buffer is full: a batch can end in another
 * log than the one that was current before it, with one or more between them. All of those are synced: with only the
 * last one synced, blocks that had been acknowledged were lost.
 */
export class LogSync {
  readonly #rocks: LoggedStore;
  #number = -1;
  #file: FileHandle | undefined;
  /** Highest log whose name is known to be durable. */
  #named = -1;

  constructor(rocks: LoggedStore) {
    this.#rocks = rocks;
  }

  /**
   * Runs `write` and returns once everything it wrote is durable; the result is the current log's length in bytes.
   * The caller keeps flushes and compactions of its own out for that time.
   *
   * Every question to the database or the disk costs a turn of the event loop, which is long when many requests come at
   * once. So the log that was current after the last batch stands for the one before this batch: numbers only grow, and
   * beginning too early syncs at most a log too many. And its sync does not wait for the answer to whether it was the
   * last one.
   */
  async durably(write: () => Promise<void>): Promise<number> {
    if (this.#number < 0) await this.#use((await this.#rocks.currentLog()).number);
    const first = this.#number;
    await write();
    const [after] = await Promise.all([this.#rocks.currentLog(), this.#file?.datasync()]);
    for (let number = first + 1; number <= after.number; number++) {
      await this.#use(number);
      await this.#file?.datasync();
    }
    if (after.number > this.#named) {
      await syncFolder(this.#rocks.path);
      this.#named = after.number;
    }
    return after.size;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /**
   * Keeps the file of one log open. One that is gone was flushed: its content is in synced files. Numbers are shared
   * with other kinds of files, so not every number between two logs is a log.
   */
  async #use(number: number): Promise<void> {
    if (number === this.#number) return;
    await this.close();
    const name = `${String(number).padStart(6, '0')}.log`;
    this.#file = await open(join(this.#rocks.path, name), 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    this.#number = number;
  }
}
