/**
 * Every error the product throws. A damaged block is a finding (data, `src/validation`), never an error;
 * an error means that something could not be done. The table below is the only place that says which exit
 * code and which HTTP status an error has; `test/errors.test.ts` holds it against README.md.
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
  /** Status of the HTTP answer that carries it. */
  readonly http: number;
  /** The same call may succeed later, unchanged. */
  readonly retryable: boolean;
  readonly meaning: string;
}

const kind = (exit: number, http: number, retryable: boolean, meaning: string): ErrorKind => ({
  exit,
  http,
  retryable,
  meaning,
});

export const ERRORS = {
  USAGE: kind(EXIT.usage, 400, false, 'the command line or an option is wrong'),
  RDF_SYNTAX: kind(EXIT.inputRefused, 422, false, 'the document does not follow the grammar of its format'),
  RDF_ENCODING: kind(EXIT.inputRefused, 422, false, 'the document is not well-formed UTF-8'),
  RDF_FORMAT_UNKNOWN: kind(EXIT.usage, 415, false, 'the format cannot be told from the file name; name it'),
  RDF_REMOTE_CONTEXT: kind(
    EXIT.inputRefused,
    422,
    false,
    'JSON-LD refers to a remote context, which is never fetched',
  ),
  CANONICAL_LIMIT: kind(
    EXIT.inputRefused,
    422,
    false,
    'the graph needs more canonicalization work than allowed',
  ),
  BLOCK_TOO_LARGE: kind(EXIT.inputRefused, 413, false, 'the canonical payload is longer than a block may be'),
  BLOCK_EMPTY: kind(EXIT.inputRefused, 422, false, 'the document holds no quads'),
  LEGACY_FORMAT: kind(EXIT.inputRefused, 422, false, 'the dump is not a provchain-org chain'),
  NOT_A_CHAIN: kind(
    EXIT.inputRefused,
    503,
    false,
    'the directory is not a chain directory, or one of its files is unusable',
  ),
  CHAIN_EXISTS: kind(EXIT.inputRefused, 409, false, 'the directory already holds a chain'),
  FILE_UNREADABLE: kind(EXIT.inputRefused, 422, false, 'an input file cannot be read'),
  NO_PRODUCER_KEY: kind(
    EXIT.inputRefused,
    503,
    false,
    'appending needs a producer key that the chain trusts',
  ),
  OUT_OF_RANGE: kind(EXIT.inputRefused, 422, false, 'the block or range does not exist in this chain'),
  CHAIN_DAMAGED: kind(
    EXIT.tampered,
    503,
    false,
    'the end of the chain does not hold together, so nothing is appended to it',
  ),
  LOCKED: kind(EXIT.locked, 503, true, 'another process is the writer of this chain'),
  STORE_CORRUPT: kind(EXIT.tampered, 503, false, 'RocksDB reports corruption'),
  STORE_UNAVAILABLE: kind(EXIT.incomplete, 503, true, 'the store could not be read now'),
  WRITE_LATCHED: kind(
    EXIT.internal,
    503,
    false,
    'a write failed before; the store is read-only until it is reopened',
  ),
  CONFIG_INVALID: kind(EXIT.inputRefused, 422, false, 'a setting is unknown, missing or has a wrong value'),
  REQUEST_INVALID: kind(EXIT.usage, 400, false, 'the request does not fit the schema of its route'),
  JSON_INVALID: kind(EXIT.usage, 400, false, 'the body is no JSON, too deep, or names a key twice'),
  UNAUTHENTICATED: kind(EXIT.inputRefused, 401, false, 'no valid token came with the request'),
  LOGIN_FAILED: kind(EXIT.inputRefused, 401, false, 'the name or the password is wrong'),
  LOCKED_OUT: kind(EXIT.incomplete, 429, true, 'too many failed logins; the account is locked for a while'),
  FORBIDDEN: kind(EXIT.inputRefused, 403, false, 'the role does not allow this'),
  NOT_FOUND: kind(EXIT.inputRefused, 404, false, 'there is nothing under this path or id'),
  METHOD_NOT_ALLOWED: kind(EXIT.usage, 405, false, 'the path exists, the method does not'),
  NOT_ACCEPTABLE: kind(EXIT.usage, 406, false, 'none of the accepted content types can be given'),
  REQUEST_TIMEOUT: kind(EXIT.incomplete, 408, true, 'the request did not come to its end in time'),
  HEAD_MOVED: kind(EXIT.inputRefused, 409, true, 'another block was appended first'),
  REVISION_CONFLICT: kind(EXIT.inputRefused, 409, true, 'somebody else has changed it first'),
  JOB_NOT_FINISHED: kind(EXIT.incomplete, 409, true, 'the job has no report yet'),
  JOB_WITHOUT_REPORT: kind(EXIT.incomplete, 409, false, 'the job ended without a report'),
  USER_EXISTS: kind(EXIT.inputRefused, 409, false, 'there is a user of this name already'),
  PASSWORD_REFUSED: kind(EXIT.inputRefused, 422, false, 'the password is too short or too easy to guess'),
  REQUEST_TOO_LARGE: kind(EXIT.inputRefused, 413, false, 'the body is longer than allowed'),
  UNSUPPORTED_MEDIA_TYPE: kind(EXIT.usage, 415, false, 'the content type is none that this route takes'),
  IDEMPOTENCY_MISMATCH: kind(
    EXIT.inputRefused,
    422,
    false,
    'the Idempotency-Key was used for another request',
  ),
  FROZEN: kind(EXIT.inputRefused, 423, true, 'appending is stopped by an operator or a maintenance window'),
  RATE_LIMITED: kind(EXIT.incomplete, 429, true, 'too many requests from this client'),
  OVERLOADED: kind(EXIT.incomplete, 503, true, 'the queue is full'),
  QUEUE_UNAVAILABLE: kind(EXIT.incomplete, 503, true, 'Redis does not answer'),
  NOT_WRITER: kind(EXIT.inputRefused, 503, true, 'this node does not append to the chain; another does'),
  SHUTTING_DOWN: kind(EXIT.incomplete, 503, true, 'the node is about to stop'),
  SERVER_UNREACHABLE: kind(EXIT.incomplete, 502, true, 'the server of a remote command does not answer'),
  PROOF_INVALID: kind(EXIT.tampered, 422, false, 'the proof does not lead to the head it names'),
  AUDIT_BROKEN: kind(EXIT.tampered, 500, false, 'the audit log was altered'),
  INTERNAL: kind(EXIT.internal, 500, false, 'a defect of the program'),
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
  /** After which time the same call is worth another try; becomes Retry-After. */
  readonly retryAfterMs?: number;
}

/** The one error class. `code` is from {@link ERRORS}; `place` says where in the input, if anywhere. */
export class ProvChainError extends Error {
  readonly code: ErrorCode;
  readonly place?: ErrorPlace;
  /** Milliseconds after which the same call is worth another try, where that is known. */
  readonly retryAfterMs?: number;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; place?: ErrorPlace; retryAfterMs?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ProvChainError';
    this.code = code;
    this.place = options.place;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get httpStatus(): number {
    return ERRORS[this.code].http;
  }

  get exitCode(): number {
    return ERRORS[this.code].exit;
  }

  toPlain(): PlainError {
    const { code, message, place, retryAfterMs } = this;
    return { code, message, place, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }

  static fromPlain(plain: PlainError): ProvChainError {
    return new ProvChainError(plain.code, plain.message, {
      place: plain.place,
      retryAfterMs: plain.retryAfterMs,
    });
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
