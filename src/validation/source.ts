/**
 * What validation needs of a store: the consumer's own interface, which `src/ledger` implements over RocksDB.
 *
 * Everything that comes through it is untrusted: whoever can write to the chain directory controls every key
 * and every value byte.
 */

export type Column = 'default' | 'header' | 'payload';

/** One key and its value exactly as stored. With `keysOnly` the value is empty. */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface ScanOptions {
  /** Do not read the values. */
  readonly keysOnly?: boolean;
  /** Largest number of entries held at once; the source may use less. */
  readonly batchEntries?: number;
}

/**
 * One consistent, unchanging view of one replica: everything read through it belongs to the same moment.
 *
 * Errors: every method may throw a `ProvChainError` with code STORE_CORRUPT (RocksDB reports damage) or
 * STORE_UNAVAILABLE (it could not be read now: permissions, descriptors, memory, a file that vanished). The two
 * are never mixed up, because the first is a verdict about the data and the second is none.
 */
export interface BlockSource {
  /**
   * The end of the write-ahead log is torn or damaged, and what stood behind the damage is not in this view. Only
   * blocks that nobody was told of are lost that way if the view still reaches the anchor.
   */
  readonly logDamaged: boolean;
  /** Entries with `from` ≤ key < `to` in byte order of the keys, in batches; `to` undefined means to the end. */
  scan(
    column: Column,
    from: Uint8Array,
    to: Uint8Array | undefined,
    options?: ScanOptions,
  ): AsyncIterable<readonly Entry[]>;
  /** The value of one key, or null when the key is absent. */
  get(column: Column, key: Uint8Array): Promise<Uint8Array | null>;
  /** A view of the same replica through a handle opened anew, so that a finding can be confirmed on it. */
  reopen(): Promise<BlockSource>;
  close(): Promise<void>;
}
