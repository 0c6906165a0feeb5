import { useEffect, useState } from 'preact/hooks';
import { hrefOf, type Place, parsePlace } from './place.js';

/** The place in the address bar; the component is rendered anew when it changes. */
export function usePlace(): Place {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return parsePlace(hash);
}

export function goTo(href: string): void {
  location.hash = href;
}

/** Changes the query of the place in sight without a new entry in the history of the browser. */
export function changeQuery(place: Place, change: Record<string, string | undefined>): void {
  location.replace(hrefOf(place.path, { ...place.query, ...change }));
}
