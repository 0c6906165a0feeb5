import RocksDB from 'rocksdb-native';
import type { BlockSource, Column, Entry } from '../../src/validation/index.js';

/** The part of rocksdb-native's sessions that the product itself has no use for. */
interface Session extends RocksDB {
  get(key: Uint8Array): Promise<Buffer | null>;
  put(key: Uint8Array, value: Uint8Array): Promise<void>;
  delete(key: Uint8Array): Promise<void>;
  iterator(range: object, options?: object): RocksDB.Iterator & AsyncIterable<{ key: Buffer; value: Buffer }>;
}

/** Direct access to the store of a chain, past every rule of the product: what an attacker with the disk can do. */
export class RawStore {
  readonly #columns: Record<Column, Session>;

  private constructor(root: RocksDB) {
    this.#columns = {
      default: root as Session,
      header: root.columnFamily('header') as Session,
      payload: root.columnFamily('payload') as Session,
    };
  }

  static async open(chainDir: string): Promise<RawStore> {
    const root = new RocksDB(`${chainDir}/db`, {
      columnFamilies: ['header', 'payload'],
      createIfMissing: false,
    });
    await root.ready();
    return new RawStore(root);
  }

  async get(column: Column, key: Uint8Array): Promise<Buffer> {
    const value = await this.#columns[column].get(key);
    if (value === null) throw new Error(`no such key in ${column}: ${Buffer.from(key).toString('hex')}`);
    return value;
  }

  async put(column: Column, key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.#columns[column].put(key, value);
  }

  async delete(column: Column, key: Uint8Array): Promise<void> {
    await this.#columns[column].delete(key);
  }

  /** Everything in a column family, in order. */
  async entries(column: Column, from?: Uint8Array, to?: Uint8Array): Promise<Entry[]> {
    const entries: Entry[] = [];
    for await (const entry of this.#columns[column].iterator({ gte: from, lt: to })) entries.push(entry);
    return entries;
  }

  /** This open handle as what validation reads from, so that thousands of small changes need no reopening. */
  asSource(): BlockSource {
    const entries = this.entries.bind(this);
    const columns = this.#columns;
    return {
      logDamaged: false,
      async *scan(column, from, to) {
        yield await entries(column, from, to);
      },
      get: (column, key) => columns[column].get(key),
      reopen: async () => this.asSource(),
      close: async () => {},
    };
  }

  async close(): Promise<void> {
    for (const column of Object.values(this.#columns)) await column.flush();
    await this.#columns.header.close();
    await this.#columns.payload.close();
    await this.#columns.default.close();
  }
}

/** Opens the raw store of a chain, does something to it, flushes and closes. */
export async function tamper(chainDir: string, change: (store: RawStore) => Promise<void>): Promise<void> {
  const store = await RawStore.open(chainDir);
  try {
    await change(store);
  } finally {
    await store.close();
  }
}
