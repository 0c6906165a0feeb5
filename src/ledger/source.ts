import { setTimeout as sleep } from 'node:timers/promises';
import { blockHashHex, blockKey } from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import type { BlockSource, Column, Entry, Pin, ScanOptions } from '../validation/index.js';
import { databaseOf } from './chain-files.js';
import { type OpenedDatabase, type OpeningCounts, openDatabase } from './open-database.js';
import type { Rocks } from './rocks.js';
import { scan } from './scan.js';

export interface SourceOptions {
  /** Read past the page cache, so that what is checked is what the disk holds. */
  readonly direct?: boolean;
  /** The state that the source must show; without it, the state at opening. */
  readonly pin?: Pin;
}

/** A {@link BlockSource} over a read-only handle of its own. */
export interface LedgerSource extends BlockSource {
  /**
   * The write-ahead log is damaged or torn, and what stood after the damage is not in this view. Blocks that the
   * anchor vouches for may be among it: the head is then below the anchor, which is a finding like any truncation.
   * Where no anchor is compared, nothing else shows what is missing, and this alone must keep the chain from passing.
   */
  readonly logDamaged: boolean;
  readonly counts: OpeningCounts;
  reopen(): Promise<LedgerSource>;
}

const PIN_ATTEMPTS = 8;
const BLOCK_HASH_BYTES = 32;

/**
 * A consistent, unchanging view of the chain in `dir`, as it is now.
 *
 * Errors: NOT_A_CHAIN when the folder has no database of a chain; STORE_CORRUPT when RocksDB cannot open it for damage;
 * STORE_UNAVAILABLE when it could not be opened now, or when it does not hold `pin.headHash` at block `pin.height - 1`
 * (an older copy, or one that was rewritten since), after several attempts.
 */
export async function openSource(dir: string, options: SourceOptions = {}): Promise<LedgerSource> {
  const path = await databaseOf(dir);
  for (let attempt = 1; ; attempt++) {
    const opened = await openDatabase(path, options);
    try {
      if (await showsPin(opened.rocks, options.pin)) return new RocksSource(dir, options, opened);
    } catch (error) {
      await opened.rocks.close();
      throw error;
    }
    await opened.rocks.close();
    if (attempt === PIN_ATTEMPTS) break;
    await sleep(2 ** attempt);
  }
  const { height, headHash } = options.pin!;
  throw new ProvChainError(
    'STORE_UNAVAILABLE',
    `the store does not hold block ${height - 1} with hash ${headHash}`,
    {
      place: { block: height - 1 },
    },
  );
}

/**
 * The hash is recomputed, as the pin's was: the one stored in front of the header is a thing to be checked. An unreadable
 * header at the pin is not another chain: the view is taken, and validation reports the header.
 */
async function showsPin(rocks: Rocks, pin: Pin | undefined): Promise<boolean> {
  if (pin === undefined || pin.height === 0) return true;
  try {
    const stored = await rocks.get('header', blockKey(pin.height - 1));
    return stored !== null && blockHashHex(stored.subarray(BLOCK_HASH_BYTES)) === pin.headHash;
  } catch (error) {
    if (error instanceof ProvChainError && error.code === 'STORE_CORRUPT') return true;
    throw error;
  }
}

class RocksSource implements LedgerSource {
  readonly #dir: string;
  readonly #options: SourceOptions;
  readonly #rocks: Rocks;
  readonly #scans = new Set<AsyncGenerator<readonly Entry[]>>();
  readonly logDamaged: boolean;
  readonly counts: OpeningCounts;

  constructor(dir: string, options: SourceOptions, opened: OpenedDatabase) {
    this.#dir = dir;
    this.#options = options;
    this.#rocks = opened.rocks;
    this.logDamaged = opened.logDamaged;
    this.counts = opened.counts;
  }

  /**
   * Batches of about 2 MB, of which two are in memory at a time: the one that was handed out and the one being read.
   * Where a batch meets damage, STORE_CORRUPT is thrown in its place, after everything before it was handed out; the
   * sound entries of that batch can still be had by {@link get}.
   */
  async *scan(
    column: Column,
    from: Uint8Array,
    to: Uint8Array | undefined,
    options?: ScanOptions,
  ): AsyncGenerator<readonly Entry[]> {
    const batches = scan(this.#rocks, column, from, to, options);
    this.#scans.add(batches);
    try {
      yield* batches;
    } finally {
      this.#scans.delete(batches);
    }
  }

  get(column: Column, key: Uint8Array): Promise<Uint8Array | null> {
    return this.#rocks.get(column, key);
  }

  reopen(): Promise<LedgerSource> {
    return openSource(this.#dir, this.#options);
  }

  /** Ends scans that were left in the middle, since the database cannot close under an open iterator. */
  async close(): Promise<void> {
    await Promise.all([...this.#scans].map((batches) => batches.return(undefined)));
    await this.#rocks.close();
  }
}
