/**
 * The bound on canonicalization work. An attacker controls the graph, and Hash N-Degree Quads is exponential, so work
 * is counted, not timed: the same document with the same labels is refused everywhere or nowhere.
 */

import { ProvChainError } from '../errors.js';

/**
 * Hash N-Degree Quads calls allowed for one document. The hardest graph of the W3C suite that has an answer takes 430.
 * n blank nodes alike in one ring or list take n squared, so 360 of them still pass. Of the hard graphs tried (cliques,
 * rings, chains, hubs, complete bipartite graphs, hypercubes, tori) those of a few hundred kilobytes are refused or
 * answered within half a second of CPU time, those of several megabytes within one and a half.
 */
export const DEFAULT_MAX_CALLS = 1 << 17;
/**
 * What a call does besides hashing once: it looks at each blank node beside it and tries arrangements of those alike.
 * These steps are counted too, because a hub with many neighbours makes single calls arbitrarily dear.
 */
const STEPS_PER_CALL = 8;

export class WorkLimit {
  calls = 0;
  #steps = 0;
  readonly #maxCalls: number;

  constructor(maxCalls: number) {
    this.#maxCalls = maxCalls;
  }

  /** Counts one call of Hash N-Degree Quads. Throws CANONICAL_LIMIT. */
  call(): void {
    if (this.calls >= this.#maxCalls) throw this.#exceeded(`${this.#maxCalls} Hash N-Degree Quads calls`);
    this.calls++;
  }

  /** Counts steps within calls. Throws CANONICAL_LIMIT. */
  step(steps: number): void {
    this.#steps += steps;
    if (this.#steps > STEPS_PER_CALL * this.#maxCalls) {
      throw this.#exceeded(`${STEPS_PER_CALL * this.#maxCalls} steps of Hash N-Degree Quads`);
    }
  }

  #exceeded(limit: string): ProvChainError {
    return new ProvChainError(
      'CANONICAL_LIMIT',
      `canonicalization needs more than ${limit}: too many blank nodes of this graph are alike`,
    );
  }
}
