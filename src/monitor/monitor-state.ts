/** What the monitor keeps of the node's state: `src/state`. */
export interface MonitorStore {
  get<T>(key: string): Promise<T | undefined>;
  /** All or nothing, durable when it resolves; a value of undefined takes the key away. */
  put(entries: readonly (readonly [key: string, value: unknown])[]): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  scan<T>(
    prefix: string,
    options?: { after?: string; limit?: number },
  ): Promise<readonly { readonly key: string; readonly value: T }[]>;
}

const PAGE = 500;

/** Every entry whose key begins with `prefix`, in order. */
export async function* scanAll<T>(
  store: MonitorStore,
  prefix: string,
): AsyncGenerator<{ key: string; value: T }> {
  for (let after: string | undefined; ; ) {
    const page = await store.scan<T>(prefix, { after, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)!.key;
  }
}
