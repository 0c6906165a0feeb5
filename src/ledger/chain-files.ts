import type { KeyObject } from 'node:crypto';
import { constants, open, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeProducerKey, decodeReplicaName, decodeTrustRoot } from '../chain/index.js';
import { type ErrorCode, ProvChainError } from '../errors.js';
import type { ChainEvidence } from '../validation/index.js';

/** What a chain directory holds (DESIGN §3), by name. */
export const CHAIN_FILE = 'chain.json';
export const REPLICA_FILE = 'replica.json';
export const ANCHOR_FILE = 'anchor.json';
export const DATABASE_FOLDER = 'db';
export const KEY_FOLDER = 'keys';
export const PRODUCER_KEY_FILE = 'producer.pem';

/** Whoever can write to the directory chooses the files' length: no more than this is read of any. */
const FILE_LIMIT_BYTES = 1 << 20;

/** The files beside the database, decoded where the operator's word counts; the anchor stays evidence to be judged. */
export interface ChainFiles extends ChainEvidence {
  /** Real path of the chain directory. */
  readonly dir: string;
}

/**
 * Reads chain.json, replica.json and anchor.json. To be called before the store is opened: a store that is read later
 * can only be ahead of the anchor, so one that is behind it was cut.
 *
 * Errors: NOT_A_CHAIN, naming the file and why; STORE_UNAVAILABLE where a file is there but cannot be read.
 */
export async function chainFiles(dir: string): Promise<ChainFiles> {
  const real = await realFolder(dir, dir);
  const anchor = await readBounded(join(real, ANCHOR_FILE));
  const trust = decodeTrustRoot(await required(real, CHAIN_FILE));
  if ('problem' in trust) throw unusable(real, CHAIN_FILE, trust.problem);
  const replica = decodeReplicaName(await required(real, REPLICA_FILE));
  if ('problem' in replica) throw unusable(real, REPLICA_FILE, replica.problem);
  return { dir: real, trust: trust.trust, replicaId: replica.replica.replicaId, anchor };
}

/** Real path of the database in a chain directory. Errors: NOT_A_CHAIN, STORE_UNAVAILABLE. */
export async function databaseOf(dir: string): Promise<string> {
  return realFolder(dir, join(dir, DATABASE_FOLDER));
}

/** The producer key kept in the chain directory. Errors: NO_PRODUCER_KEY, STORE_UNAVAILABLE. */
export async function readProducerKey(dir: string): Promise<KeyObject> {
  const path = join(dir, KEY_FOLDER, PRODUCER_KEY_FILE);
  const pem = await readBounded(path);
  if (pem === null) {
    throw new ProvChainError('NO_PRODUCER_KEY', `there is no producer key at ${path}`, {
      place: { source: path },
    });
  }
  return decodeProducerKey(pem, path);
}

async function realFolder(dir: string, path: string): Promise<string> {
  let real: string;
  try {
    real = await realpath(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const what = path === dir ? 'it does not exist' : `it has no folder ${DATABASE_FOLDER}`;
      throw fileError('NOT_A_CHAIN', path, `${dir} is not a chain directory: ${what}`, error);
    }
    throw fileError('STORE_UNAVAILABLE', path, `${path} cannot be read: ${message}`, error);
  }
  if ((await stat(real)).isDirectory()) return real;
  throw fileError('NOT_A_CHAIN', path, `${path} is not a directory`);
}

async function required(dir: string, name: string): Promise<Uint8Array> {
  const bytes = await readBounded(join(dir, name));
  if (bytes === null)
    throw fileError('NOT_A_CHAIN', join(dir, name), `${dir} is not a chain directory: it has no ${name}`);
  return bytes;
}

const unusable = (dir: string, name: string, problem: string): ProvChainError =>
  fileError('NOT_A_CHAIN', join(dir, name), `${join(dir, name)} is unusable: ${problem}`);

function fileError(code: ErrorCode, source: string, message: string, cause?: unknown): ProvChainError {
  return new ProvChainError(code, message, { cause, place: { source } });
}

/**
 * The bytes of a file, or null when there is none; one byte over the limit of those that are longer. Of anything but a
 * file nothing is read, and opening does not wait: a named pipe would keep its reader for ever.
 */
async function readBounded(path: string): Promise<Buffer | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = await file.stat();
      if (!status.isFile()) return Buffer.alloc(0);
      const bytes = Buffer.alloc(Math.min(status.size, FILE_LIMIT_BYTES + 1));
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw fileError('STORE_UNAVAILABLE', path, `${path} cannot be read: ${message}`, error);
  }
}
