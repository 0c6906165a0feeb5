import { ProvChainError } from '../errors.js';

/** Entries belong to a generation; clearing a cache begins the next one. */
export interface CacheGeneration {
  current(): number;
  /** Begins the next generation, on all nodes. Errors: QUEUE_UNAVAILABLE. */
  advance(by: string): Promise<void>;
  onChange(listener: () => void): () => void;
}

/** What is needed of the documents that a fleet shares (`src/fleet`); of a node alone they work just so. */
export interface GenerationDocuments {
  get(name: string): { readonly revision: number } | undefined;
  update(name: string, expectedRevision: number, value: unknown, by: string): Promise<unknown>;
  onChange(name: string, listener: () => void): () => void;
}

const NAME = 'cache-generation';

/** The generation is the revision of a document. */
export function createGeneration(documents: GenerationDocuments): CacheGeneration {
  const current = () => documents.get(NAME)?.revision ?? 0;
  return {
    current,
    async advance(by) {
      try {
        await documents.update(NAME, current(), null, by);
      } catch (error) {
        // Somebody else has just begun the next one: what was there before is cleared.
        if (!(error instanceof ProvChainError && error.code === 'REVISION_CONFLICT')) throw error;
      }
    },
    onChange: (listener) => documents.onChange(NAME, listener),
  };
}
