import type { CachedResult } from '../../src/cache/index.js';
import { ProvChainError } from '../../src/errors.js';

/** A result whose report is a JSON text of about `bytes` bytes. */
export function result(name: string, options: Partial<CachedResult> & { bytes?: number } = {}): CachedResult {
  const { bytes = 100, ...fields } = options;
  return {
    report: JSON.stringify({ name, text: 'ü'.repeat(Math.ceil(bytes / 2)) }),
    status: 'Healthy',
    storedAt: '2030-01-01T00:00:01.000Z',
    asOf: '2030-01-01T00:00:00.000Z',
    fence: 1,
    ...fields,
  };
}

/** The documents of a fleet whose nodes all live here: what one changes, the others see at once. */
export class TestDocuments {
  readonly #revisions = new Map<string, number>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** When set, changes fail with it. */
  failure: ProvChainError | undefined;

  get(name: string): { revision: number } | undefined {
    const revision = this.#revisions.get(name);
    return revision === undefined ? undefined : { revision };
  }

  async update(name: string, expectedRevision: number): Promise<void> {
    if (this.failure) throw this.failure;
    if ((this.#revisions.get(name) ?? 0) !== expectedRevision) {
      throw new ProvChainError('REVISION_CONFLICT', 'changed by another');
    }
    this.#revisions.set(name, expectedRevision + 1);
    for (const listener of this.#listeners.get(name) ?? []) listener();
  }

  onChange(name: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }
}
