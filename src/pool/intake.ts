import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { ProvChainError } from '../errors.js';
import type { Payload } from '../ledger/index.js';
import type { RdfFormat } from '../rdf/index.js';
import type { IntakeAnswer, IntakeRequest } from './messages.js';
import { threadArguments } from './thread-arguments.js';

const ENTRY = fileURLToPath(new URL('../../workers/prepare-document.js', import.meta.url));

export interface IntakeOptions {
  readonly threads: number;
  /** Documents under way and waiting; more are refused. */
  readonly maxDocuments: number;
  /** Longest time for one document; its thread is ended then. */
  readonly timeoutMs: number;
  readonly maxHeapMb?: number;
}

/**
 * Turns documents from outside into payloads on threads of its own, so that a graph that was made to be hard keeps
 * only its own thread busy, and no longer than allowed.
 */
export class Intake {
  readonly #piscina: Promise<Piscina>;
  readonly #options: IntakeOptions;
  #underWay = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#piscina = startThreads(options);
    // Who prepares a document is told.
    this.#piscina.catch(() => {});
  }

  /**
   * The payload of a block for a document.
   *
   * Errors: those of `prepareDocument`; OVERLOADED when too many documents wait; CANONICAL_LIMIT when it took longer
   * than allowed or more memory than a thread has.
   */
  async prepare(document: Uint8Array, format: RdfFormat, payloadLimitBytes: number): Promise<Payload> {
    if (this.#underWay >= this.#options.maxDocuments) {
      throw new ProvChainError('OVERLOADED', `${this.#underWay} documents are being prepared already`);
    }
    this.#underWay++;
    try {
      const answer = await this.#run({ document, format, payloadLimitBytes });
      if ('failed' in answer) throw ProvChainError.fromPlain(answer.failed);
      return answer.payload;
    } finally {
      this.#underWay--;
    }
  }

  async #run(request: IntakeRequest): Promise<IntakeAnswer> {
    const { timeoutMs } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return (await (await this.#piscina).run(request, { signal })) as IntakeAnswer;
    } catch (thrown) {
      const { code, name, message } = thrown as Error & { code?: string };
      if (signal.aborted || name === 'AbortError') {
        throw new ProvChainError('CANONICAL_LIMIT', `the document was not ready after ${timeoutMs / 1000} s`);
      }
      if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
        throw new ProvChainError('CANONICAL_LIMIT', 'the document takes more memory than it may');
      }
      throw new ProvChainError('INTERNAL', `the document could not be prepared: ${message}`, {
        cause: thrown,
      });
    }
  }

  async close(): Promise<void> {
    await (await this.#piscina).destroy();
  }
}

/** Piscina takes 25 ms to load, which the command line, that imports this folder too, need not pay. */
async function startThreads({ threads, maxHeapMb = 512 }: IntakeOptions): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  return new Piscina({
    filename: ENTRY,
    minThreads: 1,
    maxThreads: threads,
    idleTimeout: 30_000,
    atomics: 'disabled',
    recordTiming: false,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    execArgv: threadArguments(),
  });
}
