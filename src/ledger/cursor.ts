import type RocksDB from 'rocksdb-native';
import type { Entry } from '../validation/index.js';

/** Entries of one read, and whether the cursor is at its end. */
export interface CursorRead {
  readonly entries: readonly Entry[];
  readonly done: boolean;
}

export interface CursorOptions {
  readonly keysOnly: boolean;
  /** Most entries of one read. */
  readonly capacity: number;
  /** From the last entry of the range to the first. */
  readonly reverse?: boolean;
}

const NO_VALUE = Buffer.alloc(0);

/**
 * An iterator that is read in batches of a size chosen anew each time.
 *
 * It drives rocksdb-native's iterator by the three methods below its stream. As a stream the same iterator takes 1.3
 * times as long by events and 1.8 times by `for await`, and offers neither a batch size per read nor the next read
 * while this one is being looked at.
 *
 * A read that meets damage is lost as a whole, with the sound entries that it would have held.
 */
export class Cursor {
  readonly #iterator: RocksDB.Iterator;
  readonly #keysOnly: boolean;
  readonly #capacity: number;
  #settle: ((error: Error | undefined, keys: ArrayBuffer[], values: ArrayBuffer[]) => void) | undefined;

  private constructor(iterator: RocksDB.Iterator, keysOnly: boolean, capacity: number) {
    this.#iterator = iterator;
    this.#keysOnly = keysOnly;
    this.#capacity = capacity;
    iterator._onread = (error, keys, values) => {
      iterator._db._state.io.dec();
      this.#settle?.(error, keys, values);
    };
  }

  /** Entries with `from` ≤ key < `to`; the arrays must stay unchanged while the cursor is open. */
  static async open(
    session: RocksDB,
    from: Uint8Array,
    to: Uint8Array | undefined,
    options: CursorOptions,
  ): Promise<Cursor> {
    const iterator = session.iterator(to ? { gte: from, lt: to } : { gte: from }, {
      values: !options.keysOnly,
      capacity: options.capacity,
      reverse: options.reverse ?? false,
    });
    const cursor = new Cursor(iterator, options.keysOnly, options.capacity);
    try {
      await new Promise<void>((resolve, reject) => {
        iterator._open((error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      await cursor.close();
      throw error;
    }
    return cursor;
  }

  /** Up to `limit` further entries. One read at a time. */
  async read(limit: number): Promise<CursorRead> {
    const wanted = Math.max(1, Math.min(limit, this.#capacity));
    const [keys, values] = await new Promise<[ArrayBuffer[], ArrayBuffer[]]>((resolve, reject) => {
      this.#settle = (error, keys, values) => (error ? reject(error) : resolve([keys, values]));
      this.#iterator._limit = wanted;
      this.#iterator._read((error) => {
        if (error) reject(error);
      });
    });
    const entries: Entry[] = new Array(keys.length);
    for (let i = 0; i < keys.length; i++) {
      entries[i] = { key: Buffer.from(keys[i]!), value: this.#keysOnly ? NO_VALUE : Buffer.from(values[i]!) };
    }
    return { entries, done: keys.length < wanted };
  }

  /** Gives the iterator back; the database cannot close before. Never while a read is under way. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#iterator._destroy(() => resolve());
    });
  }
}
