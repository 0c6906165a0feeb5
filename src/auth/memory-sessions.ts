import type { Revocations, SessionRecord, SessionStore } from './sessions.js';

/** More than this many at once is no use of a single node; the oldest logins go first. */
const MOST_SESSIONS = 100_000;

/** Sessions of one process: a restart ends them. */
export function createMemorySessions(now: () => Date): SessionStore {
  const sessions = new Map<string, SessionRecord>();
  return {
    async put(sessionId, record) {
      sessions.delete(sessionId);
      sessions.set(sessionId, record);
      for (const [oldest, { expiresAtMs }] of sessions) {
        if (sessions.size <= MOST_SESSIONS && expiresAtMs > now().getTime()) break;
        sessions.delete(oldest);
      }
    },
    async take(sessionId) {
      const record = sessions.get(sessionId);
      sessions.delete(sessionId);
      return record;
    },
    async delete(sessionId) {
      sessions.delete(sessionId);
    },
  };
}

/** Ended sessions of one process. */
export function createMemoryRevocations(now: () => Date): Revocations {
  const ends = new Map<string, number>();
  return {
    revoke(id, expiresAtMs) {
      for (const [old, end] of ends) {
        if (end > now().getTime()) break;
        ends.delete(old);
      }
      ends.set(id, expiresAtMs);
    },
    isRevoked: (id) => (ends.get(id) ?? 0) > now().getTime(),
  };
}
