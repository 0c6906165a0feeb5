import type { IncomingMessage } from 'node:http';
import { ProvChainError } from '../errors.js';
import { withExtras } from './problem.js';

export interface MediaType {
  /** Lower case, without parameters; empty when the request names none. */
  readonly name: string;
  readonly charset: string | undefined;
}

const NOTHING = Buffer.alloc(0);
/** Time that a client has, once it has been refused, to stop sending. */
const GRACE_MS = 2000;

/** The declared type of a body (RFC 9110 §8.3), parameters other than the charset passed over. */
function mediaTypeOf(header: string | undefined): MediaType {
  if (header === undefined) return { name: '', charset: undefined };
  if (!header.includes(';')) return { name: header.trim().toLowerCase(), charset: undefined };
  const [name, ...parameters] = header.split(';');
  const charset = parameters
    .map((each) => /^\s*charset\s*=\s*"?([^"]*?)"?\s*$/i.exec(each)?.[1])
    .find(Boolean);
  return { name: name!.trim().toLowerCase(), charset: charset?.toLowerCase() };
}

const unsupported = (what: string): ProvChainError => new ProvChainError('UNSUPPORTED_MEDIA_TYPE', what);

/** Refuses a body of a type that is not in the list, in another encoding than UTF-8, or compressed. */
export function checkMediaType(request: IncomingMessage, allowed: readonly string[]): MediaType {
  const type = mediaTypeOf(request.headers['content-type']);
  if (!allowed.includes(type.name)) {
    const given = type.name === '' ? 'no content type was given' : `the content type is ${type.name}`;
    throw unsupported(`${given}; this route takes ${allowed.join(', ')}`);
  }
  if (type.charset !== undefined && type.charset !== 'utf-8' && type.charset !== 'utf8') {
    throw unsupported(`the charset is ${type.charset}; bodies are UTF-8`);
  }
  const coding = request.headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    // A few bytes of gzip can stand for gigabytes, so nothing is unpacked here.
    const error = unsupported(`the body is encoded with ${coding}; it is taken only as it is`);
    throw withExtras(error, { headers: { 'Accept-Encoding': 'identity' } });
  }
  return type;
}

/** Whether the request has a body, by its head (RFC 9112 §6). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * The whole body. Length and pace are the client's: reading stops at the limit, and when the connection is closed, which
 * the caller sees to after the time that a request may take.
 *
 * Errors: REQUEST_TOO_LARGE; REQUEST_TIMEOUT when the connection ended before the body did.
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  if (!hasBody(request)) return Promise.resolve(NOTHING);
  const tooLarge = () =>
    new ProvChainError('REQUEST_TOO_LARGE', `the body is longer than ${limitBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let open = true;
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (!open) return;
      if (length <= limitBytes) chunks.push(chunk);
      else {
        open = false;
        reject(tooLarge());
      }
    };
    const done = () => {
      open = false;
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length));
    };
    const gone = () => {
      if (!open) return;
      open = false;
      reject(new ProvChainError('REQUEST_TIMEOUT', `the connection ended after ${length} bytes of the body`));
    };
    request.on('data', take).on('end', done).on('close', gone).on('error', gone);
  });
}

/**
 * After an answer to a request whose body was not read to its end: what still comes is thrown away, and a client that
 * does not stop sending is cut off, so that a refusal costs no more than the time above.
 */
export function abandonBody(request: IncomingMessage): void {
  if (request.complete || !hasBody(request)) return;
  request.resume();
  setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, GRACE_MS).unref();
}
