import { ProvChainError } from '../errors.js';

/** One version of a document. */
export interface DocumentVersion<T> {
  /** 1 for the first; each change adds one. */
  readonly revision: number;
  /** JSON. */
  readonly value: T;
  /** Who made it. */
  readonly by: string;
  /** When, ISO 8601. */
  readonly at: string;
}

/** A document as it stands, with the version that it replaced. */
export interface Document<T> extends DocumentVersion<T> {
  readonly name: string;
  readonly previous?: DocumentVersion<T>;
}

/**
 * A few named documents that every node of a fleet agrees on (settings that change at run time, the freeze, revoked
 * tokens), each kept by every node in its own state.
 *
 * States of a node's copy: it has the highest revision that it has heard of, and never goes back. A change is made in
 * Redis first, compare-and-set on the revision, and reaches the other nodes with their next look there. Redis may lose
 * all of it: whoever has a higher revision than Redis puts it back. Were two changes made on one revision by that (Redis
 * emptied, and an update from a node that had not yet heard of the last), then the later one wins everywhere.
 */
export interface SharedDocuments {
  /** This node's copy. Undefined when nobody has made one. */
  get<T>(name: string): Document<T> | undefined;
  /**
   * Makes the next revision. Resolves when Redis and this node's state have it.
   *
   * @param expectedRevision of the version that it replaces; 0 where there is none
   * Errors: REVISION_CONFLICT when that is not the latest; QUEUE_UNAVAILABLE when Redis does not answer (it may or may
   *   not have been changed); those of the state.
   */
  update<T>(name: string, expectedRevision: number, value: T, by: string): Promise<Document<T>>;
  /** Calls the listener after each change of this node's copy, from wherever it comes. Returns how to stop that. */
  onChange<T>(name: string, listener: (document: Document<T>) => void): () => void;
  /** When this node's copies were last known to be the latest, in milliseconds since 1970; undefined: never yet. */
  syncedAt(): number | undefined;
  close(): Promise<void>;
}

/** What documents are kept in: a part of the node's state. */
export interface DocumentStore {
  put(entries: readonly (readonly [key: string, value: unknown])[]): Promise<void>;
  scan<T>(
    prefix: string,
    options?: { after?: string; limit?: number },
  ): Promise<readonly { key: string; value: T }[]>;
}

const KEY_PREFIX = 'document/';
const PAGE = 500;

/**
 * The copies of one node, in memory and in its state. Shared by both kinds of {@link SharedDocuments}.
 */
export class DocumentCopies {
  readonly #store: DocumentStore;
  readonly #copies = new Map<string, Document<unknown>>();
  readonly #listeners = new Map<string, Set<(document: Document<never>) => void>>();
  readonly #complain: (name: string, error: unknown) => void;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(store: DocumentStore, complain: (name: string, error: unknown) => void) {
    this.#store = store;
    this.#complain = complain;
  }

  /** @param complain told of what a listener throws, which stops nobody else */
  static async load(
    store: DocumentStore,
    complain: (name: string, error: unknown) => void,
  ): Promise<DocumentCopies> {
    const copies = new DocumentCopies(store, complain);
    for (let after: string | undefined; ; ) {
      const page = await store.scan<Document<unknown>>(KEY_PREFIX, { after, limit: PAGE });
      for (const { value } of page) copies.#copies.set(value.name, value);
      if (page.length < PAGE) return copies;
      after = page.at(-1)!.key;
    }
  }

  get<T>(name: string): Document<T> | undefined {
    return this.#copies.get(name) as Document<T> | undefined;
  }

  all(): Iterable<Document<unknown>> {
    return this.#copies.values();
  }

  /**
   * Takes a document over if it is later than the copy; resolves when it is durable. One after the other, so that the
   * state never ends up with the earlier of two.
   */
  adopt(document: Document<unknown>): Promise<void> {
    const turn = this.#last.then(() => this.#adopt(document));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #adopt(document: Document<unknown>): Promise<void> {
    if (!isLater(document, this.#copies.get(document.name))) return;
    await this.#store.put([[KEY_PREFIX + document.name, document]]);
    this.#copies.set(document.name, document);
    for (const listener of this.#listeners.get(document.name) ?? []) {
      try {
        listener(document as Document<never>);
      } catch (error) {
        this.#complain(document.name, error);
      }
    }
  }

  /** Resolves when nothing is being taken over. */
  async settled(): Promise<void> {
    await this.#last;
  }

  onChange<T>(name: string, listener: (document: Document<T>) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }
}

/** Whether `a` goes before `b`: the higher revision, and of two changes of one revision the later. */
export function isLater(a: Document<unknown>, b: Document<unknown> | undefined): boolean {
  if (b === undefined || a.revision !== b.revision) return b === undefined || a.revision > b.revision;
  if (a.at !== b.at) return a.at > b.at;
  return JSON.stringify(a.value) > JSON.stringify(b.value);
}

/** The version after `current`. Errors: REVISION_CONFLICT. */
export function nextVersion<T>(
  name: string,
  current: Document<T> | undefined,
  expectedRevision: number,
  change: { readonly value: T; readonly by: string; readonly at: string },
): Document<T> {
  const revision = current?.revision ?? 0;
  if (revision !== expectedRevision) {
    throw new ProvChainError(
      'REVISION_CONFLICT',
      `${name} has revision ${revision}, not ${expectedRevision}: somebody else has changed it`,
    );
  }
  const { value, by, at } = change;
  const document = { name, revision: revision + 1, value, by, at };
  if (current === undefined) return document;
  const previous = { revision, value: current.value, by: current.by, at: current.at };
  return { ...document, previous };
}
