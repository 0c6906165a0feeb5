import { ProvChainError } from '../errors.js';
import type { SharedDocuments } from '../fleet/index.js';

const ATTEMPTS = 5;

/** Gives what a document is to become, or undefined to leave it. */
type Change<T> = (current: T | undefined) => T | undefined;

/** One document that the nodes of a replica change under each other's eyes. */
export class SharedRecord<T> {
  readonly #documents: SharedDocuments;
  readonly #name: string;
  readonly #by: string;

  constructor(documents: SharedDocuments, name: string, by: string) {
    this.#documents = documents;
    this.#name = name;
    this.#by = by;
  }

  /** This node's copy. */
  get(): T | undefined {
    return this.#documents.get<T>(this.#name)?.value;
  }

  /**
   * Changes it by what it really is: when another node was faster, the change is asked again. Returns whether it was
   * made. Errors: QUEUE_UNAVAILABLE (it may have been made), those of the state.
   */
  async change(change: Change<T>): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const document = this.#documents.get<T>(this.#name);
      const value = change(document?.value);
      if (value === undefined) return false;
      try {
        await this.#documents.update(this.#name, document?.revision ?? 0, value, this.#by);
        return true;
      } catch (thrown) {
        if (ProvChainError.from(thrown).code !== 'REVISION_CONFLICT' || attempt === ATTEMPTS) throw thrown;
      }
    }
  }
}
