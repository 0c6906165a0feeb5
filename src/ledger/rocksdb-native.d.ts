/**
 * What this project uses of rocksdb-native, which ships no types. Members with an underscore are not its public
 * interface: `rocks.ts` and `cursor.ts` say why they are needed, and the version is pinned exactly because of them.
 */
declare module 'rocksdb-native' {
  class RocksDB {
    constructor(path: string, options?: RocksDB.Options);
    ready(): Promise<void>;
    close(): Promise<void>;
    columnFamily(name: string): RocksDB;
    read(options?: { capacity?: number }): RocksDB.ReadBatch;
    write(options?: { capacity?: number }): RocksDB.WriteBatch;
    iterator(
      range: { gte?: Uint8Array; lt?: Uint8Array },
      options: { values: boolean; capacity: number; reverse: boolean },
    ): RocksDB.Iterator;
    flush(): Promise<void>;
    compactRange(): Promise<void>;
    approximateSize(
      start: Uint8Array,
      end: Uint8Array,
      options?: { includeMemtables?: boolean; includeFiles?: boolean },
    ): Promise<number>;
    currentWalFile(): Promise<{ path: string; number: number; size: number }>;
    static readonly constants: {
      readonly walRecoveryMode: { readonly ABSOLUTE_CONSISTENCY: number; readonly POINT_IN_TIME: number };
    };
  }
  namespace RocksDB {
    interface Options {
      columnFamilies?: string[];
      readOnly?: boolean;
      createIfMissing?: boolean;
      createMissingColumnFamilies?: boolean;
      maxOpenFiles?: number;
      useDirectReads?: boolean;
      walRecoveryMode?: number;
      blockCache?: boolean;
      tableCacheIndexAndFilterBlocks?: boolean;
      filterPolicy?: null;
      writeBufferSize?: number;
      maxBackgroundJobs?: number;
    }
    interface ReadBatch {
      get(key: Uint8Array): Promise<Buffer | null>;
      tryFlush(): void;
      destroy(): void;
    }
    interface WriteBatch {
      _db: RocksDB;
      tryPut(key: Uint8Array, value: Uint8Array): void;
      tryDelete(key: Uint8Array): void;
      flush(): Promise<void>;
      destroy(): void;
    }
    interface Iterator {
      readonly _db: { readonly _state: { readonly io: { dec(): void } } };
      _limit: number;
      _onread(error: Error | undefined, keys: ArrayBuffer[], values: ArrayBuffer[]): void;
      _open(done: (error?: Error | null) => void): void;
      _read(done: (error?: Error | null) => void): void;
      _destroy(done: (error?: Error | null) => void): void;
    }
  }
  export = RocksDB;
}
