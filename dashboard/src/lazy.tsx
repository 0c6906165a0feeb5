import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Loading } from './show/index.js';

/** A component whose code is loaded when it is first shown. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Lazy(props: P) {
    const [, shown] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded !== undefined) return;
      load().then(
        (component) => {
          loaded = component;
          shown(1);
        },
        () => setFailed(true),
      );
    }, []);
    if (failed) {
      return (
        <p class="empty">
          This part of the page could not be loaded. The node may have been updated: reload the page.
        </p>
      );
    }
    const Component = loaded;
    return Component === undefined ? <Loading /> : <Component {...props} />;
  };
}
