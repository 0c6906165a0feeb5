import { ProvChainError } from '../errors.js';
import { errorOfAnswer, unreachable } from './problem.js';

export interface HttpOptions {
  /** Where the node is, e.g. `http://127.0.0.1:8080`; a path in it is kept in front of the routes. */
  readonly url: string;
  /** Sent as a bearer token with every request, and never to another origin. */
  readonly token?: string;
  /** For one answer to be complete, or for an event stream to begin. */
  readonly timeoutMs: number;
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** With a leading slash and with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
}

/** A report lists 1,000 findings at most; nothing else that is asked for comes near. */
const ANSWER_LIMIT_BYTES = 64 << 20;

/** Requests to one node. Errors of both methods: what the node's problem document says; SERVER_UNREACHABLE. */
export class Http {
  readonly #base: string;
  readonly #options: HttpOptions;

  /** Errors: USAGE when the URL is none of http or https, or holds a password, which would end up in logs. */
  constructor(options: HttpOptions) {
    this.#options = options;
    this.#base = baseOf(options.url);
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Where requests go, without a slash at the end. */
  get base(): string {
    return this.#base;
  }

  /** One request and its whole answer, which is JSON, or nothing with 204. */
  async request(call: Call): Promise<Answer> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
    const answer = await this.#fetch(call, signal);
    const text = await this.#whole(call, answer);
    if (!answer.ok) throw errorOfAnswer(this.#base, answer, text);
    return { status: answer.status, text, json: answer.status === 204 ? null : this.#parse(text) };
  }

  /** A request whose answer is an event stream; undefined when there is nothing to come. The time limit ends when it begins. */
  async stream(call: Call): Promise<ReadableStream<Uint8Array> | undefined> {
    const opening = new AbortController();
    const timer = setTimeout(
      () => opening.abort(new DOMException('no answer in time', 'TimeoutError')),
      this.#options.timeoutMs,
    );
    try {
      const signal = call.signal ? AbortSignal.any([call.signal, opening.signal]) : opening.signal;
      const answer = await this.#fetch(
        { ...call, headers: { accept: 'text/event-stream', ...call.headers } },
        signal,
      );
      if (!answer.ok) throw errorOfAnswer(this.#base, answer, await this.#whole(call, answer));
      if (answer.status === 204) return undefined;
      const type = answer.headers.get('content-type') ?? '';
      if (!answer.body || !type.startsWith('text/event-stream')) {
        await answer.body?.cancel();
        throw new ProvChainError('SERVER_UNREACHABLE', `${this.#base} sends no event stream but ${type}`);
      }
      return answer.body;
    } finally {
      clearTimeout(timer);
    }
  }

  async #fetch(
    { method = 'GET', path, headers, body, signal: stop }: Call,
    signal: AbortSignal,
  ): Promise<Response> {
    const { token } = this.#options;
    try {
      return await fetch(`${this.#base}${path}`, {
        method,
        signal,
        // A redirect to another place is an answer to be reported, not an order.
        redirect: 'manual',
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (thrown) {
      throw this.#failure(thrown, stop);
    }
  }

  async #whole(call: Call, answer: Response): Promise<string> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const chunk of answer.body ?? []) {
        length += chunk.length;
        if (length > ANSWER_LIMIT_BYTES)
          throw new Error(`the answer is longer than ${ANSWER_LIMIT_BYTES} bytes`);
        chunks.push(chunk);
      }
    } catch (thrown) {
      throw this.#failure(thrown, call.signal);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      const message = `${this.#base} does not answer with JSON, as a ProvChain node does`;
      throw new ProvChainError('SERVER_UNREACHABLE', message);
    }
  }

  /** A caller who stopped gets its own reason back. */
  #failure(thrown: unknown, stop: AbortSignal | undefined): unknown {
    return stop?.aborted ? stop.reason : unreachable(this.#base, thrown, this.#options.timeoutMs);
  }
}

function baseOf(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ProvChainError('USAGE', `"${text}" is no URL; it looks like http://127.0.0.1:8080`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ProvChainError('USAGE', `the URL must begin with http:// or https://, not ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ProvChainError('USAGE', 'the URL of a server holds a host, a port and a path, nothing else');
  }
  return url.href.replace(/\/+$/, '');
}
