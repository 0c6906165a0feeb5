import { setTimeout as sleep } from 'node:timers/promises';
import { ProvChainError } from '../errors.js';
import { parseJob, type RemoteJob } from './answers.js';
import { EventStreamReader, type ServerEvent } from './event-stream.js';
import type { Http } from './http.js';
import { unreachable } from './problem.js';

/**
 * Watching a job: states of the loop.
 *
 *   connecting → streaming   the server took the request; events come with ids
 *              → waiting     it did not answer, or is overloaded: again after a pause, which doubles
 *   streaming  → waiting     the stream ended or fell silent before the job did; what comes next is asked for by id
 *   any        → over        the job has ended, or an answer says that asking again is useless
 */
export interface WatchOptions {
  /** Only changes after this revision of the job. */
  readonly since?: number;
  readonly signal?: AbortSignal;
  /** A stream without a sign of life for so long is given up and opened anew. */
  readonly idleMs: number;
  /** So long no word may come from the server before watching fails. */
  readonly patienceMs: number;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export const hasEnded = ({ state }: Pick<RemoteJob, 'state'>): boolean =>
  state === 'completed' || state === 'failed' || state === 'cancelled';

/**
 * The job after each change, in order, until it has ended; the last one is then its final state. Survives lost
 * connections and restarts of the server: it resumes after the last revision that it has seen.
 *
 * Errors: NOT_FOUND, UNAUTHENTICATED and the like, as the server says; SERVER_UNREACHABLE when the server stays away
 * for `patienceMs`; the reason of `signal` when that is aborted.
 */
export async function* watchJob(http: Http, jobId: string, options: WatchOptions): AsyncGenerator<RemoteJob> {
  let seen = options.since;
  let pauseMs = FIRST_PAUSE_MS;
  let heardAt = performance.now();
  for (;;) {
    let stream: ReadableStream<Uint8Array> | undefined;
    let failure = new ProvChainError(
      'SERVER_UNREACHABLE',
      `${http.base} ended the stream before the job was over`,
    );
    try {
      stream = await openStream(http, jobId, seen, options.signal);
      if (!stream) return;
      for await (const job of readJobs(stream, http, jobId, options.idleMs)) {
        pauseMs = FIRST_PAUSE_MS;
        if (seen !== undefined && job.revision <= seen) continue;
        seen = job.revision;
        yield job;
        if (hasEnded(job)) return;
      }
    } catch (thrown) {
      options.signal?.throwIfAborted();
      failure = ProvChainError.from(thrown);
      if (!failure.retryable) throw failure;
    }
    // A stream that was open had the server at its end until now, even if the job gave it nothing to say.
    if (stream) heardAt = performance.now();
    if (performance.now() - heardAt + pauseMs > options.patienceMs) throw failure;
    await pause(pauseMs, options.signal);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => signal?.throwIfAborted());
}

/** Undefined when the job has ended and `since` is its last revision. */
function openStream(http: Http, jobId: string, since: number | undefined, signal: AbortSignal | undefined) {
  const headers: Record<string, string> = since === undefined ? {} : { 'last-event-id': String(since) };
  return http.stream({ path: `/api/jobs/${encodeURIComponent(jobId)}/events`, headers, signal });
}

async function* readJobs(
  body: ReadableStream<Uint8Array>,
  http: Http,
  jobId: string,
  idleMs: number,
): AsyncGenerator<RemoteJob> {
  const reader = body.getReader();
  const events = new EventStreamReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await readWithin(reader, idleMs, http);
      if (done) return;
      for (const event of events.push(decoder.decode(value, { stream: true }))) {
        const job = jobOf(event, jobId);
        if (job) yield job;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Errors: SERVER_UNREACHABLE when nothing comes, not even a comment, or the connection breaks. */
async function readWithin(reader: ReadableStreamDefaultReader<Uint8Array>, idleMs: number, http: Http) {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException('silence', 'TimeoutError')), idleMs);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } catch (thrown) {
    throw unreachable(http.base, thrown, idleMs);
  } finally {
    clearTimeout(timer);
  }
}

/** Events of other kinds than these two are for others, or from a newer server. */
function jobOf({ type, data }: ServerEvent, jobId: string): RemoteJob | undefined {
  if (type !== 'state' && type !== 'progress') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new ProvChainError('SERVER_UNREACHABLE', 'the server sent an event that is no JSON');
  }
  const job = parseJob(value);
  return job.jobId === jobId ? job : undefined;
}
