import { useEffect, useState } from 'preact/hooks';

/** One timer for everything that shows an age. It rests while nobody sees the page. */
const TICK_MS = 5000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  if (document.visibilityState !== 'hidden') for (const listener of [...listeners]) listener();
}

/**
 * A value that follows from the time, such as "3 min ago". The component is rendered again only when the value changes.
 */
export function useTimed<T extends string | number>(valueAt: (nowMs: number) => T): T {
  const value = valueAt(Date.now());
  const [, setShown] = useState(value);
  useEffect(() => {
    const look = () => setShown(valueAt(Date.now()));
    listeners.add(look);
    timer ??= setInterval(tick, TICK_MS);
    return () => {
      listeners.delete(look);
      if (listeners.size === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    };
  });
  return value;
}
