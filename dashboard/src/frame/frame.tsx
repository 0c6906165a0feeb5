import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { goTo, hrefOf, type Place } from '../place/index.js';
import { allows, leave, useSession } from '../session/index.js';
import { Icon, type IconName } from '../show/index.js';
import { applyTheme, storedTheme, THEMES, type Theme } from './theme.js';

const VIEWS: readonly { readonly path: string; readonly name: string; readonly icon: IconName }[] = [
  { path: '', name: 'Overview', icon: 'overview' },
  { path: 'jobs', name: 'Jobs', icon: 'jobs' },
  { path: 'blocks', name: 'Blocks', icon: 'blocks' },
  { path: 'alerts', name: 'Alerts', icon: 'alerts' },
  { path: 'settings', name: 'Settings', icon: 'settings' },
];

/** Views that are reached from others, and which entry of the menu stands for them. */
const PART_OF: Readonly<Record<string, string>> = { report: 'jobs', search: 'blocks' };

export function Frame({
  place,
  showHelp,
  children,
}: {
  place: Place;
  showHelp: () => void;
  children: ComponentChildren;
}) {
  const view = place.path[0] ?? '';
  const current = PART_OF[view] ?? view;
  return (
    <div class="frame">
      <button type="button" class="skip button" onClick={skip}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href="#/" aria-label="ProvChain, overview">
          <BrandMark />
          <span>ProvChain</span>
        </a>
        <Search place={place} />
        <Tools showHelp={showHelp} />
      </header>
      <nav class="menu" aria-label="Views">
        {VIEWS.map(({ path, name, icon }) => (
          <a
            key={path}
            href={hrefOf(path === '' ? [] : [path])}
            aria-current={current === path ? 'page' : undefined}
          >
            <Icon name={icon} />
            <span>{name}</span>
          </a>
        ))}
        <Outside />
      </nav>
      <main id="main">{children}</main>
    </div>
  );
}

/** A button, since a link to #main would be taken for the place of a view. */
function skip(): void {
  document.querySelector<HTMLElement>('main h1')?.focus();
}

function BrandMark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" class="brand-mark">
      <rect width="32" height="32" rx="8" />
      <path d="M13.2 11.2h-2.4a4.8 4.8 0 0 0 0 9.6h2.4M18.8 11.2h2.4a4.8 4.8 0 0 1 0 9.6h-2.4M11.5 16h9" />
    </svg>
  );
}

function Search({ place }: { place: Place }) {
  const find = (event: SubmitEvent) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget as HTMLFormElement).get('q');
    if (typeof text === 'string' && text.trim() !== '') goTo(hrefOf(['search'], { q: text.trim() }));
  };
  const shown = place.path[0] === 'search' ? (place.query.q ?? '') : '';
  return (
    <search class="search">
      <form onSubmit={find}>
        <Icon name="search" />
        <input
          id="search"
          name="q"
          type="search"
          autoComplete="off"
          spellcheck={false}
          defaultValue={shown}
          key={shown}
          placeholder="Block, hash or IRI"
          aria-label="Search blocks by number, hash or IRI"
          aria-keyshortcuts="/"
        />
        <kbd>/</kbd>
      </form>
    </search>
  );
}

function Tools({ showHelp }: { showHelp: () => void }) {
  const { authentication, user, role, state } = useSession();
  return (
    <div class="tools">
      <ThemeButton />
      <button
        type="button"
        class="icon-button"
        aria-label="Keyboard help"
        title="Keyboard help (?)"
        onClick={showHelp}
      >
        <Icon name="help" />
      </button>
      {authentication && state === 'in' && (
        <details class="account">
          <summary aria-label={`Account of ${user}`}>
            <Icon name="user" />
            <span>{user}</span>
          </summary>
          <div class="account-body">
            <p>
              {user} <span class="muted">{role}</span>
            </p>
            <button type="button" class="button" onClick={() => void leave()}>
              Log out
            </button>
          </div>
        </details>
      )}
    </div>
  );
}

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { system: 'system', light: 'sun', dark: 'moon' };

function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme());
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  const change = () => {
    applyTheme(next);
    setTheme(next);
  };
  const label = `Colours: ${theme}. Change to ${next}`;
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={change}>
      <Icon name={THEME_ICONS[theme]} />
    </button>
  );
}

/** Pages of the node that are not part of the dashboard. */
function Outside() {
  const { queues, nodeId, version } = useSession();
  return (
    <div class="outside">
      {queues && allows('operator') && (
        <a href="/queues">
          <Icon name="external" /> Queues
        </a>
      )}
      <a href="/docs">
        <Icon name="external" /> REST interface
      </a>
      {nodeId && (
        <p class="muted" title={`Node ${nodeId}`}>
          {nodeId}
          <br />
          {version}
        </p>
      )}
    </div>
  );
}
