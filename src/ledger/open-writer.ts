import type { KeyObject } from 'node:crypto';
import { FORMAT_NATIVE, HEAD_KEY, producerOf } from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { writeAnchor } from './anchor-file.js';
import { BlockBuilder } from './block-builder.js';
import { type ChainEnd, checkChainEnd } from './chain-end.js';
import { type ChainFiles, chainFiles, databaseOf, readProducerKey } from './chain-files.js';
import { DEFAULT_LEDGER_SETTINGS, Ledger, type LedgerSettings } from './ledger.js';
import { Rocks } from './rocks.js';
import { openSource } from './source.js';

export interface WriterOptions extends Partial<LedgerSettings> {
  /** Instead of the one in the chain directory. */
  readonly producerKey?: KeyObject;
}

/** Times that another writer may append between this one's check and its lock. */
const ATTEMPTS = 3;

/**
 * Opens a chain for appending, alone: RocksDB's lock keeps out every other writer, in this process or another.
 *
 * The end of the chain is checked through a read-only handle first, so that a damaged chain is left untouched, down to
 * RocksDB's own files. Blocks above the anchor (from a crash between a batch and its anchor) are checked and anchored.
 *
 * Errors: NOT_A_CHAIN (also for an imported chain, which cannot be continued), NO_PRODUCER_KEY, LOCKED, CHAIN_DAMAGED,
 * STORE_CORRUPT, STORE_UNAVAILABLE.
 */
export async function openWriter(dir: string, options: WriterOptions = {}): Promise<Ledger> {
  const defaults = DEFAULT_LEDGER_SETTINGS;
  const settings = {
    syncMode: options.syncMode ?? defaults.syncMode,
    payloadLimitBytes: options.payloadLimitBytes ?? defaults.payloadLimitBytes,
    flushAtLogBytes: options.flushAtLogBytes ?? defaults.flushAtLogBytes,
    now: options.now ?? defaults.now,
  };
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const files = await chainFiles(dir);
    if (files.trust.format !== FORMAT_NATIVE) {
      throw new ProvChainError(
        'NOT_A_CHAIN',
        `${dir} is an imported chain (${files.trust.format}), which takes no blocks`,
      );
    }
    const key = options.producerKey ?? (await readProducerKey(files.dir));
    if (!files.trust.producers.includes(producerOf(key))) {
      throw new ProvChainError(
        'NO_PRODUCER_KEY',
        `chain.json does not trust the producer key ${producerOf(key)}`,
      );
    }
    const ledger = await tryOpen(files, key, settings);
    if (ledger) return ledger;
  }
  throw new ProvChainError('LOCKED', `other writers keep appending to ${dir}`);
}

async function tryOpen(
  files: ChainFiles,
  key: KeyObject,
  settings: LedgerSettings,
): Promise<Ledger | undefined> {
  const { dir } = files;
  const { chainId } = files.trust;
  const { end, logDamaged } = await checkEnd(files);
  const rocks = await Rocks.open(await databaseOf(dir), {
    readOnly: false,
    // The check has shown that nothing the anchor vouches for stood after the damage.
    damagedLog: logDamaged ? 'stop-before' : 'refuse',
  });
  try {
    const builder = new BlockBuilder(chainId, key, end.tree, end.tip);
    if (!(await rocks.get('default', HEAD_KEY))?.equals(builder.headPut().value)) {
      await rocks.close();
      return undefined;
    }
    if (end.anchor.index < end.tip.index) await writeAnchor(dir, chainId, end.tip, key);
    return new Ledger({ chainId, dir }, rocks, key, builder, settings);
  } catch (error) {
    await rocks.close();
    throw error;
  }
}

async function checkEnd(files: ChainFiles): Promise<{ end: ChainEnd; logDamaged: boolean }> {
  const source = await openSource(files.dir);
  try {
    return { end: await checkChainEnd(source, files), logDamaged: source.logDamaged };
  } finally {
    await source.close();
  }
}
