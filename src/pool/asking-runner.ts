import { ProvChainError } from '../errors.js';
import type { ShardOutcome, ShardTask } from '../validation/index.js';
import type { CountingRunner } from './coordinate.js';
import type { Covered } from './runner.js';

/** Asks for one shard to be run elsewhere. Rejects when whoever was asked cannot answer. */
type AskShard = (task: ShardTask, signal: AbortSignal) => Promise<ShardOutcome>;

/** Shards that run elsewhere: what they have covered is known when they end. */
export class AskingRunner implements CountingRunner {
  readonly concurrency: number;
  readonly #ask: AskShard;
  #blocks = 0;
  #bytes = 0;

  constructor(concurrency: number, ask: AskShard) {
    this.concurrency = concurrency;
    this.#ask = ask;
  }

  async run(task: ShardTask, signal: AbortSignal): Promise<ShardOutcome> {
    try {
      const outcome = await this.#ask(task, signal);
      if ('result' in outcome && !task.samples && !task.frontier) {
        const { range, coveredTo, checked } = outcome.result;
        this.#blocks += coveredTo - range.from;
        this.#bytes += checked.payloadBytes;
      }
      return outcome;
    } catch (thrown) {
      return { failed: ProvChainError.from(thrown).toPlain() };
    }
  }

  covered(): Covered {
    return { blocks: this.#blocks, bytes: this.#bytes };
  }
}
