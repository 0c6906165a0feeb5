import { useEffect, useState } from 'preact/hooks';
import type { Role, SessionAnswer } from '../api/answers.js';
import { call } from '../api/client.js';
import { ApiProblem } from '../api/problem.js';
import { logIn, logOut, mayRenew, renew, watchLogin } from './tokens.js';

/**
 * Who is looking, and at what node. States:
 *
 *   starting → unreachable → starting …   the node does not answer; tried again every few seconds
 *            → anonymous                  authentication is on and nobody is logged in
 *            → in                         a user, or anybody where authentication is off
 */
export interface Session {
  readonly state: 'starting' | 'unreachable' | 'anonymous' | 'in';
  readonly authentication: boolean;
  readonly user: string | null;
  readonly role: Role | null;
  readonly queues: boolean;
  readonly nodeId: string | null;
  readonly version: string | null;
  readonly problem?: string;
}

const RANKS: readonly Role[] = ['viewer', 'operator', 'admin'];
const AGAIN_MS = 4000;

const NOBODY: Session = {
  state: 'starting',
  authentication: true,
  user: null,
  role: null,
  queues: false,
  nodeId: null,
  version: null,
};

let current = NOBODY;
const listeners = new Set<() => void>();

function set(change: Partial<Session>): void {
  current = { ...current, ...change };
  for (const listener of listeners) listener();
}

export const session = (): Session => current;

export function useSession(): Session {
  const [seen, setSeen] = useState(current);
  useEffect(() => {
    const take = () => setSeen(current);
    listeners.add(take);
    take();
    return () => void listeners.delete(take);
  }, []);
  return seen;
}

/** Whether the user may do what asks for `role`. The node decides; this only hides what it would refuse. */
export const allows = (role: Role): boolean =>
  current.role !== null && RANKS.indexOf(current.role) >= RANKS.indexOf(role);

/** Asks the node who it takes this tab for, and goes on from a login of before the page was loaded again. */
export async function startSession(): Promise<void> {
  watchLogin(() => set({ state: 'anonymous', user: null, role: null }));
  try {
    const tokens = mayRenew() ? await renew() : undefined;
    const answer = await sessionAnswer();
    const { authentication, queues, nodeId, version } = answer;
    const user = answer.user ?? tokens?.user.name ?? null;
    const role = answer.role ?? tokens?.user.role ?? null;
    const state = authentication && tokens === undefined ? 'anonymous' : 'in';
    set({ authentication, queues, nodeId, version, user, role, state, problem: undefined });
  } catch (error) {
    set({ state: 'unreachable', problem: error instanceof ApiProblem ? error.message : String(error) });
    setTimeout(() => void startSession(), AGAIN_MS);
  }
}

function sessionAnswer(): Promise<SessionAnswer> {
  return call<SessionAnswer>('/api/auth/session');
}

/** Errors: ApiProblem of the login. */
export async function enter(username: string, password: string): Promise<void> {
  const { user } = await logIn(username, password);
  set({ state: 'in', user: user.name, role: user.role });
  // What else the node says of itself, such as whether the queues can be seen.
  const { queues, nodeId, version } = await sessionAnswer();
  set({ queues, nodeId, version });
}

export async function leave(): Promise<void> {
  await logOut();
  set({ state: 'anonymous', user: null, role: null });
}
