import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bearer, logIn, logOut, mayRenew, renew, watchLogin } from '../../dashboard/src/session/tokens.js';

declare global {
  /** Of browsers; the tests here put their own in its place. */
  var sessionStorage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
  };
}

/** The answers of a node to the paths of logins; those to refreshes come when the test lets them. */
const tokens = (name: string) => ({
  ...{ accessToken: `access-${name}`, refreshToken: `refresh-${name}`, expiresIn: 100 },
  user: { name: 'ada', role: 'admin' },
});
let refreshes: { answer(status: number, body: unknown): void; away(): void }[];
let lost: number;

beforeEach(() => {
  vi.useFakeTimers();
  refreshes = [];
  lost = 0;
  watchLogin(() => lost++);
  const kept = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
  vi.stubGlobal('fetch', (path: string) => {
    if (path === '/api/auth/login') return Promise.resolve(Response.json(tokens('login')));
    if (path === '/api/auth/logout') return Promise.resolve(new Response(null, { status: 204 }));
    return new Promise<Response>((resolve, reject) => {
      refreshes.push({
        answer: (status, body) => resolve(Response.json(body, { status })),
        away: () => reject(new TypeError('Failed to fetch')),
      });
    });
  });
});
afterEach(async () => {
  await logOut();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the tokens of a tab', () => {
  it('are gone after a logout, whatever comes of a renewal that was under way', async () => {
    await logIn('ada', 'password');
    const renewal = renew();
    await logOut();
    refreshes[0]!.answer(200, tokens('renewed'));
    expect(await renewal).toBeUndefined();
    expect([bearer(), mayRenew()]).toEqual([undefined, false]);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(refreshes).toHaveLength(1);
  });

  it('are those of the login that came after a renewal was begun', async () => {
    await logIn('ada', 'password');
    const renewal = renew();
    await logOut();
    await logIn('ada', 'password');
    refreshes[0]!.answer(401, {});
    expect(await renewal).toBeUndefined();
    expect([bearer(), mayRenew(), lost]).toEqual(['Bearer access-login', true, 0]);
  });

  it('are renewed once the node is back, after waits that double up to a minute', async () => {
    await logIn('ada', 'password');
    await vi.advanceTimersByTimeAsync(80_000);
    const waits = [1, 2, 4, 8, 16, 32, 60, 60];
    for (const [count, seconds] of waits.entries()) {
      expect(refreshes).toHaveLength(count + 1);
      refreshes[count]!.away();
      await vi.advanceTimersByTimeAsync(seconds * 1000 - 1);
      expect(refreshes).toHaveLength(count + 1);
      await vi.advanceTimersByTimeAsync(1);
    }
    refreshes[waits.length]!.answer(200, tokens('renewed'));
    await vi.advanceTimersByTimeAsync(0);
    expect([bearer(), lost]).toEqual(['Bearer access-renewed', 0]);
    await vi.advanceTimersByTimeAsync(80_000);
    expect(refreshes).toHaveLength(waits.length + 2);
  });

  it('are over when the node refuses them', async () => {
    await logIn('ada', 'password');
    const renewal = renew();
    refreshes[0]!.answer(401, { code: 'UNAUTHENTICATED', detail: 'no' });
    expect(await renewal).toBeUndefined();
    expect([bearer(), mayRenew(), lost]).toEqual([undefined, false, 1]);
  });
});
