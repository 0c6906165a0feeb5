import RocksDB from 'rocksdb-native';
import { ProvChainError } from '../errors.js';
import type { Column } from '../validation/index.js';
import { Cursor } from './cursor.js';
import { classifyRocksError } from './rocks-errors.js';

export interface RocksOptions {
  readonly readOnly: boolean;
  /** Make the database and its column families; without it a missing one is an error. */
  readonly create?: boolean;
  /** Read past the page cache (O_DIRECT). */
  readonly direct?: boolean;
  /**
   * How damage in the write-ahead log is met. `refuse` (RocksDB's ABSOLUTE_CONSISTENCY) fails the opening;
   * `stop-before` (POINT_IN_TIME) opens with what stands before the damage, and the caller must judge whether
   * anything is missing.
   */
  readonly damagedLog: 'refuse' | 'stop-before';
}

export interface Put {
  readonly column: Column;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

interface PendingGets {
  readonly keys: Uint8Array[];
  readonly settle: { resolve(value: Buffer | null): void; reject(error: unknown): void }[];
}

const { ABSOLUTE_CONSISTENCY, POINT_IN_TIME } = RocksDB.constants.walRecoveryMode;
const COLUMNS = ['default', 'header', 'payload'] as const;
/** Point reads asked for in the same tick go to RocksDB together, this many at most. */
const GETS_PER_READ = 256;
/** Filled by a bulk load only: the writer flushes long before. */
const WRITE_BUFFER_BYTES = 64 << 20;

function nativeOptions(options: RocksOptions): RocksDB.Options {
  return {
    columnFamilies: ['header', 'payload'],
    readOnly: options.readOnly,
    createIfMissing: options.create ?? false,
    createMissingColumnFamilies: options.create ?? false,
    // With fewer, files are opened on demand, and a reader beside a compacting writer finds them gone.
    maxOpenFiles: -1,
    useDirectReads: options.direct ?? false,
    walRecoveryMode: options.damagedLog === 'refuse' ? ABSOLUTE_CONSISTENCY : POINT_IN_TIME,
    // Without a block cache a handle takes 60 MB less and a scan is no slower: validation reads each block once,
    // and what is read twice is meant to come from the file again. Indexes and filters then live with the files.
    blockCache: false,
    tableCacheIndexAndFilterBlocks: false,
    // Files of one column family never overlap, and keys that are not there are asked for rarely.
    filterPolicy: null,
    writeBufferSize: WRITE_BUFFER_BYTES,
    maxBackgroundJobs: 2,
  };
}

/**
 * The one interface to rocksdb-native: a database of three column families. Every method throws what
 * {@link classifyRocksError} makes of RocksDB's errors. The caller closes cursors before the handle.
 */
export class Rocks {
  readonly #root: RocksDB;
  readonly #sessions: Record<Column, RocksDB>;
  readonly #pending: Partial<Record<Column, PendingGets>> = {};
  readonly #closedMessage: string;
  #closed = false;

  private constructor(
    root: RocksDB,
    readonly path: string,
  ) {
    this.#root = root;
    this.#sessions = {
      default: root,
      header: root.columnFamily('header'),
      payload: root.columnFamily('payload'),
    };
    this.#closedMessage = `the database ${path} is closed`;
  }

  /** Opens by real path: RocksDB's lock within a process goes by the path's text, which a link would get around. */
  static async open(path: string, options: RocksOptions): Promise<Rocks> {
    const root = new RocksDB(path, nativeOptions(options));
    try {
      await root.ready();
    } catch (error) {
      throw classifyRocksError(error, path);
    }
    return new Rocks(root, path);
  }

  get(column: Column, key: Uint8Array): Promise<Buffer | null> {
    return new Promise((resolve, reject) => {
      let pending = this.#pending[column];
      if (pending === undefined || pending.keys.length >= GETS_PER_READ) {
        const opened: PendingGets = { keys: [], settle: [] };
        this.#pending[column] = opened;
        pending = opened;
        queueMicrotask(() => this.#readPending(column, opened));
      }
      pending.keys.push(key);
      pending.settle.push({ resolve, reject });
    });
  }

  #readPending(column: Column, pending: PendingGets): void {
    if (this.#pending[column] === pending) delete this.#pending[column];
    if (this.#closed) {
      for (const { reject } of pending.settle) reject(new ProvChainError('INTERNAL', this.#closedMessage));
      return;
    }
    const batch = this.#sessions[column].read({ capacity: pending.keys.length });
    const reads = pending.keys.map((key) => batch.get(key));
    batch.tryFlush();
    reads.forEach((read, i) => {
      const { resolve, reject } = pending.settle[i]!;
      read.then(resolve, (error) => reject(classifyRocksError(error, this.path)));
    });
    Promise.allSettled(reads).then(() => batch.destroy());
  }

  openCursor(
    column: Column,
    from: Uint8Array,
    to: Uint8Array | undefined,
    options: { keysOnly: boolean; capacity: number },
  ): Promise<Cursor> {
    return this.#try(() => Cursor.open(this.#sessions[column], from, to, options));
  }

  /** Bytes that the entries with `from` ≤ key < `to` take, as far as the index of the files tells. */
  async approximateBytes(column: Column, from: Uint8Array, to: Uint8Array): Promise<number> {
    return this.#try(() =>
      this.#sessions[column].approximateSize(from, to, { includeMemtables: true, includeFiles: true }),
    );
  }

  /**
   * Writes all or nothing, in every column family. It is not durable when this returns.
   *
   * rocksdb-native's batch takes the column family of the session it was made by, although the native batch below it
   * keeps one per operation: the session is changed while operations are added. All sessions share one state, which is
   * all that the batch needs of them afterwards.
   */
  async write(puts: readonly Put[]): Promise<void> {
    await this.#try(async () => {
      const batch = this.#root.write({ capacity: puts.length });
      try {
        for (const { column, key, value } of puts) {
          batch._db = this.#sessions[column];
          batch.tryPut(key, value);
        }
        batch._db = this.#root;
        await batch.flush();
      } finally {
        batch.destroy();
      }
    });
  }

  /** Moves what is in memory into files. The log that it came from goes when every column family has been flushed. */
  async flush(): Promise<void> {
    await this.#try(async () => {
      for (const column of COLUMNS) await this.#sessions[column].flush();
    });
  }

  async compact(): Promise<void> {
    await this.#try(async () => {
      for (const column of COLUMNS) await this.#sessions[column].compactRange();
    });
  }

  /** Number and length in bytes of the log that the next write goes to. */
  currentLog(): Promise<{ number: number; size: number }> {
    return this.#try(() => this.#root.currentWalFile());
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#sessions.header.close();
    await this.#sessions.payload.close();
    await this.#root.close();
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new ProvChainError('INTERNAL', this.#closedMessage);
    try {
      return await work();
    } catch (error) {
      throw classifyRocksError(error, this.path);
    }
  }
}
