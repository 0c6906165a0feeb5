import type { AlertDocuments } from '../../src/alerts/index.js';
import { ProvChainError } from '../../src/errors.js';

/** Documents in memory, with the compare-and-set of the real ones; every value goes through JSON as it does there. */
export class MemoryDocuments implements AlertDocuments {
  readonly #held = new Map<string, { revision: number; text: string }>();
  readonly #listeners = new Set<() => void>();
  /** Changes that were made. */
  writes = 0;

  get<T>(name: string): { revision: number; value: T } | undefined {
    const held = this.#held.get(name);
    return held && { revision: held.revision, value: JSON.parse(held.text) as T };
  }

  async update<T>(name: string, expectedRevision: number, value: T): Promise<void> {
    const text = JSON.stringify(value);
    await Promise.resolve();
    const revision = this.#held.get(name)?.revision ?? 0;
    if (revision !== expectedRevision)
      throw new ProvChainError('REVISION_CONFLICT', 'somebody else was first');
    this.#held.set(name, { revision: revision + 1, text });
    this.writes++;
    for (const listener of this.#listeners) listener();
  }

  onChange<T>(_name: string, listener: (document: { readonly value: T }) => void): () => void {
    const call = () => listener({ value: this.get<T>('alerts')!.value });
    this.#listeners.add(call);
    return () => this.#listeners.delete(call);
  }
}
