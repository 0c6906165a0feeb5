import { access, constants, mkdtemp, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProvChainError } from '../errors.js';
import type { Diagnosis } from './diagnosis.js';
import { formatCount, formatMegabytes } from './format.js';

const LOW_SPACE_BYTES = 1e9;
const TOO_LITTLE_SPACE_BYTES = 50e6;
const SLOW_SYNC_MS = 20;
const SYNCS = 20;

/** Free space, and how long a small write takes until the disk has it. Leaves nothing behind. */
export async function checkDisk(directory = tmpdir()): Promise<Diagnosis[]> {
  const known = await stat(directory).catch((cause) => {
    throw new ProvChainError('FILE_UNREADABLE', `the directory ${directory} cannot be looked at`, { cause });
  });
  if (!known.isDirectory()) throw new ProvChainError('FILE_UNREADABLE', `${directory} is not a directory`);
  return [await checkSpace(directory), await checkSync(directory)];
}

async function checkSpace(directory: string): Promise<Diagnosis> {
  const { bavail, bsize } = await statfs(directory);
  const bytes = bavail * bsize;
  const name = 'free space';
  const value = `${formatMegabytes(bytes)} at ${directory}`;
  if (bytes >= LOW_SPACE_BYTES) return { name, state: 'ok', value };
  const action = 'Free some: a full disk stops appending. Validating needs none.';
  return { name, state: bytes < TOO_LITTLE_SPACE_BYTES ? 'fail' : 'warn', value, action };
}

async function checkSync(directory: string): Promise<Diagnosis> {
  const name = 'durable write';
  const writable = await access(directory, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable) {
    const action = 'Validating works; appending needs to write there.';
    return { name, state: 'warn', value: `${directory} is not writable`, action };
  }
  const milliseconds = await medianSyncMs(directory);
  const value = `${milliseconds.toFixed(2)} ms (median of ${SYNCS} writes of 4 kB with fdatasync)`;
  if (milliseconds < SLOW_SYNC_MS) return { name, state: 'ok', value };
  return { name, state: 'warn', value, action: 'Appending one block takes at least that long on this disk.' };
}

async function medianSyncMs(directory: string): Promise<number> {
  const folder = await mkdtemp(join(directory, '.provchain-doctor-'));
  try {
    const file = await open(join(folder, 'sync'), 'w');
    const times: number[] = [];
    try {
      const block = Buffer.alloc(4096, 1);
      for (let i = 0; i < SYNCS; i++) {
        const started = performance.now();
        await file.write(block);
        await file.datasync();
        times.push(performance.now() - started);
      }
    } finally {
      await file.close();
    }
    return times.sort((a, b) => a - b)[SYNCS / 2] ?? 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The files of a chain directory: whether they are there, and whether the producer key is anyone else's to read. */
export async function checkChainFiles(directory: string): Promise<Diagnosis[]> {
  const names = await readdir(directory);
  if (!names.includes('chain.json')) return [];
  return [checkParts(names), ...(await checkKeys(directory, names)), await checkTables(directory)];
}

function checkParts(names: readonly string[]): Diagnosis {
  const missing = ['replica.json', 'anchor.json', 'db'].filter((name) => !names.includes(name));
  const name = 'chain files';
  if (missing.length === 0)
    return { name, state: 'ok', value: 'chain.json, replica.json, anchor.json and db' };
  const state = missing.includes('db') ? 'fail' : 'warn';
  return {
    name,
    state,
    value: `${missing.join(', ')} missing`,
    action: 'Bring it back from a copy of this replica.',
  };
}

async function checkKeys(directory: string, names: readonly string[]): Promise<Diagnosis[]> {
  if (!names.includes('keys') || process.platform === 'win32') return [];
  const files = await readdir(join(directory, 'keys'));
  const open: string[] = [];
  for (const file of files) {
    if (((await stat(join(directory, 'keys', file))).mode & 0o077) !== 0) open.push(`keys/${file}`);
  }
  const name = 'producer key';
  if (open.length === 0) return [{ name, state: 'ok', value: 'readable by its owner only' }];
  const action = `Anyone who reads it can sign blocks: chmod 600 ${join(directory, 'keys')}/*`;
  return [{ name, state: 'warn', value: `${open.join(', ')} can be read by others`, action }];
}

async function checkTables(directory: string): Promise<Diagnosis> {
  const files = await readdir(join(directory, 'db')).catch(() => []);
  const tables = files.filter((file) => file.endsWith('.sst')).length;
  return {
    name: 'database',
    state: 'ok',
    value: `${formatCount(tables)} table files, kept open by each worker`,
  };
}
