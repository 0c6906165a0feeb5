import { ProvChainError } from '../errors.js';
import { LogSync, type Put, type Removal, type Rocks, WriteLatch } from '../ledger/index.js';

export interface StateEntry<T> {
  readonly key: string;
  readonly value: T;
}

export interface StateScan {
  /** Only what comes behind this key, in the order asked for. */
  readonly after?: string;
  /** Most entries of the answer; 1000 when left out. The next ones follow with the last key as `after`. */
  readonly limit?: number;
  /** From the last key to the first. */
  readonly reverse?: boolean;
}

export interface StateStats {
  /** Calls of `put` and `delete` that were confirmed, and batches that they were written in. */
  readonly changes: number;
  readonly batches: number;
}

/**
 * What a node must not forget: small JSON values under string keys, ordered by the keys' UTF-8 bytes. It belongs to one
 * process. What it has confirmed outlives the process and a power cut; only losing the directory loses it.
 */
export interface State {
  /** The value under a key, or undefined. Errors: STORE_CORRUPT, STORE_UNAVAILABLE. */
  get<T>(key: string): Promise<T | undefined>;
  /**
   * Sets all of these or, after a crash, none; a value of undefined takes the key away. Values are serialized at once.
   * Resolves when it is durable, and only then reads show it; calls that come together share one sync, and what was
   * called later is written later.
   *
   * Errors: STORE_UNAVAILABLE when writing failed (whether it is there shows when the state is opened again);
   * WRITE_LATCHED from then on.
   */
  put(entries: readonly (readonly [key: string, value: unknown])[]): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  /** Entries whose keys begin with `prefix`. Errors: as {@link get}. */
  scan<T>(prefix: string, options?: StateScan): Promise<StateEntry<T>[]>;
  stats(): StateStats;
  /** Waits for what was called before. Idempotent. */
  close(): Promise<void>;
}

/** What was called while a batch was being written makes the next one, up to these bounds. */
const BATCH_CHANGES = 4096;
const BATCH_BYTES = 8 << 20;
const FLUSH_AT_LOG_BYTES = 8 << 20;
const DEFAULT_LIMIT = 1000;
const READ_ENTRIES = 256;
const KEY_LIMIT_BYTES = 1024;
/** No key in UTF-8 holds this byte: prefix and it are the end of all keys that begin with the prefix. */
const AFTER_ALL = Buffer.from([0xff]);
const NEXT = Buffer.from([0]);

type Change = Put<'default'> | Removal<'default'>;

interface Waiting {
  readonly changes: readonly Change[];
  readonly bytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * States: open → latched (a write failed: what is on disk is unknown, so nothing more is written) → closed; or
 * open → closed. Whatever waits when the writer is free goes into one batch: written → synced → confirmed.
 */
export class RocksState implements State {
  readonly #rocks: Rocks<never>;
  readonly #logSync: LogSync;
  readonly #queue: Waiting[] = [];
  #changes = 0;
  #batches = 0;
  #running: Promise<void> | undefined;
  readonly #latch = new WriteLatch('state');
  #closed: Promise<void> | undefined;

  /** Takes over the database. */
  constructor(rocks: Rocks<never>) {
    this.#rocks = rocks;
    this.#logSync = new LogSync(rocks);
  }

  async get<T>(key: string): Promise<T | undefined> {
    const value = await this.#rocks.get('default', encodeKey(key));
    return value === null ? undefined : decodeValue<T>(key, value);
  }

  async put(entries: readonly (readonly [key: string, value: unknown])[]): Promise<void> {
    await this.#change(
      entries.map(([key, value]) => ({
        column: 'default',
        key: encodeKey(key),
        value: value === undefined ? null : Buffer.from(JSON.stringify(value)),
      })),
    );
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#change(keys.map((key) => ({ column: 'default', key: encodeKey(key), value: null })));
  }

  async scan<T>(
    prefix: string,
    { after, limit = DEFAULT_LIMIT, reverse = false }: StateScan = {},
  ): Promise<StateEntry<T>[]> {
    const start = Buffer.from(prefix);
    let from: Buffer = start;
    let to: Buffer = Buffer.concat([start, AFTER_ALL]);
    if (after !== undefined && reverse) to = least(to, Buffer.from(after));
    else if (after !== undefined) from = greatest(from, Buffer.concat([Buffer.from(after), NEXT]));
    if (Buffer.compare(from, to) >= 0 || limit < 1) return [];
    const found: StateEntry<T>[] = [];
    const capacity = Math.min(limit, READ_ENTRIES);
    const cursor = await this.#rocks.openCursor('default', from, to, { keysOnly: false, capacity, reverse });
    try {
      for (let done = false; !done && found.length < limit; ) {
        const read = await cursor.read(limit - found.length);
        done = read.done;
        for (const entry of read.entries) {
          const key = Buffer.from(entry.key).toString();
          found.push({ key, value: decodeValue<T>(key, entry.value) });
        }
      }
    } finally {
      await cursor.close();
    }
    return found;
  }

  stats(): StateStats {
    return { changes: this.#changes, batches: this.#batches };
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    while (this.#running) await this.#running;
    try {
      // What a latched store holds is left as it is, for the next opening.
      if (!this.#latch.isShut) await this.#rocks.flush();
    } finally {
      await this.#logSync.close();
      await this.#rocks.close();
    }
  }

  async #change(changes: readonly Change[]): Promise<void> {
    if (this.#closed) throw new ProvChainError('INTERNAL', 'the state is closed');
    this.#latch.refuseIfShut();
    if (changes.length === 0) return;
    const bytes = changes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
    await new Promise<void>((resolve, reject) => {
      this.#queue.push({ changes, bytes, resolve, reject });
      this.#running ??= this.#work();
    });
  }

  /** Writes batch after batch until the queue is empty. Never rejects: each change's own caller is told. */
  async #work(): Promise<void> {
    // Changes of the same turn of the event loop belong together: what 64 connections ask for at once is synced once.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      try {
        this.#latch.refuseIfShut();
        const changes = batch.flatMap((waiting) => waiting.changes);
        const logBytes = await this.#logSync.durably(() => this.#rocks.write(changes));
        this.#changes += batch.length;
        this.#batches++;
        for (const { resolve } of batch) resolve();
        if (logBytes >= FLUSH_AT_LOG_BYTES) await this.#rocks.flush();
      } catch (error) {
        const latched = this.#latch.shut(error);
        // Those that were confirmed before a flush failed stay confirmed.
        for (const { reject } of batch) reject(latched);
      }
    }
    this.#running = undefined;
  }

  #takeBatch(): Waiting[] {
    let count = 0;
    let changes = 0;
    let bytes = 0;
    for (const waiting of this.#queue) {
      changes += waiting.changes.length;
      bytes += waiting.bytes;
      if (count > 0 && (changes > BATCH_CHANGES || bytes > BATCH_BYTES)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }
}

function encodeKey(key: string): Buffer {
  const bytes = Buffer.from(key);
  if (bytes.length === 0 || bytes.length > KEY_LIMIT_BYTES) {
    throw new ProvChainError('INTERNAL', `a key of the state has ${bytes.length} bytes`);
  }
  return bytes;
}

function decodeValue<T>(key: string, value: Uint8Array): T {
  try {
    return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.length).toString()) as T;
  } catch (cause) {
    throw new ProvChainError('STORE_CORRUPT', `the state holds no JSON under ${key}`, { cause });
  }
}

const least = (a: Buffer, b: Buffer) => (Buffer.compare(a, b) <= 0 ? a : b);
const greatest = (a: Buffer, b: Buffer) => (Buffer.compare(a, b) >= 0 ? a : b);
