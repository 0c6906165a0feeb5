import type { ChainHead } from '../pool/index.js';
import type { Pin } from '../validation/index.js';

/** What is on the disk of this node right now. */
export interface ReplicaState {
  /** Names, sizes and times of the files; another one means that something was written. */
  readonly fingerprint: string;
  readonly pin: Pin;
  /** The block that the anchor names, or null without one. */
  readonly anchorIndex: number | null;
}

interface LocalReplicaOptions {
  readonly dir: string;
  /** Taken at most every 50 ms; requests share it. */
  readonly fingerprint: (dir: string) => Promise<string>;
  /** Reads the head through a handle opened for it. */
  readonly readHead: (dir: string) => Promise<ChainHead>;
  /** The writer knows its head without reading. */
  readonly writerHead?: () => Pin;
}

/**
 * Height and head hash of this node's replica. A reader's head is read again only when the files have changed, and
 * requests that come meanwhile share one reading.
 */
export class LocalReplica {
  readonly #options: LocalReplicaOptions;
  #reading: { readonly fingerprint: string; readonly head: Promise<ChainHead> } | undefined;

  constructor(options: LocalReplicaOptions) {
    this.#options = options;
  }

  /**
   * The fingerprint is taken before the head is read: what changes in between makes the next fingerprint another one.
   *
   * Errors: STORE_UNAVAILABLE, STORE_CORRUPT, NOT_A_CHAIN.
   */
  async state(): Promise<ReplicaState> {
    const { dir, fingerprint, writerHead } = this.#options;
    const now = await fingerprint(dir);
    if (writerHead) {
      // What the writer has confirmed, it has anchored.
      const pin = writerHead();
      return { fingerprint: now, pin, anchorIndex: pin.height - 1 };
    }
    const { height, headHash, anchorIndex } = await this.#headAt(now);
    return { fingerprint: now, pin: { height, headHash }, anchorIndex };
  }

  /** The whole head, read from the store. Errors: as {@link state}. */
  async head(): Promise<ChainHead> {
    return this.#headAt(await this.#options.fingerprint(this.#options.dir));
  }

  #headAt(fingerprint: string): Promise<ChainHead> {
    if (this.#reading?.fingerprint === fingerprint) return this.#reading.head;
    const head = this.#options.readHead(this.#options.dir);
    const reading = { fingerprint, head };
    this.#reading = reading;
    head.catch(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    return head;
  }
}
