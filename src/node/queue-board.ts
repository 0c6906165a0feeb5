import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { AppControllerRoute, BullBoardQueues, IServerAdapter } from '@bull-board/api/typings/app';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ApiQueueBoard, BoardAnswer } from '../api/index.js';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import type { Base } from './base.js';
import { BoardFiles } from './queue-board-files.js';

interface QueueBoardOptions {
  /** Fails at once when Redis is away. Not closed with the board. */
  readonly redis: Redis;
  /** Of this chain's queues. */
  readonly prefix: string;
  /** Those that the fleet has at this moment. */
  readonly replicas: () => readonly string[];
  readonly log: Log;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const MOST_REPLICAS = 50;
const MOST_JOBS_A_PAGE = 100;
/** Paths of Bull Board's pages; all are one file, which looks at the address itself. */
const PAGES = new Set(['', 'metrics-history', 'job-schedulers', 'queue']);

type Handler = AppControllerRoute['handler'];

/**
 * Bull Board over the queues of one chain, to be looked at only. It stands behind the API's own routes instead of an
 * Express application of its own, so that its requests pass the same checks; and of its routes those that change
 * something are left out, beside its read-only mode.
 */
class QueueBoard implements ApiQueueBoard {
  readonly #options: QueueBoardOptions;
  readonly #files: BoardFiles;
  readonly #queues = new Map<string, Queue>();
  readonly #adapters = new Map<string, BullMQAdapter>();
  readonly #routes: { readonly pattern: readonly string[]; readonly handler: Handler }[] = [];
  #shown: BullBoardQueues = new Map();
  readonly #replace: (queues: readonly BullMQAdapter[]) => void;

  constructor(options: QueueBoardOptions, files: BoardFiles) {
    this.#options = options;
    this.#files = files;
    const { replaceQueues } = createBullBoard({ queues: [], serverAdapter: this.#server() });
    this.#replace = replaceQueues;
  }

  /** Errors: NOT_FOUND, QUEUE_UNAVAILABLE. Path and query are the client's. */
  async get(path: readonly string[], query: Readonly<Record<string, string>>): Promise<BoardAnswer> {
    const [first = ''] = path;
    if (first === 'static') return this.#files.read(path.slice(1).join('/'));
    if (PAGES.has(first)) return this.#files.page;
    const found = this.#find(path);
    if (found === undefined) throw new ProvChainError('NOT_FOUND', 'the page of the queues has no such part');
    this.#showQueues();
    const { body, status = 200 } = await found.handler({
      queues: this.#shown,
      uiConfig: {},
      query: limited(query),
      params: found.params,
      body: {},
      headers: {},
    });
    return { status, type: JSON_TYPE, raw: JSON.stringify(body), immutable: false };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  #find(path: readonly string[]) {
    for (const { pattern, handler } of this.#routes) {
      if (pattern.length !== path.length) continue;
      if (!pattern.every((part, at) => part.startsWith(':') || part === path[at])) continue;
      const named = pattern.flatMap((part, at) => (part.startsWith(':') ? [[part.slice(1), path[at]]] : []));
      return { handler, params: Object.fromEntries(named) };
    }
    return undefined;
  }

  /** The queues of the replicas that are there now. BullMQ's object fails for good if Redis is away when it is made. */
  #showQueues(): void {
    const { redis, replicas } = this.#options;
    if (redis.status !== 'ready') {
      throw new ProvChainError(
        'QUEUE_UNAVAILABLE',
        `Redis does not answer: the connection is ${redis.status}`,
      );
    }
    const known = [...new Set(replicas())].sort().slice(0, MOST_REPLICAS);
    const names = known.flatMap((replica) => [`jobs-${replica}`, `shards-${replica}`, `rounds-${replica}`]);
    this.#replace(names.map((name) => this.#adapterOf(name)));
  }

  #adapterOf(name: string): BullMQAdapter {
    const known = this.#adapters.get(name);
    if (known) return known;
    const { redis: connection, prefix, log } = this.#options;
    const queue = new Queue(name, { connection, prefix, skipWaitingForReady: true });
    const forget = () => {
      this.#queues.delete(name);
      this.#adapters.delete(name);
    };
    queue.on('error', (error) => log.debug('queue error', { queue: name, reason: error.message }));
    queue.waitUntilReady().catch(forget);
    const adapter = new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false });
    // Sealed text, which says nothing to a person, and is not meant to be carried elsewhere.
    adapter.setFormatter('data', sizeOf);
    adapter.setFormatter('returnValue', sizeOf);
    this.#queues.set(name, queue);
    this.#adapters.set(name, adapter);
    return adapter;
  }

  #server(): IServerAdapter {
    const server: IServerAdapter = {
      setQueues: (queues) => {
        this.#shown = queues;
        return server;
      },
      setApiRoutes: (routes) => {
        for (const { method, route, handler } of routes) {
          if (method !== 'get') continue;
          for (const path of [route].flat())
            this.#routes.push({ pattern: path.split('/').slice(1), handler });
        }
        return server;
      },
      // What it needs of these, `BoardFiles` does.
      setViewsPath: () => server,
      setStaticPath: () => server,
      setEntryRoute: () => server,
      setErrorHandler: () => server,
      setUIConfig: () => server,
    };
    return server;
  }
}

const sizeOf = (value: unknown): string | null =>
  typeof value === 'string' ? `${value.length} characters, sealed` : null;

function limited(query: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const wanted = Number(query.jobsPerPage);
  return wanted > MOST_JOBS_A_PAGE ? { ...query, jobsPerPage: String(MOST_JOBS_A_PAGE) } : query;
}

/**
 * The page of a fleet's queues; undefined for a node that is alone. Errors: INTERNAL when the package of the page is not
 * the one that this was written for.
 */
export async function openQueueBoard(
  { fleet, log }: Pick<Base, 'fleet' | 'log'>,
  nodes: () => readonly { readonly replica: string }[],
): Promise<QueueBoard | undefined> {
  if (!fleet) return undefined;
  const replicas = () => nodes().map(({ replica }) => replica);
  const options = { redis: fleet.redis.queue(), prefix: fleet.prefix, replicas, log };
  return new QueueBoard(options, await BoardFiles.open());
}
