import { ProvChainError } from '../errors.js';
import { isTerminal, type JobService } from '../jobs/index.js';
import type { Log } from '../logging/index.js';
import { rest } from '../rest.js';

interface AppendValidationsOptions {
  readonly jobs: Pick<JobService, 'submit' | 'wait'>;
  readonly log: Log;
}

/** After a refusal that says nothing of when to come back. */
const REST_MS = 5000;
/** How long one question for the end of a job may stay open. */
const PATIENCE_MS = 60_000;

/**
 * Validates the chain after appends. States: idle → validating → idle, or validating once more for what was appended
 * meanwhile.
 *
 * Every validation covers the whole chain, so that one for the last of a hundred blocks says what one for each of them
 * would. At most one is in the queue: blocks that come faster than the chain can be validated would otherwise fill it,
 * and everybody else would be refused.
 */
export class AppendValidations {
  readonly #options: AppendValidationsOptions;
  readonly #stop = new AbortController();
  #wanted = false;
  #running: Promise<void> | undefined;

  constructor(options: AppendValidationsOptions) {
    this.#options = options;
  }

  /** A block was stored. */
  appended(): void {
    this.#wanted = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** A validation that was accepted goes on without anybody here. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { log } = this.#options;
    while (this.#wanted && !this.#stop.signal.aborted) {
      this.#wanted = false;
      try {
        await this.#validate();
      } catch (thrown) {
        const { code, message, retryable, retryAfterMs } = ProvChainError.from(thrown);
        log.warn('a validation was not accepted', { trigger: 'append', code, reason: message });
        this.#wanted ||= retryable;
        await rest(retryAfterMs ?? REST_MS, this.#stop.signal);
      }
    }
  }

  async #validate(): Promise<void> {
    const { jobs } = this.#options;
    const { signal } = this.#stop;
    const submitted = await jobs.submit({}, { trigger: 'append' });
    if (submitted.kind === 'cached') return;
    let { record } = submitted;
    while (!isTerminal(record.state) && !signal.aborted) {
      record = await jobs.wait(record.spec.jobId, PATIENCE_MS, signal);
    }
  }
}
