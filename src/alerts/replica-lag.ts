interface Reading {
  readonly at: number;
  readonly height: number;
}

/** Readings of the highest height that are kept; older than the bound only the last one counts. */
const MOST_READINGS = 1000;

/**
 * Which replicas are behind the others by more than a time: behind is who has fewer blocks than the highest replica had
 * that long ago. A replica that follows a busy writer at a distance of a second is never equal to it, and is not behind.
 */
export class ReplicaLag {
  readonly #boundMs: number;
  #highest: Reading[] = [];

  constructor(boundMs: number) {
    this.#boundMs = boundMs;
  }

  /**
   * @param heights of the replicas that tell theirs now
   * @returns for each of them how many blocks it is behind what it should have by now; undefined: too early to tell
   */
  read(heights: ReadonlyMap<string, number>, now: number): ReadonlyMap<string, number | undefined> {
    const last = this.#highest.at(-1);
    const highest = Math.max(0, ...heights.values());
    if (last === undefined || highest > last.height) this.#highest.push({ at: now, height: highest });
    const due = this.#highest.findLastIndex(({ at }) => now - at >= this.#boundMs);
    this.#highest = this.#highest.slice(Math.max(0, due, this.#highest.length - MOST_READINGS));
    const expected = due < 0 ? undefined : this.#highest[0]?.height;
    return new Map(
      [...heights].map(([replica, height]) => [
        replica,
        expected === undefined && height < highest ? undefined : Math.max(0, (expected ?? 0) - height),
      ]),
    );
  }
}
