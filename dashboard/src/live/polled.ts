import type { ApiProblem } from '../api/problem.js';

/** What is known of one path of the node. `data` stays when a later request fails; see {@link isFresh}. */
export interface Polled<T> {
  readonly data: T | undefined;
  readonly error: ApiProblem | undefined;
  /**
   * When the node last answered, by the clock of this browser, in milliseconds since 1970. It moves on, without a
   * rendering, when an answer is the same as before.
   */
  answeredMs?: number;
}

/**
 * Whether `data` is what the node says now: its last answer was no error and has come within two periods, with a little
 * time for a slow one. A request that hangs is no error for minutes, so the time counts too.
 */
export const isFresh = (polled: Polled<unknown>, everyMs: number, nowMs: number): boolean =>
  polled.data !== undefined &&
  polled.error === undefined &&
  nowMs - (polled.answeredMs ?? Number.NEGATIVE_INFINITY) <= 2.5 * everyMs;
