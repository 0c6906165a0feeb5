import { ProvChainError } from '../errors.js';
import { type AlertsDocument, emptyAlerts } from './alert.js';

/** Where the document is kept: compare-and-set on its revision, durable when `update` resolves. */
export interface AlertDocuments {
  get<T>(name: string): { readonly revision: number; readonly value: T } | undefined;
  /** Errors: REVISION_CONFLICT when it is not the latest; those of the store. */
  update<T>(name: string, expectedRevision: number, value: T, by: string): Promise<unknown>;
  onChange<T>(name: string, listener: (document: { readonly value: T }) => void): () => void;
}

export interface AlertStoreOptions {
  readonly documents: AlertDocuments;
  readonly name?: string;
  /** Who changes it: the node. */
  readonly by: string;
}

const NAME = 'alerts';
/** Of one change, against others that change it at the same time. */
const ATTEMPTS = 20;

/** The alerts document, changed by one after the other on this node and by compare-and-set between nodes. */
export class AlertStore {
  readonly #options: AlertStoreOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: AlertStoreOptions) {
    this.#options = options;
  }

  /** As this node knows it; not to be changed. */
  get(): AlertsDocument {
    return this.#options.documents.get<AlertsDocument>(this.#name)?.value ?? emptyAlerts();
  }

  /**
   * Makes a change. `turn` is given a copy to change and says whether it has changed it; it is called again on a newer one
   * when somebody else was first, so it must do nothing else. Resolves to what its last call gave, once that is durable.
   *
   * Errors: REVISION_CONFLICT after very many tries; QUEUE_UNAVAILABLE; those of the state.
   */
  change<T extends { readonly changed: boolean }>(turn: (document: AlertsDocument) => T): Promise<T> {
    const result = this.#last.then(() => this.#change(turn));
    this.#last = result.catch(() => {});
    return result;
  }

  onChange(listener: () => void): () => void {
    return this.#options.documents.onChange(this.#name, listener);
  }

  get #name(): string {
    return this.#options.name ?? NAME;
  }

  async #change<T extends { readonly changed: boolean }>(turn: (document: AlertsDocument) => T): Promise<T> {
    const { documents, by } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const held = documents.get<AlertsDocument>(this.#name);
      const document = structuredClone(held?.value ?? emptyAlerts());
      const result = turn(document);
      if (!result.changed) return result;
      try {
        await documents.update(this.#name, held?.revision ?? 0, document, by);
        return result;
      } catch (thrown) {
        const { code } = ProvChainError.from(thrown);
        if (code !== 'REVISION_CONFLICT' || attempt >= ATTEMPTS) throw thrown;
      }
    }
  }
}
