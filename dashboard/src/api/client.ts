import { bearer, mayRenew, renew } from '../session/tokens.js';
import { ApiProblem, problemFrom } from './problem.js';

export interface CallOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** An answer of the node that is no error. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly etag: string | null;
}

/** Errors: ApiProblem; the abort of `signal` as it is. */
export async function send(path: string, options: CallOptions = {}): Promise<Response> {
  const answer = await attempt(path, options);
  if (answer.status !== 401 || !mayRenew()) return answer;
  return (await renew()) === undefined ? answer : attempt(path, options);
}

async function attempt(
  path: string,
  { method = 'GET', body, headers = {}, signal }: CallOptions,
): Promise<Response> {
  const sent: Record<string, string> = { Accept: 'application/json', ...headers };
  const authorization = bearer();
  if (authorization !== undefined) sent.Authorization = authorization;
  if (body !== undefined) sent['Content-Type'] = 'application/json';
  try {
    return await fetch(path, {
      method,
      headers: sent,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiProblem(0, 'UNREACHABLE', 'the node does not answer');
  }
}

export async function ask(path: string, options: CallOptions = {}): Promise<Answer> {
  const answer = await send(path, options);
  const text = await answer.text();
  if (!answer.ok) throw problemFrom(answer.status, text);
  return { status: answer.status, text, etag: answer.headers.get('ETag') };
}

/** The JSON of an answer. Errors: ApiProblem. */
export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const { text } = await ask(path, options);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Hands a file that needs a token to the reader: a plain link would come without one. */
export async function download(path: string, name: string): Promise<void> {
  const { text } = await ask(path);
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
