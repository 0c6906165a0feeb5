/** A place in the line for one of the lanes; `admit` says whether its turn has come or it was given up. */
interface Waiter {
  readonly admit: (entered: boolean) => void;
}

/**
 * Lets so many tasks run at once as there are lanes, and has the owners of waiting tasks take turns: a job with many
 * shards does not keep one with few waiting.
 */
export class Gate {
  #lanes: number;
  #running = 0;
  /** Owners in the order of their next turn. */
  readonly #waiting = new Map<string, Waiter[]>();

  constructor(lanes: number) {
    this.#lanes = lanes;
  }

  get running(): number {
    return this.#running;
  }

  get lanes(): number {
    return this.#lanes;
  }

  /** Fewer lanes than tasks under way let those end and admit nobody meanwhile. */
  resize(lanes: number): void {
    this.#lanes = lanes;
    this.#admitNext();
  }

  /**
   * Waits for a lane. Whoever gets `true` must call {@link leave} once; `false` says that the signal was aborted first.
   */
  enter(owner: string, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const giveUp = () => {
        this.#remove(owner, waiter);
        resolve(false);
      };
      const waiter: Waiter = {
        admit: (entered) => {
          signal.removeEventListener('abort', giveUp);
          resolve(entered);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      const line = this.#waiting.get(owner);
      if (line) line.push(waiter);
      else this.#waiting.set(owner, [waiter]);
      this.#admitNext();
    });
  }

  leave(): void {
    this.#running--;
    this.#admitNext();
  }

  #admitNext(): void {
    while (this.#running < this.#lanes) {
      const next = this.#waiting.entries().next();
      if (next.done) return;
      const [owner, line] = next.value;
      const waiter = line.shift();
      // To the end of the order: the other owners have their turn first.
      this.#waiting.delete(owner);
      if (line.length > 0) this.#waiting.set(owner, line);
      this.#running++;
      waiter?.admit(true);
    }
  }

  #remove(owner: string, waiter: Waiter): void {
    const line = this.#waiting.get(owner)?.filter((other) => other !== waiter) ?? [];
    if (line.length > 0) this.#waiting.set(owner, line);
    else this.#waiting.delete(owner);
  }
}
