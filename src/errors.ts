/**
 * Every error the product throws. A damaged block is a finding (data, `src/validation`), never an error;
 * an error means that something could not be done. The table below is the only place that says which exit
 * code an error has; `test/errors.test.ts` holds it against README.md.
 */

/** Exit codes of the command line (BSD sysexits above 63). */
export const EXIT = {
  healthy: 0,
  warning: 1,
  tampered: 2,
  incomplete: 3,
  usage: 64,
  inputRefused: 65,
  internal: 70,
  locked: 75,
} as const;

interface ErrorKind {
  readonly exit: number;
  /** The same call may succeed later, unchanged. */
  readonly retryable: boolean;
  readonly meaning: string;
}

const kind = (exit: number, retryable: boolean, meaning: string): ErrorKind => ({ exit, retryable, meaning });

export const ERRORS = {
  USAGE: kind(EXIT.usage, false, 'the command line or an option is wrong'),
  RDF_SYNTAX: kind(EXIT.inputRefused, false, 'the document does not follow the grammar of its format'),
  RDF_ENCODING: kind(EXIT.inputRefused, false, 'the document is not well-formed UTF-8'),
  RDF_FORMAT_UNKNOWN: kind(EXIT.usage, false, 'the format cannot be told from the file name; name it'),
  RDF_REMOTE_CONTEXT: kind(
    EXIT.inputRefused,
    false,
    'JSON-LD refers to a remote context, which is never fetched',
  ),
  CANONICAL_LIMIT: kind(EXIT.inputRefused, false, 'the graph needs more canonicalization work than allowed'),
  BLOCK_TOO_LARGE: kind(EXIT.inputRefused, false, 'the canonical payload is longer than a block may be'),
  BLOCK_EMPTY: kind(EXIT.inputRefused, false, 'the document holds no quads'),
  LEGACY_FORMAT: kind(EXIT.inputRefused, false, 'the dump is not a provchain-org chain'),
  NOT_A_CHAIN: kind(
    EXIT.inputRefused,
    false,
    'the directory is not a chain directory, or one of its files is unusable',
  ),
  CHAIN_EXISTS: kind(EXIT.inputRefused, false, 'the directory already holds a chain'),
  FILE_UNREADABLE: kind(EXIT.inputRefused, false, 'an input file cannot be read'),
  NO_PRODUCER_KEY: kind(EXIT.inputRefused, false, 'appending needs a producer key that the chain trusts'),
  OUT_OF_RANGE: kind(EXIT.inputRefused, false, 'the block or range does not exist in this chain'),
  CHAIN_DAMAGED: kind(
    EXIT.tampered,
    false,
    'the end of the chain does not hold together, so nothing is appended to it',
  ),
  LOCKED: kind(EXIT.locked, true, 'another process is the writer of this chain'),
  STORE_CORRUPT: kind(EXIT.tampered, false, 'RocksDB reports corruption'),
  STORE_UNAVAILABLE: kind(EXIT.incomplete, true, 'the store could not be read now'),
  WRITE_LATCHED: kind(
    EXIT.internal,
    false,
    'a write failed before; the store is read-only until it is reopened',
  ),
  INTERNAL: kind(EXIT.internal, false, 'a defect of the program'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** Where in an input an error was found: one-based line and column (in code points), zero-based byte offset. */
export interface ErrorPlace {
  readonly source?: string;
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;
  readonly block?: number;
}

/** An error as plain data: what crosses threads and processes, where a class would be lost. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly place?: ErrorPlace;
}

/** The one error class. `code` is from {@link ERRORS}; `place` says where in the input, if anywhere. */
export class ProvChainError extends Error {
  readonly code: ErrorCode;
  readonly place?: ErrorPlace;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; place?: ErrorPlace } = {}) {
    super(message, { cause: options.cause });
    this.name = 'ProvChainError';
    this.code = code;
    this.place = options.place;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get exitCode(): number {
    return ERRORS[this.code].exit;
  }

  toPlain(): PlainError {
    return { code: this.code, message: this.message, place: this.place };
  }

  static fromPlain(plain: PlainError): ProvChainError {
    return new ProvChainError(plain.code, plain.message, { place: plain.place });
  }

  /** Anything thrown, as a ProvChainError; what is not ours is INTERNAL. */
  static from(thrown: unknown): ProvChainError {
    if (thrown instanceof ProvChainError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new ProvChainError('INTERNAL', message, { cause: thrown });
  }
}

/**
 * Which of two failed attempts at the same reading counts. Damage is a verdict about the data, so it is only one when
 * both attempts, each on a handle of its own, report it; otherwise the reading could not be done.
 */
export function lesserFailure(first: PlainError, second: PlainError): PlainError {
  return second.code === 'STORE_CORRUPT' ? first : second;
}
