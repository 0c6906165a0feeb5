import type { Redis } from 'ioredis';
import type { Revocations, SessionRecord, SessionStore } from '../auth/index.js';
import { ProvChainError } from '../errors.js';
import type { Sealer, SharedDocuments } from '../fleet/index.js';
import type { State } from '../state/index.js';

const PREFIX = 'session/';

/** Sessions in the state of a node that is alone: a restart does not end them. */
export function createStateSessions(state: State, now: () => Date): SessionStore {
  /** Sessions being taken: of two at once the second finds nothing. */
  const taking = new Set<string>();
  return {
    put: (id, record) => state.put([[PREFIX + id, record]]),
    async take(id) {
      if (taking.has(id)) return undefined;
      taking.add(id);
      try {
        const record = await state.get<SessionRecord>(PREFIX + id);
        if (record !== undefined) await state.delete([PREFIX + id]);
        return record !== undefined && record.expiresAtMs > now().getTime() ? record : undefined;
      } finally {
        taking.delete(id);
      }
    },
    delete: (id) => state.delete([PREFIX + id]),
  };
}

/** Takes away sessions whose time is over; to be called at the start. */
export async function dropExpiredSessions(state: State, now: Date): Promise<void> {
  for (let after: string | undefined; ; ) {
    const page = await state.scan<SessionRecord>(PREFIX, { after });
    const expired = page.filter(({ value }) => value.expiresAtMs <= now.getTime());
    if (expired.length > 0) await state.delete(expired.map(({ key }) => key));
    if (page.length === 0) return;
    after = page.at(-1)?.key;
  }
}

/**
 * Sessions of a fleet, in Redis. Who can write there could be anybody, so that records are sealed, each under its own
 * id. A Redis that forgets them ends the logins.
 */
export function createRedisSessions(
  redis: Redis,
  prefix: string,
  sealer: Sealer,
  now: () => Date,
): SessionStore {
  const keyOf = (id: string) => `${prefix}:session:${id}`;
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw new ProvChainError('QUEUE_UNAVAILABLE', 'Redis, which keeps the sessions, does not answer', {
        cause,
      });
    }
  };
  return {
    async put(id, record) {
      const left = Math.max(1, record.expiresAtMs - now().getTime());
      await guarded(redis.set(keyOf(id), sealer.seal(JSON.stringify(record), id), 'PX', left));
    },
    async take(id) {
      const sealed = await guarded(redis.getdel(keyOf(id)));
      const text = sealed === null ? undefined : sealer.open(sealed, id);
      return text === undefined ? undefined : (JSON.parse(text) as SessionRecord);
    },
    async delete(id) {
      await guarded(redis.del(keyOf(id)));
    },
  };
}

/** Ends of sessions, by id, in milliseconds since 1970. */
type Ends = Readonly<Record<string, number>>;

const NAME = 'revoked';
const ATTEMPTS = 8;

/**
 * Sessions that ended before their access tokens do: known here at once, on every other node within half a second, and
 * after restarts of nodes and of Redis.
 */
export function createRevocations(
  documents: SharedDocuments,
  nodeId: string,
  now: () => number,
): Revocations {
  /** Not yet in the document. */
  const own = new Map<string, number>();
  const shared = () => documents.get<Ends>(NAME)?.value ?? {};
  const share = async (): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const noted = [...own];
      const kept = Object.entries(shared()).filter(([, end]) => end > now());
      const ends = Object.fromEntries([...kept, ...noted]);
      try {
        await documents.update(NAME, documents.get(NAME)?.revision ?? 0, ends, nodeId);
        for (const [id] of noted) own.delete(id);
        return;
      } catch (thrown) {
        if (ProvChainError.from(thrown).code !== 'REVISION_CONFLICT' || attempt === ATTEMPTS) throw thrown;
      }
    }
  };
  return {
    revoke(id, expiresAtMs) {
      own.set(id, expiresAtMs);
      return share();
    },
    isRevoked: (id) => (own.get(id) ?? shared()[id] ?? 0) > now(),
  };
}
