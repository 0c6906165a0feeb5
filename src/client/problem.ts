import { ERRORS, type ErrorCode, type ErrorPlace, ProvChainError } from '../errors.js';

/** Characters of a text of the server that are repeated to the user. */
const DETAIL_LENGTH = 1000;

/**
 * The error that an answer of the server stands for. A problem document (RFC 9457) of a node carries our code; any other
 * answer comes from something in between, or from another program.
 *
 * @param body what the server sent; untrusted
 */
export function errorOfAnswer(url: string, answer: Response, body: string): ProvChainError {
  const problem = parseProblem(body);
  if (!problem) {
    const type = answer.headers.get('content-type')?.split(';')[0] ?? 'nothing';
    const message = `${url} answers ${answer.status} with ${type}, not as a ProvChain node does`;
    return new ProvChainError('SERVER_UNREACHABLE', message);
  }
  const retryAfter = answer.headers.get('retry-after');
  const again = retryAfter && /^\d{1,9}$/.test(retryAfter) ? `; try again in ${retryAfter} s` : '';
  return new ProvChainError(problem.code, `${problem.detail}${again}`, { place: problem.place });
}

interface Problem {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly place?: ErrorPlace;
}

function parseProblem(body: string): Problem | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, detail, title, place } = value as Record<string, unknown>;
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code)) return undefined;
  const text =
    [detail, title].find((candidate) => typeof candidate === 'string') ?? 'the server gives no reason';
  return { code: code as ErrorCode, detail: String(text).slice(0, DETAIL_LENGTH), place: parsePlace(place) };
}

function parsePlace(value: unknown): ErrorPlace | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const place: Record<string, string | number> = {};
  for (const name of ['line', 'column', 'offset', 'block']) {
    const part = (value as Record<string, unknown>)[name];
    if (Number.isSafeInteger(part)) place[name] = part as number;
  }
  const { source } = value as Record<string, unknown>;
  if (typeof source === 'string') place.source = source.slice(0, DETAIL_LENGTH);
  return place;
}

/** What fetch could not do, in words a user can act on. `cause` is where undici says why. */
export function unreachable(url: string, thrown: unknown, timeoutMs: number): ProvChainError {
  const message = `${url} does not answer: ${reasonOf(thrown, timeoutMs)}`;
  return new ProvChainError('SERVER_UNREACHABLE', message, { cause: thrown });
}

function reasonOf(thrown: unknown, timeoutMs: number): string {
  const error = thrown as Error & { cause?: NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] } };
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  const cause = error.cause?.errors?.[0] ?? error.cause;
  switch (cause?.code) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name is not known';
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
      return 'the connection was closed';
    default:
      return cause?.message || error.message;
  }
}
