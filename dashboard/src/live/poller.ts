import { ask } from '../api/client.js';
import { ApiProblem } from '../api/problem.js';
import type { Polled } from './polled.js';

interface Entry {
  readonly path: string;
  everyMs: number;
  dueAt: number;
  failures: number;
  asking: boolean;
  text: string | undefined;
  state: Polled<unknown>;
  readonly listeners: Set<(state: Polled<unknown>) => void>;
}

const LONGEST_WAIT_MS = 60_000;
const NOTHING: Polled<undefined> = { data: undefined, error: undefined };

/**
 * Keeps what the views show fresh, with one timer for all of it. A path that several parts want is asked for once. While
 * nobody sees the page nothing is asked; when it is seen again, what is due is. A request that fails is tried again after
 * twice the time of the one before, up to a minute. An answer that is the same text as before reaches nobody, so nothing
 * is rendered for it.
 */
export class Poller {
  readonly #entries = new Map<string, Entry>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#plan());
  }

  /** @param everyMs milliseconds between requests; Infinity: once */
  follow(path: string, everyMs: number, listener: (state: Polled<unknown>) => void): () => void {
    let entry = this.#entries.get(path);
    if (entry === undefined) {
      entry = {
        path,
        everyMs,
        dueAt: 0,
        failures: 0,
        asking: false,
        text: undefined,
        state: NOTHING,
        listeners: new Set(),
      };
      this.#entries.set(path, entry);
    }
    entry.everyMs = Math.min(entry.everyMs, everyMs);
    entry.listeners.add(listener);
    listener(entry.state);
    this.#plan();
    const followed = entry;
    return () => {
      followed.listeners.delete(listener);
      if (followed.listeners.size === 0) this.#entries.delete(path);
    };
  }

  /** Asks anew, now, for every path that begins so. */
  refresh(prefix: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.path.startsWith(prefix)) entry.dueAt = 0;
    }
    this.#plan();
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (document.visibilityState === 'hidden') return;
    const now = Date.now();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries.values()) {
      if (entry.asking) continue;
      if (entry.dueAt <= now) void this.#ask(entry);
      else next = Math.min(next, entry.dueAt);
    }
    if (Number.isFinite(next)) this.#timer = setTimeout(() => this.#plan(), Math.max(50, next - now));
  }

  async #ask(entry: Entry): Promise<void> {
    entry.asking = true;
    entry.dueAt = Number.POSITIVE_INFINITY;
    try {
      const { text } = await ask(entry.path);
      entry.failures = 0;
      this.#wait(entry, entry.everyMs);
      if (text !== entry.text || entry.state.error !== undefined) {
        const data = text === '' ? undefined : JSON.parse(text);
        entry.text = text;
        this.#tell(entry, { data, error: undefined, answeredMs: Date.now() });
      } else entry.state.answeredMs = Date.now();
    } catch (thrown) {
      const error = thrown instanceof ApiProblem ? thrown : new ApiProblem(0, 'UNREADABLE', String(thrown));
      entry.failures++;
      const waitMs = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** entry.failures);
      // What is not there will hardly come soon; what failed may be back in a second.
      if (error.status === 0 || error.status >= 429)
        this.#wait(entry, Math.max(waitMs, (error.retryAfterSeconds ?? 0) * 1000));
      else this.#wait(entry, Math.max(entry.everyMs, LONGEST_WAIT_MS));
      if (entry.state.error?.code !== error.code || entry.state.error.message !== error.message) {
        this.#tell(entry, { ...entry.state, error });
      }
    } finally {
      entry.asking = false;
      this.#plan();
    }
  }

  /** Unless somebody has asked for it anew meanwhile. */
  #wait(entry: Entry, ms: number): void {
    if (entry.dueAt !== 0) entry.dueAt = Date.now() + ms;
  }

  #tell(entry: Entry, state: Polled<unknown>): void {
    entry.state = state;
    for (const listener of entry.listeners) listener(state);
  }
}
