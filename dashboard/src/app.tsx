import { useEffect, useState } from 'preact/hooks';
import { Frame, Help, listenToKeys } from './frame/index.js';
import { lazy } from './lazy.js';
import { Login } from './login/index.js';
import { Overview } from './overview/index.js';
import { goTo, hrefOf, type Place, usePlace } from './place/index.js';
import { useSession } from './session/index.js';
import { Announcer, Empty, ViewHead } from './show/index.js';

const Jobs = lazy(async () => (await import('./jobs/index.js')).Jobs);
const Job = lazy(async () => (await import('./jobs/index.js')).Job);
const ReportView = lazy(async () => (await import('./report/index.js')).ReportView);
const Blocks = lazy(async () => (await import('./blocks/index.js')).Blocks);
const Block = lazy(async () => (await import('./blocks/index.js')).Block);
const Search = lazy(async () => (await import('./blocks/index.js')).Search);
const Alerts = lazy(async () => (await import('./alerts/index.js')).Alerts);
const AlertView = lazy(async () => (await import('./alerts/index.js')).AlertView);
const Settings = lazy(async () => (await import('./settings/index.js')).Settings);

export function App() {
  const place = usePlace();
  const session = useSession();
  const [help, setHelp] = useState(false);
  useEffect(() => listenToKeys(() => setHelp(true)), []);
  useEffect(() => nameView(place), [place.path.join('/')]);
  const { state, problem } = session;
  if (state === 'starting' || state === 'unreachable') return <Boot problem={problem} />;
  const body =
    state === 'anonymous' || place.path[0] === 'login' ? <Login place={place} /> : <View place={place} />;
  return (
    <>
      {state === 'anonymous' ? (
        body
      ) : (
        <Frame place={place} showHelp={() => setHelp(true)}>
          {body}
        </Frame>
      )}
      <Announcer />
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

function View({ place }: { place: Place }) {
  const [view, id] = place.path;
  switch (view) {
    case undefined:
      return <Overview />;
    case 'jobs':
      return id === undefined ? <Jobs place={place} /> : <Job key={id} id={id} />;
    case 'report':
      return id === undefined ? <Nowhere /> : <ReportView key={id} id={id} />;
    case 'blocks':
      if (id === undefined) return <Blocks place={place} />;
      return /^\d{1,15}$/.test(id) ? <Block key={id} index={Number(id)} /> : <Nowhere />;
    case 'search':
      return <Search key={place.query.q} query={place.query.q ?? ''} />;
    case 'alerts':
      return id === undefined ? <Alerts place={place} /> : <AlertView key={id} id={id} />;
    case 'settings':
      return <Settings />;
    default:
      return <Nowhere />;
  }
}

function Nowhere() {
  return (
    <>
      <ViewHead title="There is no such page" />
      <Empty title="The address leads nowhere.">
        <p>
          <a href="#/">Go to the overview</a>, or press <kbd>?</kbd> for the keys that lead elsewhere.
        </p>
      </Empty>
    </>
  );
}

function Boot({ problem }: { problem: string | undefined }) {
  return (
    <div class="boot" role="status">
      <p class="boot-name">ProvChain</p>
      {problem === undefined ? (
        <p class="muted">Asking the node how the chain is…</p>
      ) : (
        <p>
          The node at <code>{location.host}</code> can’t be asked: {problem}. Check that{' '}
          <code>provchain serve</code> runs; this page goes on by itself once it answers.
        </p>
      )}
    </div>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  jobs: 'Jobs',
  report: 'Report',
  blocks: 'Blocks',
  search: 'Search',
  alerts: 'Alerts',
  settings: 'Settings',
  login: 'Log in',
};
let begun = false;

/** The title of the window; and after a change of the view the focus goes to its head, so that it is read out. */
function nameView(place: Place): void {
  const [view = '', id] = place.path;
  const name = view === '' ? 'Overview' : (NAMES[view] ?? 'Not found');
  document.title = `${id === undefined ? name : `${name} ${id}`} · ProvChain`;
  if (!begun) {
    begun = true;
    return;
  }
  scrollTo(0, 0);
  let attempts = 20;
  const before = document.activeElement;
  const focus = () => {
    const head = document.querySelector<HTMLElement>('main h1');
    // Whoever has gone on into the view meanwhile, by the keyboard most likely, stays there.
    const at = document.activeElement;
    if (at !== before && at !== head && at?.closest('main')) return;
    if (head !== null) head.focus({ preventScroll: true });
    else if (attempts-- > 0) setTimeout(focus, 50);
  };
  setTimeout(focus, 0);
}

/** Old links and typed ones: an address without `#/` is the overview's. */
if (location.hash !== '' && !location.hash.startsWith('#/')) goTo(hrefOf([]));
