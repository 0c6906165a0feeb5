import { type ChainFiles, chainFiles, type LedgerSource, openSource } from '../ledger/index.js';

/** A chain as it was when the view was opened: the anchor is read first, so that the store is never behind it unless cut. */
export interface ChainView {
  readonly files: ChainFiles;
  readonly source: LedgerSource;
}

interface Opening {
  users: number;
  readonly view: Promise<ChainView>;
}

/**
 * Fresh views of chains for short reads. Whoever comes gets a view whose opening began after they came, and shares it
 * with all who come before it begins: however many read at once, one opening per directory is under way.
 */
export class Views {
  readonly #waiting = new Map<string, Opening>();
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** Errors: NOT_A_CHAIN, STORE_UNAVAILABLE, STORE_CORRUPT, and what `read` throws. */
  async use<T>(dir: string, read: (view: ChainView) => Promise<T>): Promise<T> {
    const opening = this.#waiting.get(dir) ?? this.#begin(dir);
    opening.users++;
    try {
      return await read(await opening.view);
    } finally {
      opening.users--;
      if (opening.users === 0) await opening.view.then(({ source }) => source.close()).catch(() => {});
    }
  }

  #begin(dir: string): Opening {
    const before = this.#underWay.get(dir) ?? Promise.resolve();
    const view = before.then(() => {
      this.#waiting.delete(dir);
      const opened = openView(dir);
      const ended = opened.then(
        () => {},
        () => {},
      );
      this.#underWay.set(dir, ended);
      void ended.then(() => {
        if (this.#underWay.get(dir) === ended) this.#underWay.delete(dir);
      });
      return opened;
    });
    const opening = { users: 0, view };
    this.#waiting.set(dir, opening);
    return opening;
  }
}

async function openView(dir: string): Promise<ChainView> {
  const files = await chainFiles(dir);
  return { files, source: await openSource(files.dir) };
}
