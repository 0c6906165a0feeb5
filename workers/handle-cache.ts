import { type LedgerSource, openSource } from '../src/ledger/index.js';
import type { Plan } from '../src/validation/index.js';

/** An idle handle keeps files on disk that compaction has replaced. */
const IDLE_MS = 2000;
/** Jobs whose shards take turns on one thread and keep their handles meanwhile. */
const MOST_HANDLES = 8;

interface Handle {
  readonly source: LedgerSource;
  idle?: NodeJS.Timeout;
}

/**
 * The read-only handles of one thread, which runs one shard at a time: one for each run of a job, so that no run reads
 * through what was opened before it began, and for each directory and pin, because the handle shows exactly those.
 */
export class HandleCache {
  /** In the order of their last use. */
  readonly #handles = new Map<string, Handle>();

  /** Errors: as `openSource`. */
  async open(dir: string, plan: Plan): Promise<LedgerSource> {
    const key = keyOf(dir, plan);
    const known = this.#handles.get(key);
    clearTimeout(known?.idle);
    this.#handles.delete(key);
    const direct = plan.checks.includes('direct-reads');
    const handle = known ?? { source: await openSource(dir, { direct, pin: plan.pin }) };
    this.#handles.set(key, handle);
    if (this.#handles.size > MOST_HANDLES) await this.#close(this.#handles.keys().next().value!);
    return handle.source;
  }

  /** The shard has ended; the handle waits for the next one of its job. */
  release(dir: string, plan: Plan): void {
    const key = keyOf(dir, plan);
    const handle = this.#handles.get(key);
    if (handle) handle.idle = setTimeout(() => this.#close(key), IDLE_MS).unref();
  }

  /** Closes the handle of a failed shard, so that its next attempt reads through a fresh one. */
  discard(dir: string, plan: Plan): Promise<void> {
    return this.#close(keyOf(dir, plan));
  }

  async #close(key: string): Promise<void> {
    const handle = this.#handles.get(key);
    clearTimeout(handle?.idle);
    this.#handles.delete(key);
    // A handle that does not close changes nothing about what was read through it.
    await handle?.source.close().catch(() => {});
  }
}

function keyOf(dir: string, { jobId, runId, pin, checks }: Plan): string {
  const direct = checks.includes('direct-reads');
  return JSON.stringify([jobId, runId, dir, pin.height, pin.headHash, direct]);
}
