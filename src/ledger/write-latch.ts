import { ProvChainError } from '../errors.js';

/**
 * Open until the first write that fails: what is on disk is unknown then, so nothing more is written until the store is
 * opened again.
 */
export class WriteLatch {
  readonly #what: string;
  #cause: ProvChainError | undefined;

  /** @param what for messages, such as "chain" */
  constructor(what: string) {
    this.#what = what;
  }

  get isShut(): boolean {
    return this.#cause !== undefined;
  }

  /** Errors: WRITE_LATCHED once it is shut. */
  refuseIfShut(): void {
    const cause = this.#cause;
    if (cause === undefined) return;
    const message = `an earlier write failed, so the ${this.#what} is read-only until it is opened again: ${cause.message}`;
    throw new ProvChainError('WRITE_LATCHED', message, { cause });
  }

  /** Gives the error as it is to be told. RocksDB's have a code already; those of files mean that writing is not possible now. */
  shut(error: unknown): ProvChainError {
    const known = error instanceof ProvChainError;
    const message = `writing failed: ${error instanceof Error ? error.message : String(error)}`;
    const told = known ? error : new ProvChainError('STORE_UNAVAILABLE', message, { cause: error });
    this.#cause ??= told;
    return told;
  }
}
