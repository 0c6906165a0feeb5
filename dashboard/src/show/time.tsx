import { useTimed } from '../live/index.js';
import { formatExact, formatRelative } from './format.js';

/** A time as people say it, with the exact one on hover and for programs. */
export function Ago({ at }: { at: string | null | undefined }) {
  const text = useTimed((now) => (at ? formatRelative(at, now) : '–'));
  if (!at) return <span class="muted">–</span>;
  return (
    <time dateTime={at} title={formatExact(at)}>
      {text}
    </time>
  );
}
