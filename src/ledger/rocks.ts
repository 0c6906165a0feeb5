import RocksDB from 'rocksdb-native';
import { ProvChainError } from '../errors.js';
import type { Column } from '../validation/index.js';
import { Cursor, type CursorOptions } from './cursor.js';
import { classifyRocksError } from './rocks-errors.js';

/** Column families of a chain's database, beside the one every database has, `default`. */
const CHAIN_FAMILIES = ['header', 'payload'] as const;
type ChainFamily = (typeof CHAIN_FAMILIES)[number];

export interface RocksOptions<Family extends string = ChainFamily> {
  readonly readOnly: boolean;
  /** Column families beside `default`; a chain's when left out. */
  readonly families?: readonly Family[];
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

export interface Put<Name extends string = Column> {
  readonly column: Name;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Takes a key away, whether or not it is there. */
export interface Removal<Name extends string = Column> {
  readonly column: Name;
  readonly key: Uint8Array;
  readonly value: null;
}

interface PendingGets {
  readonly keys: Uint8Array[];
  readonly settle: { resolve(value: Buffer | null): void; reject(error: unknown): void }[];
}

const { ABSOLUTE_CONSISTENCY, POINT_IN_TIME } = RocksDB.constants.walRecoveryMode;
/** Point reads asked for in the same tick go to RocksDB together, this many at most. */
const GETS_PER_READ = 256;
/** Filled by a bulk load only: the writer flushes long before. */
const WRITE_BUFFER_BYTES = 64 << 20;

function nativeOptions(
  options: Omit<RocksOptions, 'families'>,
  families: readonly string[],
): RocksDB.Options {
  return {
    columnFamilies: [...families],
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
 * The one interface to rocksdb-native: a database of `default` and the column families named when it is opened, those
 * of a chain unless told otherwise. Every method throws what
 * {@link classifyRocksError} makes of RocksDB's errors. The caller closes cursors before the handle.
 */
export class Rocks<Family extends string = ChainFamily> {
  readonly #root: RocksDB;
  readonly #sessions: Readonly<Record<string, RocksDB>>;
  readonly #pending: Record<string, PendingGets | undefined> = {};
  readonly #closedMessage: string;
  #closed = false;

  private constructor(
    root: RocksDB,
    readonly path: string,
    families: readonly Family[],
  ) {
    this.#root = root;
    const others = families.map((family) => [family, root.columnFamily(family)] as const);
    this.#sessions = Object.fromEntries([['default', root], ...others]);
    this.#closedMessage = `the database ${path} is closed`;
  }

  /** Opens by real path: RocksDB's lock within a process goes by the path's text, which a link would get around. */
  static async open<Family extends string = ChainFamily>(
    path: string,
    options: RocksOptions<Family>,
  ): Promise<Rocks<Family>> {
    const families = options.families ?? (CHAIN_FAMILIES as readonly string[] as readonly Family[]);
    const root = new RocksDB(path, nativeOptions(options, families));
    try {
      await root.ready();
    } catch (error) {
      throw classifyRocksError(error, path);
    }
    return new Rocks(root, path, families);
  }

  get(column: 'default' | Family, key: Uint8Array): Promise<Buffer | null> {
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

  #readPending(column: string, pending: PendingGets): void {
    if (this.#pending[column] === pending) this.#pending[column] = undefined;
    if (this.#closed) {
      for (const { reject } of pending.settle) reject(new ProvChainError('INTERNAL', this.#closedMessage));
      return;
    }
    const batch = this.#sessions[column]!.read({ capacity: pending.keys.length });
    const reads = pending.keys.map((key) => batch.get(key));
    batch.tryFlush();
    reads.forEach((read, i) => {
      const { resolve, reject } = pending.settle[i]!;
      read.then(resolve, (error) => reject(classifyRocksError(error, this.path)));
    });
    Promise.allSettled(reads).then(() => batch.destroy());
  }

  openCursor(
    column: 'default' | Family,
    from: Uint8Array,
    to: Uint8Array | undefined,
    options: CursorOptions,
  ): Promise<Cursor> {
    return this.#try(() => Cursor.open(this.#sessions[column]!, from, to, options));
  }

  /** Bytes that the entries with `from` ≤ key < `to` take, as far as the index of the files tells. */
  async approximateBytes(column: 'default' | Family, from: Uint8Array, to: Uint8Array): Promise<number> {
    return this.#try(() =>
      this.#sessions[column]!.approximateSize(from, to, { includeMemtables: true, includeFiles: true }),
    );
  }

  /**
   * Writes all or nothing, in every column family. It is not durable when this returns.
   *
   * rocksdb-native's batch takes the column family of the session it was made by, although the native batch below it
   * keeps one per operation: the session is changed while operations are added. All sessions share one state, which is
   * all that the batch needs of them afterwards.
   */
  async write(changes: readonly (Put<'default' | Family> | Removal<'default' | Family>)[]): Promise<void> {
    await this.#try(async () => {
      const batch = this.#root.write({ capacity: changes.length });
      try {
        for (const { column, key, value } of changes) {
          batch._db = this.#sessions[column]!;
          if (value === null) batch.tryDelete(key);
          else batch.tryPut(key, value);
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
      for (const session of Object.values(this.#sessions)) await session.flush();
    });
  }

  async compact(): Promise<void> {
    await this.#try(async () => {
      for (const session of Object.values(this.#sessions)) await session.compactRange();
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
    for (const session of Object.values(this.#sessions)) if (session !== this.#root) await session.close();
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
