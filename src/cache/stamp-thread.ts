import { Worker } from 'node:worker_threads';
import type { Look, LookAnswer, LookRequest, Places } from './file-stamps.js';

const ENTRY = new URL('../../workers/file-stamps.js', import.meta.url);

interface Asking {
  resolve(look: Look): void;
  reject(error: Error): void;
}

/**
 * Looks at files in a thread of its own: a look is twenty system calls, and each of them given to Node's thread pool by
 * itself cost the event loop more than all of them cost here (15 of 280 µs of every accepted job). A file system that
 * hangs holds this thread, and neither the event loop nor the pool that everything else needs.
 *
 * States: none → running (with the first question) → none again when it has ended, with which all that was asked fails.
 * It keeps the process alive only while something is asked.
 */
class StampThread {
  readonly #asking = new Map<number, Asking>();
  #worker: Worker | undefined;
  #last = 0;

  look(dir: string, expected: Places | undefined): Promise<Look> {
    return new Promise((resolve, reject) => {
      const worker = this.#running();
      this.#last++;
      this.#asking.set(this.#last, { resolve, reject });
      if (this.#asking.size === 1) worker.ref();
      worker.postMessage({ id: this.#last, dir, expected } satisfies LookRequest);
    });
  }

  #running(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(ENTRY, { name: 'file-stamps', execArgv: [] });
    const end = (reason: string) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const { reject } of this.#asking.values()) reject(new Error(reason));
      this.#asking.clear();
    };
    worker.on('message', (answer: LookAnswer) => this.#take(answer));
    worker.on('error', (error) => end(`the thread that looks at them failed: ${error.message}`));
    worker.on('exit', () => end('the thread that looks at them has ended'));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #take(answer: LookAnswer): void {
    const asking = this.#asking.get(answer.id);
    this.#asking.delete(answer.id);
    if (this.#asking.size === 0) this.#worker?.unref();
    if ('look' in answer) asking?.resolve(answer.look);
    else asking?.reject(Object.assign(new Error(answer.failed.message), { code: answer.failed.code }));
  }
}

/** One for the process: it keeps nothing from one look to the next. */
const thread = new StampThread();

/** {@link lookAtFiles}, without blocking. Errors: those of the system; an Error when the thread has ended. */
export const lookInThread = (dir: string, expected: Places | undefined): Promise<Look> =>
  thread.look(dir, expected);
