import type { Redis } from 'ioredis';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import {
  type Document,
  DocumentCopies,
  type DocumentStore,
  isLater,
  nextVersion,
  type SharedDocuments,
} from './documents.js';
import { whenReady } from './redis-connections.js';
import type { Sealer } from './sealer.js';

export interface SharedDocumentsOptions {
  readonly state: DocumentStore;
  /** The `control` profile, on the Redis that does not evict. */
  readonly redis: Redis;
  /** Of every key. */
  readonly prefix: string;
  readonly sealer: Sealer;
  readonly now: () => Date;
  readonly log: Log;
  readonly pollMs?: number;
}

const POLL_MS = 300;
const UPDATE_ATTEMPTS = 5;
const READY_TIMEOUT_MS = 2000;

/**
 * Sets a field to ARGV[3] if it holds exactly ARGV[2] (nothing, if that is empty). What is compared is the whole sealed
 * text: no number in it has to be believed for that.
 */
const COMPARE_AND_SET = `
local held = redis.call('HGET', KEYS[1], ARGV[1])
if (held or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
`;

/**
 * The documents of a node of a fleet. Resolves when it has looked into Redis once, so that a new node knows of a freeze
 * before it does anything; or, when Redis does not answer for two seconds, with what its state holds. Errors: those of
 * the state.
 */
export async function openSharedDocuments(options: SharedDocumentsOptions): Promise<SharedDocuments> {
  const { log, state } = options;
  const copies = await DocumentCopies.load(state, (name, error) =>
    log.error('a change of a document was not taken up', { document: name, reason: String(error) }),
  );
  const documents = new RedisDocuments(options, copies);
  await whenReady(options.redis, READY_TIMEOUT_MS).catch(() => {});
  await documents.poll();
  return documents;
}

class RedisDocuments implements SharedDocuments {
  readonly #options: SharedDocumentsOptions;
  readonly #copies: DocumentCopies;
  readonly #key: string;
  readonly #timer: NodeJS.Timeout;
  /** What each field held when it was last opened, and what came out of it. */
  readonly #opened = new Map<string, { held: string; document: Document<unknown> | undefined }>();
  #polling: Promise<void> | undefined;
  #syncedAt: number | undefined;
  #closed = false;

  constructor(options: SharedDocumentsOptions, copies: DocumentCopies) {
    this.#options = options;
    this.#copies = copies;
    this.#key = `${options.prefix}:documents`;
    this.#timer = setInterval(() => void this.poll(), options.pollMs ?? POLL_MS);
    this.#timer.unref();
    options.redis.on('ready', this.#onReady);
  }

  readonly #onReady = () => void this.poll();

  get<T>(name: string): Document<T> | undefined {
    return this.#copies.get<T>(name);
  }

  async update<T>(name: string, expectedRevision: number, value: T, by: string): Promise<Document<T>> {
    for (let attempt = 1; attempt <= UPDATE_ATTEMPTS; attempt++) {
      const held = await this.#ask((redis) => redis.hget(this.#key, name));
      const theirs = this.#open<T>(name, held);
      if (theirs) await this.#copies.adopt(theirs);
      const change = { value, by, at: this.#options.now().toISOString() };
      const document = nextVersion(name, this.#copies.get<T>(name), expectedRevision, change);
      if (!(await this.#replace(held, document))) continue;
      await this.#copies.adopt(document);
      return document;
    }
    throw new ProvChainError('REVISION_CONFLICT', `${name} is being changed by others`);
  }

  onChange<T>(name: string, listener: (document: Document<T>) => void): () => void {
    return this.#copies.onChange(name, listener);
  }

  syncedAt(): number | undefined {
    return this.#syncedAt;
  }

  /** Takes over what is later in Redis, and puts there what is later here. Never rejects; one at a time. */
  poll(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#polling ??= this.#exchange()
      // That Redis is away is logged by the connection.
      .catch((error) => this.#options.log.debug('documents were not exchanged', { reason: String(error) }))
      .finally(() => {
        this.#polling = undefined;
      });
    return this.#polling;
  }

  async #exchange(): Promise<void> {
    const startedAt = this.#options.now().getTime();
    const fields = await this.#options.redis.hgetall(this.#key);
    for (const [name, held] of Object.entries(fields)) {
      if (this.#opened.get(name)?.held === held) continue;
      const document = this.#open(name, held);
      if (document) await this.#copies.adopt(document);
      else this.#options.log.warn('a document in Redis is not sealed by this fleet', { document: name });
      this.#opened.set(name, { held, document });
    }
    for (const name of this.#opened.keys()) if (!Object.hasOwn(fields, name)) this.#opened.delete(name);
    for (const ours of this.#copies.all()) {
      const theirs = this.#opened.get(ours.name);
      if (!theirs?.document || isLater(ours, theirs.document))
        await this.#replace(theirs?.held ?? null, ours);
    }
    this.#syncedAt = startedAt;
  }

  /** Whoever can write to Redis chooses the text: it counts only if it is sealed, and for this name. */
  #open<T>(name: string, held: string | null): Document<T> | undefined {
    const text = this.#options.sealer.open(held, name);
    return text === undefined ? undefined : (JSON.parse(text) as Document<T>);
  }

  async #replace(held: string | null, document: Document<unknown>): Promise<boolean> {
    const sealed = this.#options.sealer.seal(JSON.stringify(document), document.name);
    const { name } = document;
    return (
      (await this.#ask((redis) => redis.eval(COMPARE_AND_SET, 1, this.#key, name, held ?? '', sealed))) === 1
    );
  }

  async #ask<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await work(this.#options.redis);
    } catch (error) {
      const message = `Redis does not answer: ${error instanceof Error ? error.message : String(error)}`;
      throw new ProvChainError('QUEUE_UNAVAILABLE', message, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#options.redis.off('ready', this.#onReady);
    await this.#polling;
    await this.#copies.settled();
  }
}
