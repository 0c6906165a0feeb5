import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvChainError } from '../errors.js';
import { checkLogs, findDamagedLog, Rocks } from '../ledger/index.js';
import type { Log } from '../logging/index.js';
import { syncFolder } from '../sync-folder.js';
import { RocksState, type State } from './state.js';

export interface StateOptions {
  readonly log: Log;
}

/** The database's folder in the state directory. */
const DATABASE_FOLDER = 'db';

/**
 * Opens the state in `dir`, which is made if it is not there, readable by its owner only.
 *
 * A process that was killed, or a machine that lost power, may leave the write-ahead log with a record cut off at its
 * end: nobody was told of it, and it is left out. A record that is whole and wrong is another matter: what was
 * confirmed may be gone, a revoked token among it, so that the state is refused.
 *
 * Errors: LOCKED when another process has it; STORE_CORRUPT; STORE_UNAVAILABLE; CONFIG_INVALID when the path cannot
 * be a directory.
 */
export async function openState(dir: string, { log }: StateOptions): Promise<State> {
  const path = await makeFolder(dir);
  try {
    await checkLogs(path);
    return new RocksState(await openDatabase(path, log));
  } catch (error) {
    throw explain(ProvChainError.from(error), dir);
  }
}

async function makeFolder(dir: string): Promise<string> {
  try {
    await mkdir(join(dir, DATABASE_FOLDER), { recursive: true, mode: 0o700 });
    const real = await realpath(dir);
    await syncFolder(real);
    return join(real, DATABASE_FOLDER);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const wrong = code === 'EEXIST' || code === 'ENOTDIR';
    throw new ProvChainError(
      wrong ? 'CONFIG_INVALID' : 'STORE_UNAVAILABLE',
      `the state directory ${dir} cannot be made: ${message}`,
      { cause: error, place: { source: dir } },
    );
  }
}

async function openDatabase(path: string, log: Log): Promise<Rocks<never>> {
  const open = (damagedLog: 'refuse' | 'stop-before') =>
    Rocks.open<never>(path, { readOnly: false, create: true, families: [], damagedLog });
  try {
    return await open('refuse');
  } catch (error) {
    if (!(error instanceof ProvChainError) || error.code !== 'STORE_CORRUPT') throw error;
    const damaged = await findDamagedLog(path);
    if (damaged !== undefined) {
      const { name, at, kind } = damaged;
      throw new ProvChainError('STORE_CORRUPT', `${name}: the record at byte ${at} has a wrong ${kind}`, {
        cause: error,
      });
    }
    log.info('left out the unconfirmed end of the log of the state', { path, reason: error.message });
    return open('stop-before');
  }
}

function explain(error: ProvChainError, dir: string): ProvChainError {
  const options = { cause: error, place: { source: dir } };
  switch (error.code) {
    case 'LOCKED':
      return new ProvChainError('LOCKED', `another process uses the state directory ${dir}`, options);
    case 'NOT_A_CHAIN':
      return new ProvChainError('CONFIG_INVALID', `${dir} holds another database: ${error.message}`, options);
    case 'STORE_CORRUPT':
      return new ProvChainError(
        'STORE_CORRUPT',
        `the state in ${dir} is damaged: ${error.message}. Put back a copy of it, or move it away to start with none.`,
        options,
      );
    default:
      return error;
  }
}
