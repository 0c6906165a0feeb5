import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProvChainError } from '../errors.js';
import { checkLogs } from './log-check.js';
import { Rocks } from './rocks.js';
import { fileVanished } from './rocks-errors.js';

const ATTEMPTS = 20;
/**
 * Attempts with a log that does not read to its end before it counts as damaged: beside a living writer it may only
 * be growing at that moment.
 */
const DAMAGED_LOG_ATTEMPTS = 6;
/** Attempts that ask for every file to be the same before and after; later ones ask for what a hole cannot do without. */
const STRICT_ATTEMPTS = 8;
const LONGEST_PAUSE_MS = 100;

/** How often an opening had to be repeated, and why; for the tests and the doctor. */
export interface OpeningCounts {
  attempts: number;
  vanished: number;
  changed: number;
  damaged: number;
}

export interface OpenedDatabase {
  readonly rocks: Rocks;
  /** The end of the write-ahead log is damaged or torn: what stands after the damage was left out. */
  readonly logDamaged: boolean;
  readonly counts: OpeningCounts;
}

/**
 * Opens a database read-only beside a writer that may be flushing and compacting.
 *
 * Such an opening can fail because a file vanished between reading its name and opening it, and can, rarely, succeed
 * with a hole of hundreds of blocks. Both happen only while files come and go: it is repeated until their names and
 * the length of the MANIFEST are the same before and after.
 *
 * A long compaction can keep table files coming and going for seconds. A hole needs more: a log that went away between
 * the reading of the MANIFEST, which did not know its tables yet, and the reading of the logs. Its successor, or its own
 * absence, then shows in the names of the logs, so that after some attempts those and the MANIFEST's name decide. A table
 * file that is missing is an error in any case.
 *
 * Errors: STORE_UNAVAILABLE after 20 attempts, or at once for what repeating does not cure; STORE_CORRUPT; NOT_A_CHAIN.
 */
export async function openDatabase(
  path: string,
  options: { direct?: boolean } = {},
): Promise<OpenedDatabase> {
  const counts: OpeningCounts = { attempts: 0, vanished: 0, changed: 0, damaged: 0 };
  let direct = options.direct ?? false;
  let last: ProvChainError | undefined;
  while (counts.attempts < ATTEMPTS) {
    if (counts.attempts > 0) await sleep(Math.min(2 ** (counts.attempts - 1), LONGEST_PAUSE_MS));
    counts.attempts++;
    const logDamaged = counts.damaged >= DAMAGED_LOG_ATTEMPTS;
    const strict = counts.attempts <= STRICT_ATTEMPTS;
    const before = await listFiles(path, strict);
    let rocks: Rocks | undefined;
    try {
      const { torn } = await checkLogs(path);
      if (torn && !logDamaged) throw new ProvChainError('STORE_CORRUPT', 'the MANIFEST ends within a record');
      rocks = await Rocks.open(path, {
        readOnly: true,
        direct,
        damagedLog: logDamaged ? 'stop-before' : 'refuse',
      });
    } catch (error) {
      last = error as ProvChainError;
      if (direct && /Direct I\/O is not supported/.test(last.message)) direct = false;
      else if (fileVanished(last)) counts.vanished++;
      else if (last.code !== 'STORE_CORRUPT' || logDamaged) throw last;
      else counts.damaged++;
      continue;
    }
    if ((await listFiles(path, strict)) === before) return { rocks, logDamaged, counts };
    counts.changed++;
    await rocks.close();
  }
  const why = last ? `: ${last.message}` : ', because its files kept changing';
  throw new ProvChainError('STORE_UNAVAILABLE', `no opening in ${ATTEMPTS} attempts${why}`, { cause: last });
}

/** Names of the files that an opening goes by, as one text; with `strict` also those of tables, and the MANIFEST's length. */
async function listFiles(path: string, strict: boolean): Promise<string> {
  const all = await readdir(path).catch((error) => {
    throw new ProvChainError('STORE_UNAVAILABLE', `the database folder cannot be listed: ${error.message}`, {
      cause: error,
    });
  });
  const wanted = strict ? /\.(?:sst|log)$|^CURRENT$|^MANIFEST-/ : /\.log$|^CURRENT$|^MANIFEST-/;
  const names = all.filter((name) => wanted.test(name)).sort();
  if (!strict) return names.join('\n');
  const lengths = names.map(async (name) => {
    if (!name.startsWith('MANIFEST-')) return name;
    // A MANIFEST that goes away between the two calls makes another text than one that stays.
    const length = await stat(join(path, name)).then(
      ({ size }) => size,
      () => 'gone',
    );
    return `${name}:${length}`;
  });
  return (await Promise.all(lengths)).join('\n');
}
