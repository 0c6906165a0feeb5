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
/** A renewal that the node did not answer is tried again after so long, then twice as long, and so on up to the longest. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/**
 * The tokens of this tab. The access token is only in memory; the refresh token is in sessionStorage, so that a reload
 * keeps the login and closing the tab ends it.
 */
let accessToken: string | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let renewing: Promise<Tokens | undefined> | undefined;
/** Counts logins and logouts: the answer to a renewal that began before one of them is no longer wanted. */
let generation = 0;
let failures = 0;
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
  failures = 0;
  clearTimeout(timer);
  if (tokens.refreshToken !== null) renewIn(tokens.expiresIn * 1000 * RENEW_AT);
  return tokens;
}

function renewIn(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void renew(), ms);
}

function forget(): void {
  generation++;
  renewing = undefined;
  failures = 0;
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
  const tokens = await post('/api/auth/login', { username, password });
  forget();
  return keep(tokens);
}

/**
 * New tokens for the refresh token, undefined when there is none or it is refused. It works once, so callers that come
 * at the same time share one request. A node that does not answer leaves the login as it is, and is asked again. A logout
 * meanwhile stands: what the node answers to this tab's old token is not kept.
 */
export function renew(): Promise<Tokens | undefined> {
  if (renewing !== undefined) return renewing;
  const own = exchange().finally(() => {
    if (renewing === own) renewing = undefined;
  });
  renewing = own;
  return own;
}

async function exchange(): Promise<Tokens | undefined> {
  const refreshToken = sessionStorage.getItem(KEY);
  if (refreshToken === null) return undefined;
  const mine = generation;
  try {
    const tokens = await post('/api/auth/refresh', { refreshToken });
    return mine === generation ? keep(tokens) : undefined;
  } catch (error) {
    if (mine !== generation) return undefined;
    if (error instanceof ApiProblem && (error.status === 401 || error.status === 400)) {
      forget();
      onLost();
    } else {
      renewIn(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures++));
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
