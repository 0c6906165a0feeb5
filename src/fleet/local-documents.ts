import type { Log } from '../logging/index.js';
import {
  type Document,
  DocumentCopies,
  type DocumentStore,
  nextVersion,
  type SharedDocuments,
} from './documents.js';

export interface LocalDocumentsOptions {
  readonly state: DocumentStore;
  readonly now: () => Date;
  readonly log: Log;
}

/** The documents of a node that is alone. */
export async function openLocalDocuments({
  state,
  now,
  log,
}: LocalDocumentsOptions): Promise<SharedDocuments> {
  const copies = await DocumentCopies.load(state, (name, error) =>
    log.error('a change of a document was not taken up', { document: name, reason: String(error) }),
  );
  let last: Promise<unknown> = Promise.resolve();
  return {
    get: <T>(name: string) => copies.get<T>(name),
    update<T>(name: string, expectedRevision: number, value: T, by: string): Promise<Document<T>> {
      // One after the other: each goes by the revision that the one before it has made.
      const turn = last.then(async () => {
        const change = { value, by, at: now().toISOString() };
        const document = nextVersion(name, copies.get<T>(name), expectedRevision, change);
        await copies.adopt(document);
        return document;
      });
      last = turn.catch(() => {});
      return turn;
    },
    onChange: (name, listener) => copies.onChange(name, listener),
    syncedAt: () => now().getTime(),
    close: async () => {
      await last;
      await copies.settled();
    },
  };
}
