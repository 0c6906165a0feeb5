import type { ShardOutcome, ShardRunner, ShardTask } from '../validation/index.js';

/** Shards on worker threads and, one at a time, in the calling thread. */
export class SharedRunner implements ShardRunner {
  readonly concurrency: number;
  readonly #caller: ShardRunner;
  readonly #threads: ShardRunner;
  #callerBusy = false;

  constructor(caller: ShardRunner, threads: ShardRunner) {
    this.#caller = caller;
    this.#threads = threads;
    this.concurrency = 1 + threads.concurrency;
  }

  async run(task: ShardTask, signal: AbortSignal): Promise<ShardOutcome> {
    if (this.#callerBusy) return this.#threads.run(task, signal);
    this.#callerBusy = true;
    try {
      return await this.#caller.run(task, signal);
    } finally {
      this.#callerBusy = false;
    }
  }
}
