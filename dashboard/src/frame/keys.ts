import { goTo, hrefOf } from '../place/index.js';

/** Where `g` and a second key lead. */
const VIEWS: Readonly<Record<string, string>> = { o: '', j: 'jobs', b: 'blocks', a: 'alerts', s: 'settings' };
const SECOND_KEY_MS = 1500;

/**
 * The keyboard of the whole page. Keys with modifiers, and those typed into a field or over a dialog, are left alone.
 *
 * @returns takes it off again
 */
export function listenToKeys(showHelp: () => void): () => void {
  let goneAt = Number.NEGATIVE_INFINITY;
  const pressed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    if (event.key === 'Escape') closeOpen(target);
    if (target.closest('input, textarea, select, dialog') !== null) return;
    const wasG = event.timeStamp - goneAt < SECOND_KEY_MS;
    goneAt = Number.NEGATIVE_INFINITY;
    if (wasG && event.key in VIEWS) goTo(hrefOf([VIEWS[event.key]!].filter((part) => part !== '')));
    else if (event.key === 'g') goneAt = event.timeStamp;
    else if (event.key === '/') document.getElementById('search')?.focus();
    else if (event.key === '?') showHelp();
    else if (event.key === 'j') moveBy(1);
    else if (event.key === 'k') moveBy(-1);
    else return;
    event.preventDefault();
  };
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}

function closeOpen(target: HTMLElement): void {
  const open = target.closest<HTMLDetailsElement>('details.curl[open]');
  if (open !== null) {
    open.open = false;
    open.querySelector('summary')?.focus();
  } else if (target.matches('#search')) target.blur();
}

/** The next or previous entry of the lists in sight: whatever is marked with data-item. */
function moveBy(step: number): void {
  const items = [...document.querySelectorAll<HTMLElement>('main [data-item]')].filter(
    (item) => item.offsetParent !== null,
  );
  if (items.length === 0) return;
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next =
    at === -1 ? (step > 0 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + step));
  items[next]!.focus();
  items[next]!.scrollIntoView({ block: 'nearest' });
}
