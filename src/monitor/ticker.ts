/**
 * Tells when a round is due.
 *
 * What every implementation holds to: the first tick comes at once if none was due within the last interval, otherwise
 * when the interval is over; then one comes at every interval, and those that were missed are not made up for. A tick
 * that takes longer than an interval is not joined by another of the same ticker. A tick may come twice, and two nodes
 * may get the same one: whoever takes them looks at `dueMs`, which is then the same.
 */
export interface Ticker {
  /** No tick begins any more; one that is being taken is waited for. */
  close(): Promise<void>;
}

export interface TickerOptions {
  readonly intervalMs: number;
  /** When the last tick of the replica was due, wherever it was taken, in milliseconds since 1970. */
  readonly lastDueMs: () => number | undefined;
  /** Takes a tick; a rejection is the same as its end. */
  readonly take: (dueMs: number) => Promise<void>;
  readonly now: () => number;
}

/** When the next tick is due after the last one. */
export function firstDueMs({ intervalMs, lastDueMs, now }: TickerOptions): number {
  const last = lastDueMs();
  // A last tick in the future comes from a clock that was wrong.
  return last === undefined || last > now() ? now() : Math.max(now(), last + intervalMs);
}

/** The ticker of a node that is alone. States: waiting → ticking → waiting; closed. */
export function startTimer(options: TickerOptions): Ticker {
  const { intervalMs, take, now } = options;
  let dueMs = firstDueMs(options);
  let timer: NodeJS.Timeout;
  let ticking: Promise<void> | undefined;
  let closed = false;
  const wait = () => {
    if (closed) return;
    timer = setTimeout(tick, Math.max(0, dueMs - now()));
    timer.unref();
  };
  const tick = () => {
    const due = dueMs;
    const lateMs = now() - due;
    dueMs = lateMs >= intervalMs ? now() + intervalMs : due + intervalMs;
    ticking = take(lateMs >= intervalMs ? now() : due)
      .catch(() => {})
      .finally(wait);
  };
  wait();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await ticking;
    },
  };
}
