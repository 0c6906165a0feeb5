/** Things to close, the last opened first; one that fails keeps no other open. */
export class Closer {
  readonly #steps: { readonly name: string; readonly close: () => Promise<unknown> | unknown }[] = [];
  #closed: Promise<void> | undefined;

  add(name: string, close: () => Promise<unknown> | unknown): void {
    this.#steps.push({ name, close });
  }

  close(complain: (name: string, error: unknown) => void): Promise<void> {
    this.#closed ??= this.#closeAll(complain);
    return this.#closed;
  }

  async #closeAll(complain: (name: string, error: unknown) => void): Promise<void> {
    for (const { name, close } of this.#steps.reverse()) {
      try {
        await close();
      } catch (error) {
        complain(name, error);
      }
    }
  }
}
