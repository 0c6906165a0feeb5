import type { Redis } from 'ioredis';
import type { Log } from '../logging/index.js';
import type { Sealer } from './sealer.js';

/** What a node says of itself. */
export interface NodeEntry {
  readonly nodeId: string;
  /** Where clients reach it; absent when it serves none. */
  readonly url?: string;
  readonly roles: readonly string[];
  readonly chainId: string;
  readonly replica: string;
  /** Number of blocks, and hex hash of the last one; null while it could not be read. */
  readonly height: number | null;
  readonly headHash: string | null;
  /** Whether it appends to the chain. */
  readonly writer: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Jobs. */
  readonly load: { readonly active: number; readonly queued: number };
  /** Of the program. */
  readonly version: string;
}

/** Who is there. The answer comes from a local copy that is at most a heartbeat old; this node's own entry is of now. */
export interface NodeRegistry {
  self(): NodeEntry;
  /** Every node that was heard of in the last seconds, this one first, the others by id. */
  list(): readonly NodeEntry[];
  /** Says at once what changed, without waiting for the next heartbeat. Never rejects. */
  announce(): Promise<void>;
  /** Takes this node's entry away. Idempotent. */
  close(): Promise<void>;
}

/** The registry of a node that is alone. */
export function createLocalRegistry(describe: () => NodeEntry): NodeRegistry {
  return {
    self: describe,
    list: () => [describe()],
    announce: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

export interface NodeRegistryOptions {
  readonly describe: () => NodeEntry;
  /** The `control` profile. */
  readonly redis: Redis;
  /** Of every key. */
  readonly prefix: string;
  readonly sealer: Sealer;
  readonly log: Log;
  readonly beatMs?: number;
  /** A node that was not heard of for longer is gone. */
  readonly ttlMs?: number;
}

const BEAT_MS = 1000;
const TTL_MS = 5000;

/**
 * One heartbeat: writes this node's entry, drops those that are too old, and gives all that are left as
 * `[id, entry, id, entry, …]`, after a 1 if this node was not among them before. Ages go by the clock of Redis, since
 * those of the nodes differ.
 */
const BEAT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local isNew = redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
local all = redis.call('HGETALL', KEYS[1])
local alive = {}
for i = 1, #all, 2 do
  local space = string.find(all[i + 1], ' ', 1, true)
  local at = space and tonumber(string.sub(all[i + 1], 1, space - 1))
  if at and now - at <= tonumber(ARGV[3]) and at <= now then
    alive[#alive + 1] = all[i]
    alive[#alive + 1] = string.sub(all[i + 1], space + 1)
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[3]) * 2)
return {isNew, alive}
`;

/** A registry over Redis. While Redis is away, the others fade from the list as they would if they had died. */
export function createNodeRegistry(options: NodeRegistryOptions): NodeRegistry {
  return new RedisRegistry(options);
}

class RedisRegistry implements NodeRegistry {
  readonly #options: NodeRegistryOptions;
  readonly #key: string;
  readonly #ttlMs: number;
  readonly #timer: NodeJS.Timeout;
  /** Others by id, with the time of this process's clock at which they were last in an answer. */
  readonly #others = new Map<string, { entry: NodeEntry; seenAt: number }>();
  /** Until then, in the time of this process's clock, who is missing in an answer may only have had no turn yet. */
  #patientUntil = 0;
  #joined = false;
  #closed: Promise<void> | undefined;

  constructor(options: NodeRegistryOptions) {
    this.#options = options;
    this.#key = `${options.prefix}:nodes`;
    this.#ttlMs = options.ttlMs ?? TTL_MS;
    this.#timer = setInterval(() => void this.announce(), options.beatMs ?? BEAT_MS);
    this.#timer.unref();
    options.redis.on('ready', this.#onReady);
    void this.announce();
  }

  readonly #onReady = () => void this.announce();

  self(): NodeEntry {
    return this.#options.describe();
  }

  list(): readonly NodeEntry[] {
    const self = this.self();
    const oldest = performance.now() - this.#ttlMs;
    for (const [id, { seenAt }] of this.#others) if (seenAt < oldest) this.#others.delete(id);
    const others = [...this.#others.values()].map(({ entry }) => entry);
    return [self, ...others.sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1))];
  }

  async announce(): Promise<void> {
    const { redis, sealer, log } = this.#options;
    if (this.#closed) return;
    try {
      const self = this.self();
      const sealed = sealer.seal(JSON.stringify(self), self.nodeId);
      const answer = await redis.eval(BEAT, 1, this.#key, self.nodeId, sealed, this.#ttlMs);
      const [isNew, alive] = answer as [0 | 1, string[]];
      // Redis was emptied: the others, who are there as before, would be gone until they have said so again.
      if (isNew === 1 && this.#joined) this.#patientUntil = performance.now() + this.#ttlMs;
      this.#joined = true;
      this.#take(alive, self.nodeId);
    } catch (error) {
      // That Redis is away is logged by the connection.
      log.debug('a heartbeat was lost', { reason: String(error) });
    }
  }

  /** Whoever can write to Redis chooses the answer; only sealed entries count, each under its own id. */
  #take(answer: readonly string[], selfId: string): void {
    const seenAt = performance.now();
    if (seenAt > this.#patientUntil) this.#others.clear();
    for (let i = 0; i + 1 < answer.length; i += 2) {
      const text = this.#options.sealer.open(answer[i + 1], answer[i]);
      if (text === undefined || answer[i] === selfId) continue;
      this.#others.set(answer[i]!, { entry: JSON.parse(text) as NodeEntry, seenAt });
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#leave();
    return this.#closed;
  }

  async #leave(): Promise<void> {
    clearInterval(this.#timer);
    this.#options.redis.off('ready', this.#onReady);
    await this.#options.redis.hdel(this.#key, this.self().nodeId).catch(() => {});
  }
}
