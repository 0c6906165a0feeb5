import { useEffect, useState } from 'preact/hooks';
import type { JobView } from '../api/answers.js';
import { send } from '../api/client.js';
import { EventText } from './event-text.js';

/**
 * Browsers open at most six connections to one HTTP/1.1 server, over all tabs. Streams stay open, so only a few jobs are
 * followed at once; the others are as fresh as the list they come from.
 */
const MOST_STREAMS = 2;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
/** A bar that moves four times a second looks live; more often costs without being seen. */
const SHOW_EVERY_MS = 250;

let open = 0;

export const isEnded = (job: Pick<JobView, 'state'>): boolean =>
  job.state !== 'queued' && job.state !== 'running';

/**
 * The job as its event stream tells it, from what is known of it on. Followed while it runs, the component is on the
 * page and somebody sees the page. Not an EventSource, which could send no token.
 */
export function useLiveJob(known: JobView): JobView {
  const [live, setLive] = useState(known);
  const ended = isEnded(known) || (live.jobId === known.jobId && isEnded(live));
  useEffect(() => {
    if (ended || open >= MOST_STREAMS) return;
    const following = new Following(known.jobId, setLive);
    open++;
    return () => {
      open--;
      following.stop();
    };
  }, [known.jobId, ended]);
  return live.jobId === known.jobId && live.revision > known.revision ? live : known;
}

class Following {
  #stopped = false;
  #seen = '';
  #waitMs = FIRST_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #showTimer: ReturnType<typeof setTimeout> | undefined;
  #latest: JobView | undefined;
  #reading: AbortController | undefined;

  constructor(
    private readonly jobId: string,
    private readonly show: (job: JobView) => void,
  ) {
    document.addEventListener('visibilitychange', this.#seenOrNot);
    this.#seenOrNot();
  }

  stop(): void {
    this.#stopped = true;
    document.removeEventListener('visibilitychange', this.#seenOrNot);
    clearTimeout(this.#timer);
    clearTimeout(this.#showTimer);
    this.#reading?.abort();
  }

  readonly #seenOrNot = (): void => {
    clearTimeout(this.#timer);
    this.#reading?.abort();
    if (document.visibilityState !== 'hidden') void this.#read();
  };

  async #read(): Promise<void> {
    const reading = new AbortController();
    this.#reading = reading;
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.#seen !== '') headers['Last-Event-ID'] = this.#seen;
    try {
      const answer = await send(`/api/jobs/${this.jobId}/events`, { headers, signal: reading.signal });
      // 204: it has ended and all of it was seen. 404: it is gone.
      if (answer.status === 204 || answer.status === 404) return;
      if (answer.ok && answer.body !== null) await this.#take(answer.body);
    } catch {
      // Lost, or stopped on purpose: the stream is taken up again below where it was.
    }
    if (reading.signal.aborted || this.#stopped) return;
    if (this.#latest !== undefined && isEnded(this.#latest)) return;
    this.#timer = setTimeout(() => void this.#read(), this.#waitMs);
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }

  async #take(body: ReadableStream<Uint8Array>): Promise<void> {
    const events = new EventText();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const { id, data } of events.take(decoder.decode(value, { stream: true }))) {
        this.#seen = id;
        this.#waitMs = FIRST_WAIT_MS;
        this.#later(JSON.parse(data) as JobView);
      }
    }
  }

  /** The end of a job is shown at once, progress a few times a second. */
  #later(job: JobView): void {
    this.#latest = job;
    if (isEnded(job)) this.#now();
    else this.#showTimer ??= setTimeout(() => this.#now(), SHOW_EVERY_MS);
  }

  #now(): void {
    clearTimeout(this.#showTimer);
    this.#showTimer = undefined;
    if (this.#latest !== undefined && !this.#stopped) this.show(this.#latest);
  }
}
