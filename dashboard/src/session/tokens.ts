import { ApiProblem, problemFrom } from '../api/problem.js';

/** What a login or a refresh answers. */
export interface Tokens {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly refreshToken: string | null;
  readonly user: { readonly name: string; readonly role: 'viewer' | 'operator' | 'admin' };
}

const KEY = 'provchain.refresh';
/** The access token is renewed when this part of its time is over. */
const RENEW_AT = 0.8;

/**
 * The tokens of this tab. The access token is only in memory; the refresh token is in sessionStorage, so that a reload
 * keeps the login and closing the tab ends it.
 */
let accessToken: string | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let renewing: Promise<Tokens | undefined> | undefined;
let onLost: () => void = () => {};

/** @param lost called when the login is over: the refresh token was refused */
export function watchLogin(lost: () => void): void {
  onLost = lost;
}

export const bearer = (): string | undefined =>
  accessToken === undefined ? undefined : `Bearer ${accessToken}`;

export const mayRenew = (): boolean => sessionStorage.getItem(KEY) !== null;

function keep(tokens: Tokens): Tokens {
  accessToken = tokens.accessToken;
  if (tokens.refreshToken === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, tokens.refreshToken);
  clearTimeout(timer);
  if (tokens.refreshToken !== null)
    timer = setTimeout(() => void renew(), tokens.expiresIn * 1000 * RENEW_AT);
  return tokens;
}

function forget(): void {
  accessToken = undefined;
  clearTimeout(timer);
  sessionStorage.removeItem(KEY);
}

async function post(path: string, body: unknown): Promise<Tokens> {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => {
    throw new ApiProblem(0, 'UNREACHABLE', 'the node does not answer');
  });
  const text = await answer.text();
  if (!answer.ok) throw problemFrom(answer.status, text);
  return JSON.parse(text) as Tokens;
}

/** Errors: ApiProblem LOGIN_FAILED, LOCKED_OUT and others. */
export async function logIn(username: string, password: string): Promise<Tokens> {
  return keep(await post('/api/auth/login', { username, password }));
}

/**
 * New tokens for the refresh token, undefined when there is none or it is refused. It works once, so callers that come
 * at the same time share one request. A node that does not answer leaves the login as it is.
 */
export function renew(): Promise<Tokens | undefined> {
  renewing ??= exchange().finally(() => {
    renewing = undefined;
  });
  return renewing;
}

async function exchange(): Promise<Tokens | undefined> {
  const refreshToken = sessionStorage.getItem(KEY);
  if (refreshToken === null) return undefined;
  try {
    return keep(await post('/api/auth/refresh', { refreshToken }));
  } catch (error) {
    if (error instanceof ApiProblem && (error.status === 401 || error.status === 400)) {
      forget();
      onLost();
    }
    return undefined;
  }
}

/** Ends the login here and on the node, as far as it answers. */
export async function logOut(): Promise<void> {
  const refreshToken = sessionStorage.getItem(KEY) ?? undefined;
  const authorization = bearer();
  forget();
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (authorization !== undefined) headers.Authorization = authorization;
  await fetch('/api/auth/logout', { method: 'POST', headers, body: JSON.stringify({ refreshToken }) }).catch(
    () => {},
  );
}
