import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSession, type Session } from 'better-sse';
import { ProvChainError } from '../errors.js';
import { isTerminal, type JobEvent, type JobRecord } from '../jobs/index.js';
import type { ApiDependencies } from './dependencies.js';
import { jobView } from './job-view.js';
import type { Reply } from './route.js';

const HEARTBEAT_MS = 15_000;
const MAX_STREAMS = 1000;
/** Unsent bytes at which a client that does not read is cut off; it resumes where it was when it comes back. */
const MAX_UNSENT_BYTES = 1 << 20;

/** Streams under way, by node: tests run several in one process. */
const streamsOf = new WeakMap<ApiDependencies, number>();

/**
 * The stream of a job's events, or 204 when the client has seen the last one, which tells an EventSource to stop.
 *
 * Errors: OVERLOADED when as many streams are open as may be.
 */
export function jobEvents(record: JobRecord, lastEventId: string | undefined, node: ApiDependencies): Reply {
  const seen = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : -1;
  if (isTerminal(record.state) && record.revision <= seen) return { status: 204 };
  const open = streamsOf.get(node) ?? 0;
  if (open >= (node.options.maxEventStreams ?? MAX_STREAMS)) {
    throw new ProvChainError('OVERLOADED', `${open} event streams are open already`);
  }
  return {
    stream: async (request, response) => {
      streamsOf.set(node, (streamsOf.get(node) ?? 0) + 1);
      const ended = node.streamOpened?.();
      try {
        await streamEvents(request, response, record.spec.jobId, seen, node);
      } finally {
        ended?.();
        streamsOf.set(node, (streamsOf.get(node) ?? 1) - 1);
      }
    },
  };
}

/** Resolves when the stream is over, whoever ended it, and everything that belonged to it is taken down. */
async function streamEvents(
  request: IncomingMessage,
  response: ServerResponse,
  jobId: string,
  seen: number,
  node: ApiDependencies,
): Promise<void> {
  // The library's own sign of life would go on for ever if the client left before the head was sent.
  const session = await openSession(request, response);
  const closed = new Promise<void>((resolve) => {
    if (response.closed || response.destroyed) resolve();
    else response.once('close', resolve);
  });
  const stream = new EventStream(session, response, seen);
  const stop = () => response.end();
  node.stopping?.addEventListener('abort', stop);
  const heartbeat = setInterval(() => response.write(':\n\n'), node.options.heartbeatMs ?? HEARTBEAT_MS);
  const unwatch = node.jobs.watch(jobId, seen, (event) => stream.take(event));
  try {
    // Asked for after the watch began, so that no change falls in between; what comes twice is passed over.
    const now = await node.jobs.get(jobId);
    if (now !== undefined) stream.take({ jobId, id: now.revision, type: 'state', record: now });
    if (node.stopping?.aborted) stop();
    await closed;
  } finally {
    unwatch();
    clearInterval(heartbeat);
    node.stopping?.removeEventListener('abort', stop);
  }
}

async function openSession(request: IncomingMessage, response: ServerResponse): Promise<Session> {
  try {
    return await createSession(request, response, {
      keepAlive: null,
      trustClientEventId: false,
      retry: 1000,
    });
  } catch (thrown) {
    // It makes a URL of the Host field, which is the client's.
    throw new ProvChainError('REQUEST_INVALID', 'the Host field is no host', { cause: thrown });
  }
}

/** Sends each revision once, in order, and ends after the terminal one. */
class EventStream {
  #sent: number;

  constructor(
    private readonly session: Session,
    private readonly response: ServerResponse,
    seen: number,
  ) {
    this.#sent = seen;
  }

  take({ id, type, record }: JobEvent): void {
    if (id <= this.#sent || !this.session.isConnected || this.response.writableEnded) return;
    const ended = isTerminal(record.state);
    // An event of progress replaces the one before it, so a client that reads slowly gets fewer of them.
    if (type === 'progress' && !ended && this.response.writableNeedDrain) return;
    if (this.response.writableLength > MAX_UNSENT_BYTES) {
      this.response.destroy();
      return;
    }
    this.#sent = id;
    this.session.push(jobView(record), ended ? 'state' : type, String(id));
    if (ended) this.response.end();
  }
}
