import { ProvChainError } from '../errors.js';

/**
 * rocksdb-native hands over RocksDB's message without its status ("Corruption", "IO error"), and a libuv code that is
 * EIO for both. An I/O error is told from corruption by RocksDB's own wording: every failed system call reads
 * `While <doing something>: <path>: <text of errno>`, and no report of damage does.
 */
const FAILED_SYSTEM_CALL = /\b(?:While|IO error)\b/;
const VANISHED = /No such file or directory/;
const HELD_LOCK =
  /lock hold by current process|(?:LOCK: (?:No locks available|Resource temporarily unavailable))/;
const OTHER_LAYOUT =
  /^Column family not found|^Column families not opened|\(create_if_missing is false\)|exists but is not a directory/;
const ERRNO_CODES = new Set([
  'ENOENT',
  'ENOSPC',
  'ENOMEM',
  'ENOTDIR',
  'ETIMEDOUT',
  'EBUSY',
  'EAGAIN',
  'EROFS',
]);

interface NativeError {
  readonly code: string;
  readonly message: string;
}

/** The innermost error with a code: batches wrap theirs as `cause` or as an AggregateError. */
function unwrap(thrown: unknown): NativeError {
  if (thrown instanceof AggregateError) return unwrap(thrown.errors.find(Boolean));
  if (!(thrown instanceof Error)) return { code: '', message: String(thrown) };
  if (thrown.cause instanceof Error) return unwrap(thrown.cause);
  return { code: String((thrown as NodeJS.ErrnoException).code ?? ''), message: thrown.message };
}

/**
 * What RocksDB threw, as one of: LOCKED (another writer), NOT_A_CHAIN (a database, but not of this layout),
 * STORE_UNAVAILABLE (a system call failed: no verdict about the data) or STORE_CORRUPT (RocksDB reports damage).
 *
 * @param path folder of the database; taken out of the message before it is read, since whoever names folders could
 *   otherwise choose the verdict
 */
export function classifyRocksError(thrown: unknown, path: string): ProvChainError {
  if (thrown instanceof ProvChainError) return thrown;
  const { code, message } = unwrap(thrown);
  const text = message.replaceAll(path, '');
  const fail = (kind: ConstructorParameters<typeof ProvChainError>[0], what: string) =>
    new ProvChainError(kind, `${what}: ${message.trim()}`, { cause: thrown });
  if (HELD_LOCK.test(text)) return fail('LOCKED', 'the database has another writer');
  if (OTHER_LAYOUT.test(text)) return fail('NOT_A_CHAIN', 'the database is not one of a chain');
  if (FAILED_SYSTEM_CALL.test(text) || VANISHED.test(text) || ERRNO_CODES.has(code)) {
    return fail('STORE_UNAVAILABLE', 'the database could not be read or written now');
  }
  if (code === 'EIO') return fail('STORE_CORRUPT', 'RocksDB reports damage');
  return fail('INTERNAL', 'unexpected answer of RocksDB');
}

/** Whether a file that RocksDB wanted was gone: under a writer that compacts, the next attempt finds the new files. */
export const fileVanished = (error: ProvChainError): boolean =>
  error.code === 'STORE_UNAVAILABLE' && VANISHED.test(error.message);
