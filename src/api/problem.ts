import { ERRORS, type ErrorCode, type PlainError, ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';

/** Seconds after which the same request may be tried again, where the error itself does not say. */
const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, number>> = {
  JOB_NOT_FINISHED: 1,
  LOCKED: 5,
  LOCKED_OUT: 60,
  NOT_WRITER: 5,
  OVERLOADED: 5,
  QUEUE_UNAVAILABLE: 2,
  RATE_LIMITED: 1,
  SHUTTING_DOWN: 5,
  STORE_UNAVAILABLE: 1,
};

/** Members of a problem beyond those of every one, and the time that a caller should wait. */
export interface ProblemExtras {
  readonly retryAfterSeconds?: number;
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An RFC 9457 problem, as it is sent. */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const extrasOf = new WeakMap<ProvChainError, ProblemExtras>();

/** The same error, which will be answered with these extras. */
export function withExtras(error: ProvChainError, extras: ProblemExtras): ProvChainError {
  extrasOf.set(error, { ...extrasOf.get(error), ...extras });
  return error;
}

/**
 * What was thrown, as the answer to a request. A defect of the program says nothing of itself but the request's id,
 * under which the log has it with its stack.
 */
export function problemOf(thrown: unknown, requestId: string, log: Log): Problem {
  const error = ProvChainError.from(thrown);
  const extras = extrasOf.get(error) ?? {};
  const hidden = error.code === 'INTERNAL';
  if (hidden) log.error('a request failed', { requestId, error: describe(thrown) });
  const kind = ERRORS[error.code];
  const hint = error.retryAfterMs === undefined ? undefined : error.retryAfterMs / 1000;
  const wait =
    extras.retryAfterSeconds ?? hint ?? (kind.retryable ? RETRY_AFTER_SECONDS[error.code] : undefined);
  const plain: PlainError = hidden
    ? { code: error.code, message: 'the request failed here; the log has it under the id of this request' }
    : error.toPlain();
  const seconds = wait === undefined ? undefined : Math.max(1, Math.ceil(wait));
  return {
    status: kind.http,
    headers: {
      ...(kind.http === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      ...(seconds === undefined ? {} : { 'Retry-After': String(seconds) }),
      ...extras.headers,
    },
    body: JSON.stringify({
      type: `urn:provchain:error:${plain.code}`,
      title: kind.meaning,
      status: kind.http,
      detail: plain.message,
      code: plain.code,
      instance: requestId,
      place: plain.place,
      retryAfterSeconds: seconds,
      ...extras.members,
    }),
  };
}

const describe = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
