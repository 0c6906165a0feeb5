import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';

/**
 * Tells of changes of the entries of a folder, where the system does (inotify on Linux: what this machine changes, not
 * what another one changes on a shared volume, nor writes to mapped memory). It is an accelerator: who uses it must be
 * right without it.
 *
 * States: watching → lost (the folder went away or was replaced, or the system gave up) → watching again after `renew`.
 */
export class ChangeWatch {
  readonly #onChange: (name: string | undefined) => void;
  #watcher: FSWatcher | undefined;
  #folder: string | undefined;

  /** @param onChange told the name of the entry, undefined where the system does not say which */
  constructor(onChange: (name: string | undefined) => void) {
    this.#onChange = onChange;
  }

  /** Watches the folder from now on, if it does not do so already. Never throws: without it there is no telling. */
  renew(folder: string): void {
    if (this.#watcher && this.#folder === folder) return;
    this.close();
    try {
      const watcher = watch(folder, { persistent: false });
      watcher.on('change', (_event, name) => this.#take(name === null ? undefined : String(name)));
      watcher.on('error', () => this.close());
      this.#watcher = watcher;
      this.#folder = folder;
    } catch {
      // No such folder, or no more watches for this user.
    }
  }

  get watching(): boolean {
    return this.#watcher !== undefined;
  }

  #take(name: string | undefined): void {
    // The folder's own name: it was moved or taken away, and another one may stand in its place.
    if (this.#folder !== undefined && name === basename(this.#folder)) this.close();
    this.#onChange(name);
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
