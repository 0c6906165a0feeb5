import { type KeyObject, randomUUID } from 'node:crypto';
import { access, link, mkdir, mkdtemp, readdir, realpath, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type ChainFormat,
  encodeProducerKey,
  encodeReplicaName,
  encodeTrustRoot,
  producerOf,
} from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { syncFolder } from '../sync-folder.js';
import { anchorBytes } from './anchor-file.js';
import type { ChainTip } from './block-builder.js';
import {
  ANCHOR_FILE,
  CHAIN_FILE,
  DATABASE_FOLDER,
  KEY_FOLDER,
  PRODUCER_KEY_FILE,
  REPLICA_FILE,
} from './chain-files.js';
import { writeSynced } from './durable-files.js';
import { type Put, Rocks } from './rocks.js';

export interface NewChain {
  readonly chainId: string;
  readonly replicaId: string;
  /** Hex public key of the first producer. */
  readonly producer: string;
  readonly genesisHash: string;
  readonly height: number;
}

export interface ChainContent {
  readonly chainId: string;
  readonly format: ChainFormat;
  readonly genesisHash: string;
  readonly key: KeyObject;
  readonly tip: ChainTip;
  /** Everything to be stored, in batches. */
  readonly puts: Iterable<readonly Put[]>;
}

const STAGING = '.init-';
/** In the order in which they are put in place. chain.json comes last: with it, the directory is a chain. */
const PARTS = [DATABASE_FOLDER, KEY_FOLDER, REPLICA_FILE, ANCHOR_FILE, CHAIN_FILE] as const;

/**
 * Writes a whole chain into a folder of its own inside `dir` and then moves its parts into place, so that a crash
 * leaves no chain or a whole one, and at worst:
 *
 * - before the database is moved: a folder `.init-…`, which nobody looks at and which may be deleted;
 * - after it: the rest in that folder. The next call puts the rest in place, and says CHAIN_EXISTS like any other.
 *
 * Errors: CHAIN_EXISTS, STORE_UNAVAILABLE.
 */
export async function storeNewChain(dir: string, content: ChainContent): Promise<NewChain> {
  try {
    await mkdir(dir, { recursive: true });
    const real = await realpath(dir);
    await finishInterrupted(real);
    await refuseExisting(real);
    const staging = await mkdtemp(join(real, STAGING));
    try {
      const replicaId = await writeParts(staging, content);
      await moveParts(staging, real);
      await syncFolder(dirname(real));
      const { chainId, genesisHash, key, tip } = content;
      return { chainId, replicaId, producer: producerOf(key), genesisHash, height: tip.index + 1 };
    } catch (error) {
      // With the database in place, what is still here is needed to finish.
      if (await exists(join(staging, DATABASE_FOLDER))) await rm(staging, { recursive: true });
      throw error;
    }
  } catch (error) {
    if (error instanceof ProvChainError) throw error;
    const message = `the chain could not be written: ${(error as Error).message}`;
    throw new ProvChainError('STORE_UNAVAILABLE', message, { cause: error, place: { source: dir } });
  }
}

async function writeParts(staging: string, content: ChainContent): Promise<string> {
  const { chainId, format, genesisHash, key, tip, puts } = content;
  const replicaId = randomUUID();
  await mkdir(join(staging, KEY_FOLDER), { mode: 0o700 });
  await writeSynced(join(staging, KEY_FOLDER, PRODUCER_KEY_FILE), encodeProducerKey(key), 0o600);
  await syncFolder(join(staging, KEY_FOLDER));
  await mkdir(join(staging, DATABASE_FOLDER));
  const rocks = await Rocks.open(join(staging, DATABASE_FOLDER), {
    readOnly: false,
    create: true,
    damagedLog: 'refuse',
  });
  try {
    for (const batch of puts) await rocks.write(batch);
    // Files of a flush are synced, and so is the MANIFEST that names them.
    await rocks.flush();
  } finally {
    await rocks.close();
  }
  await syncFolder(join(staging, DATABASE_FOLDER));
  await writeSynced(join(staging, REPLICA_FILE), encodeReplicaName({ replicaId }));
  await writeSynced(join(staging, ANCHOR_FILE), anchorBytes(chainId, tip, key));
  const trust = { chainId, format, genesisHash, producers: [producerOf(key)] };
  await writeSynced(join(staging, CHAIN_FILE), encodeTrustRoot(trust));
  await syncFolder(staging);
  return replicaId;
}

/** Moves what is in `staging` into place. Two that do it at once cannot both succeed: one part exists already. */
async function moveParts(staging: string, dir: string): Promise<void> {
  for (const part of PARTS) {
    const from = join(staging, part);
    if (!(await exists(from))) continue;
    try {
      if (part === DATABASE_FOLDER || part === KEY_FOLDER) await rename(from, join(dir, part));
      else {
        // Unlike rename, a link never replaces a file.
        await link(from, join(dir, part));
        await unlink(from);
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR') {
        throw chainExists(dir, `${part} is there already`);
      }
      throw error;
    }
    await syncFolder(dir);
  }
  await rm(staging, { recursive: true });
}

/** Puts the rest of a chain in place whose making was interrupted after its database had been. */
async function finishInterrupted(dir: string): Promise<void> {
  if ((await exists(join(dir, CHAIN_FILE))) || !(await exists(join(dir, DATABASE_FOLDER)))) return;
  for (const name of await readdir(dir)) {
    const staging = join(dir, name);
    if (!name.startsWith(STAGING) || !(await exists(join(staging, CHAIN_FILE)))) continue;
    if (await exists(join(staging, DATABASE_FOLDER))) continue;
    await moveParts(staging, dir);
    throw chainExists(dir, 'its creation had been interrupted and is now complete');
  }
}

async function refuseExisting(dir: string): Promise<void> {
  for (const part of PARTS) {
    if (await exists(join(dir, part))) throw chainExists(dir, `${part} is there already`);
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const chainExists = (dir: string, why: string): ProvChainError =>
  new ProvChainError('CHAIN_EXISTS', `${dir} already holds a chain, or a part of one: ${why}`, {
    place: { source: dir },
  });
