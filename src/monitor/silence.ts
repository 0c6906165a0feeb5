/** What decides whether the monitor has fallen silent. Times in milliseconds since 1970. */
export interface SilenceFacts {
  readonly enabled: boolean;
  readonly intervalMs: number;
  /** Of a validation of the rounds. */
  readonly timeLimitMs: number;
  /** The end of the last round that said something about the chain. */
  readonly lastRoundMs: number | undefined;
  /** When this process began to watch. */
  readonly startedMs: number;
  /** How long earlier processes of this node had watched without a round, when this one began. */
  readonly carriedMs: number;
}

/**
 * The dead man's switch: how long the monitor has been silent, in milliseconds, and whether that is too long, which it
 * is after two intervals and the time limit of a validation. Time in which the node did not run does not count, so
 * that a start after a pause is no alarm; time before a crash does, so that a node that dies again and again before
 * any round has ended is noticed.
 *
 * A round counts when its validation has ended with a report other than Incomplete: one that could not check says nothing.
 */
export function silenceOf(facts: SilenceFacts, nowMs: number): { silentMs: number | null; silent: boolean } {
  const { enabled, intervalMs, timeLimitMs, lastRoundMs, startedMs, carriedMs } = facts;
  if (!enabled) return { silentMs: null, silent: false };
  const heardSinceStart = lastRoundMs !== undefined && lastRoundMs >= startedMs;
  const silentMs = Math.max(0, heardSinceStart ? nowMs - lastRoundMs : nowMs - startedMs + carriedMs);
  return { silentMs, silent: silentMs > 2 * intervalMs + timeLimitMs };
}
