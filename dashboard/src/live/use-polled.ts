import { useEffect, useState } from 'preact/hooks';
import type { Polled } from './polled.js';
import { Poller } from './poller.js';

const poller = new Poller();
const NOTHING: Polled<never> = { data: undefined, error: undefined };

/**
 * What the node answers under a path, kept fresh while the component is on the page.
 *
 * @param path null: nothing is asked
 * @param everyMs Infinity: asked once
 */
export function usePolled<T>(path: string | null, everyMs: number): Polled<T> {
  const [held, setHeld] = useState<{ path: string | null; state: Polled<T> }>({ path, state: NOTHING });
  useEffect(() => {
    if (path === null) return;
    return poller.follow(path, everyMs, (state) => setHeld({ path, state: state as Polled<T> }));
  }, [path, everyMs]);
  // Between a change of the path and its first answer, what the path before said is not shown as if it were this one's.
  return held.path === path ? held.state : NOTHING;
}

/** Asks anew for every path on the page that begins so, for instance after an action that changed it. */
export const refresh = (prefix: string): void => poller.refresh(prefix);
