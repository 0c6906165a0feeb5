import type { KeyObject } from 'node:crypto';
import { ProvChainError } from '../errors.js';
import { writeAnchor } from './anchor-file.js';
import {
  type AppendedBlock,
  type BlockBuilder,
  type ChainTip,
  type Payload,
  preparePayload,
} from './block-builder.js';
import { LogSync } from './log-sync.js';
import type { Put, Rocks } from './rocks.js';
import { WriteLatch } from './write-latch.js';

/**
 * When an append is confirmed. `Fast`: once it is with the operating system, so that it outlives the process but not a
 * power cut. `Normal`: once log and anchor are synced. `Full`: once it has been moved into table files as well.
 */
export const SYNC_MODES = ['Fast', 'Normal', 'Full'] as const;
export type SyncMode = (typeof SYNC_MODES)[number];

export interface LedgerSettings {
  readonly syncMode: SyncMode;
  /** Longest canonical payload of a block. */
  readonly payloadLimitBytes: number;
  /** The log is flushed when it is longer: until then every reader that opens has to replay it. */
  readonly flushAtLogBytes: number;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
}

export const DEFAULT_LEDGER_SETTINGS: LedgerSettings = {
  syncMode: 'Normal',
  payloadLimitBytes: 16 << 20,
  flushAtLogBytes: 8 << 20,
  now: Date.now,
};

/** Blocks and bytes that share one batch, one sync of the log and one anchor. */
const GROUP_BLOCKS = 512;
const GROUP_BYTES = 4 << 20;
/** The log's length during {@link Ledger.appendAll}: fewer and larger files, and readers that open meanwhile wait for it. */
const BULK_LOG_BYTES = 48 << 20;
/** Documents of {@link Ledger.appendAll} between two looks at what I/O has finished. */
const DOCUMENTS_PER_TURN = 8;

export interface AppendOptions {
  /** Append only directly after the block of this hash (lower-case hex). */
  readonly expectedHead?: string;
}

interface Waiting extends AppendOptions {
  readonly payload: Payload;
  resolve(block: AppendedBlock): void;
  reject(error: unknown): void;
}

interface Group {
  readonly waiting: readonly Waiting[];
  readonly blocks: readonly AppendedBlock[];
  readonly puts: readonly Put[];
  readonly tip: ChainTip;
}

/**
 * The writer of one chain. States: open → latched (a write failed: what is on disk is unknown, so nothing more is
 * written, and reopening finds out) → closed; or open → closed.
 *
 * Appends wait in a queue; whatever waits when the writer is free makes a group. A group goes through
 *
 *   built (blocks signed, in memory) → written (one atomic batch) → durable (logs synced) → anchored → confirmed
 *
 * and nobody is told of a block before it is anchored. While one group is being written, the next is built only if it
 * is full already, so that appends that come one by one share what they can.
 */
export class Ledger {
  readonly chainId: string;
  readonly #dir: string;
  readonly #rocks: Rocks;
  readonly #key: KeyObject;
  readonly #builder: BlockBuilder;
  readonly #settings: LedgerSettings;
  readonly #logSync: LogSync;
  readonly #queue: Waiting[] = [];
  #queuedBytes = 0;
  #bulkLoads = 0;
  #confirmed: ChainTip;
  #running: Promise<void> | undefined;
  /** Batches, flushes and compactions one after the other: between its two looks at the log a batch is alone. */
  #exclusive: Promise<unknown> = Promise.resolve();
  readonly #latch = new WriteLatch('chain');
  #closed: Promise<void> | undefined;

  /** Takes over the database; `builder` stands at the end of the stored chain. */
  constructor(
    chain: { readonly chainId: string; readonly dir: string },
    rocks: Rocks,
    key: KeyObject,
    builder: BlockBuilder,
    settings: LedgerSettings,
  ) {
    this.chainId = chain.chainId;
    this.#dir = chain.dir;
    this.#rocks = rocks;
    this.#key = key;
    this.#builder = builder;
    this.#settings = settings;
    this.#logSync = new LogSync(rocks);
    this.#confirmed = builder.tip!;
  }

  /** The last block that is durable and anchored. */
  get head(): AppendedBlock {
    const { index, hash, timestamp } = this.#confirmed;
    return { index, hash, timestamp };
  }

  /**
   * Appends one document (N-Quads in any form) as the next block, and resolves when it would survive a power cut (see
   * {@link SYNC_MODES}). Blocks are in the order of the calls.
   *
   * Errors, nothing stored: RDF_SYNTAX, RDF_ENCODING, CANONICAL_LIMIT, BLOCK_EMPTY, BLOCK_TOO_LARGE; WRITE_LATCHED.
   * STORE_UNAVAILABLE when writing failed: whether the block is there shows when the chain is opened again.
   */
  async append(nquads: Uint8Array): Promise<AppendedBlock> {
    this.#refuseUnlessOpen();
    return this.appendPrepared(preparePayload(nquads, this.#settings.payloadLimitBytes));
  }

  /**
   * {@link append} of what `preparePayload` has made, perhaps in another thread. Errors besides: HEAD_MOVED, nothing
   * stored, when another block stands where `expectedHead` was to be.
   */
  async appendPrepared(payload: Payload, options: AppendOptions = {}): Promise<AppendedBlock> {
    this.#refuseUnlessOpen();
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...options, payload, resolve, reject });
      this.#queuedBytes += payload.bytes.length;
      this.#running ??= this.#work();
    });
  }

  /**
   * Appends many documents, preparing the next while earlier ones are being written; no more than two groups are in
   * memory. Resolves to the last block. Errors: as {@link append}; the documents before the one that failed may be
   * appended, and `confirmed` was called for those that are.
   */
  async appendAll(
    documents: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    confirmed?: (block: AppendedBlock) => void,
  ): Promise<AppendedBlock | undefined> {
    this.#bulkLoads++;
    try {
      return await this.#appendEach(documents, confirmed);
    } finally {
      this.#bulkLoads--;
    }
  }

  async #appendEach(
    documents: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    confirmed?: (block: AppendedBlock) => void,
  ): Promise<AppendedBlock | undefined> {
    const pending: Promise<AppendedBlock>[] = [];
    let last: AppendedBlock | undefined;
    const takeOldest = async () => {
      last = await pending.shift()!;
      confirmed?.(last);
    };
    let count = 0;
    for await (const document of documents) {
      const block = this.append(document);
      // Its turn to be awaited comes later, and then its error is thrown.
      block.catch(() => {});
      pending.push(block);
      while (pending.length >= 2 * GROUP_BLOCKS || this.#queuedBytes >= 2 * GROUP_BYTES) await takeOldest();
      if (++count % DOCUMENTS_PER_TURN === 0) await new Promise(setImmediate);
    }
    while (pending.length > 0) await takeOldest();
    return last;
  }

  /** Moves the log into files, as happens by itself when it is long, and rewrites the files in order. */
  async compact(): Promise<void> {
    this.#refuseUnlessOpen();
    await this.#alone(async () => {
      await this.#rocks.flush();
      await this.#rocks.compact();
    });
  }

  /** Moves the log into files, so that readers open without replaying it. */
  async flush(): Promise<void> {
    this.#refuseUnlessOpen();
    await this.#alone(() => this.#rocks.flush());
  }

  /** Errors: WRITE_LATCHED once a write has failed. */
  requireWritable(): void {
    this.#latch.refuseIfShut();
  }

  /** Waits for appends under way, flushes and gives the lock back. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    while (this.#running) await this.#running;
    try {
      // What a latched store holds is left as it is, for the next opening to judge.
      if (!this.#latch.isShut) await this.#alone(() => this.#rocks.flush());
    } finally {
      await this.#logSync.close();
      await this.#rocks.close();
    }
  }

  #refuseUnlessOpen(): void {
    if (this.#closed) throw new ProvChainError('INTERNAL', 'the ledger is closed');
    this.#latch.refuseIfShut();
  }

  /** Takes group after group until the queue is empty. Never rejects: each group's own appends are told. */
  async #work(): Promise<void> {
    // Appends of the same tick belong together.
    await Promise.resolve();
    let writing: Promise<void> = Promise.resolve();
    while (this.#queue.length > 0) {
      if (this.#queue.length < GROUP_BLOCKS && this.#queuedBytes < GROUP_BYTES) await writing;
      const waiting = this.#takeGroup();
      try {
        this.#latch.refuseIfShut();
        const group = this.#build(waiting);
        await writing;
        this.#latch.refuseIfShut();
        if (group.waiting.length > 0) writing = this.#store(group);
      } catch (error) {
        for (const { reject } of waiting) reject(error);
      }
      if (this.#queue.length === 0) await writing;
    }
    this.#running = undefined;
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { payload } of this.#queue) {
      if (count === GROUP_BLOCKS || (count > 0 && bytes + payload.bytes.length > GROUP_BYTES)) break;
      bytes += payload.bytes.length;
      count++;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  #build(waiting: readonly Waiting[]): Group {
    const puts: Put[] = [];
    const now = this.#settings.now();
    const accepted: Waiting[] = [];
    const blocks: AppendedBlock[] = [];
    try {
      for (const append of waiting) {
        if (this.#lostRace(append)) continue;
        blocks.push(this.#builder.add(append.payload, now, puts));
        accepted.push(append);
      }
      puts.push(this.#builder.headPut());
      return { waiting: accepted, blocks, puts, tip: this.#builder.tip! };
    } catch (error) {
      // The builder may stand at a block that will never be stored.
      throw this.#latch.shut(error);
    }
  }

  /** Whether another block stands where this one was to be; its caller is told. */
  #lostRace({ expectedHead, reject }: Waiting): boolean {
    const { hash, index } = this.#builder.tip!;
    if (expectedHead === undefined || expectedHead === hash) return false;
    const message = `the head is block ${index} with hash ${hash}, not ${expectedHead}`;
    reject(new ProvChainError('HEAD_MOVED', message, { place: { block: index } }));
    return true;
  }

  /** Writes a group and tells its appends. Never rejects. */
  async #store({ waiting, blocks, puts, tip }: Group): Promise<void> {
    try {
      await this.#alone(async () => {
        const { syncMode } = this.#settings;
        const logBytes = await this.#write(puts);
        await writeAnchor(this.#dir, this.chainId, tip, this.#key, { synced: syncMode !== 'Fast' });
        if (syncMode === 'Full') await this.#rocks.flush();
        this.#confirmed = tip;
        for (const [i, { resolve }] of waiting.entries()) resolve(blocks[i]!);
        const longest = this.#bulkLoads > 0 ? BULK_LOG_BYTES : this.#settings.flushAtLogBytes;
        if (syncMode !== 'Full' && logBytes >= longest) await this.#rocks.flush();
      });
    } catch (error) {
      const latched = this.#latch.shut(error);
      // Those that were confirmed before a flush failed stay confirmed.
      for (const { reject } of waiting) reject(latched);
    }
  }

  /** Writes one batch; the length of the log in bytes afterwards. */
  async #write(puts: readonly Put[]): Promise<number> {
    if (this.#settings.syncMode !== 'Fast') return this.#logSync.durably(() => this.#rocks.write(puts));
    await this.#rocks.write(puts);
    return (await this.#rocks.currentLog()).size;
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#exclusive;
    const turn = before.then(work);
    this.#exclusive = turn.catch(() => {});
    try {
      return await turn;
    } catch (error) {
      throw this.#latch.shut(error);
    }
  }
}
