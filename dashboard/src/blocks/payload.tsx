import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, ask, type DiffLine, type Inspection } from '../api/index.js';
import { Card, CopyButton, Curl, formatBytes, formatCount, Loading, Problem, Scroll } from '../show/index.js';
import { linesOf, quadRow, shortIri, type Term } from './quads.js';

const SHOWN = 200;
/** Longer payloads are not loaded into the page by themselves. */
const LONGEST_BYTES = 4 << 20;

type Tab = 'table' | 'text' | 'diff';
const TABS: Readonly<Record<Tab, string>> = { table: 'Table', text: 'N-Quads', diff: 'Difference' };

/** The quads as they are stored; and where they are not in canonical form, what that form has instead. */
export function Payload({ inspection }: { inspection: Inspection }) {
  const { index, payload } = inspection;
  const { diff } = payload;
  const differs = diff?.some(({ op }) => op !== 'same') ?? false;
  const [chosen, setChosen] = useState<Tab | undefined>();
  const tab = chosen ?? (differs ? 'diff' : 'table');
  const path = `/api/blocks/${index}/payload`;
  const { text, error } = usePayloadText(path, payload.bytes ?? 0);
  const tabs: Tab[] = differs ? ['table', 'text', 'diff'] : ['table', 'text'];
  return (
    <Card
      title="Payload"
      aside={
        <>
          <span class="muted">
            {formatBytes(payload.bytes)}
            {payload.canonical === true && ', canonical'}
            {payload.canonical === false && ', not canonical'}
          </span>
          {text !== undefined && <CopyButton text={text} label="the payload" />}
          <Curl label="get the payload" path={path} headers={{ Accept: 'application/n-quads' }} />
        </>
      }
    >
      {payload.error !== null && <p class="notice tone-incomplete">{payload.error}</p>}
      <fieldset class="segments">
        <legend class="hidden-text">Show the payload as</legend>
        {tabs.map((one) => (
          <label key={one}>
            <input type="radio" name="payload-tab" checked={tab === one} onChange={() => setChosen(one)} />
            <span>{TABS[one]}</span>
          </label>
        ))}
      </fieldset>
      {tab === 'diff' && diff !== null && <Diff lines={diff} />}
      {tab !== 'diff' && error && <Problem error={error} what="The payload can’t be shown" />}
      {tab !== 'diff' && text === undefined && !error && <Loading lines={5} />}
      {tab === 'table' && text !== undefined && <QuadTable key={index} lines={linesOf(text)} diff={diff} />}
      {tab === 'text' && text !== undefined && <Text key={index} lines={linesOf(text)} />}
    </Card>
  );
}

function usePayloadText(
  path: string,
  bytes: number,
): { text: string | undefined; error: ApiProblem | undefined } {
  const [state, setState] = useState<{ path: string; text?: string; error?: ApiProblem }>({ path });
  useEffect(() => {
    if (bytes > LONGEST_BYTES) {
      setState({
        path,
        error: new ApiProblem(
          413,
          'TOO_LONG',
          `it is ${formatBytes(bytes)} long: fetch it with the curl command instead`,
        ),
      });
      return;
    }
    const reading = new AbortController();
    ask(path, { headers: { Accept: 'application/n-quads' }, signal: reading.signal }).then(
      ({ text }) => setState({ path, text }),
      (error: unknown) => {
        if (error instanceof ApiProblem) setState({ path, error });
      },
    );
    return () => reading.abort();
  }, [path, bytes]);
  return state.path === path
    ? { text: state.text, error: state.error }
    : { text: undefined, error: undefined };
}

function More({ shown, all, more }: { shown: number; all: number; more: () => void }) {
  if (shown >= all) return null;
  return (
    <button type="button" class="button small" onClick={more}>
      Show more of {formatCount(all)}
    </button>
  );
}

function QuadTable({ lines, diff }: { lines: readonly string[]; diff: readonly DiffLine[] | null }) {
  const [shown, setShown] = useState(SHOWN);
  const removed = new Set((diff ?? []).filter(({ op }) => op === 'removed').map(({ line }) => line));
  const rows = lines.slice(0, shown).map(quadRow);
  const graphs = rows.some(({ terms }) => terms.length > 3);
  return (
    <>
      <Scroll class="table-scroll" label="Quads">
        <table class="quads">
          <thead>
            <tr>
              <th scope="col">Subject</th>
              <th scope="col">Predicate</th>
              <th scope="col">Object</th>
              {graphs && <th scope="col">Graph</th>}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ terms, line }, i) => (
              <tr key={i} class={removed.has(line) ? 'row-tone tone-critical' : undefined}>
                {Array.from({ length: graphs ? 4 : 3 }, (_, at) => (
                  <td key={at}>{terms[at] && <TermText term={terms[at]} />}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <More shown={shown} all={lines.length} more={() => setShown(shown * 4)} />
    </>
  );
}

function TermText({ term: { kind, text, note } }: { term: Term }) {
  if (kind === 'iri') {
    return (
      <span class="term iri" title={text}>
        {shortIri(text)}
      </span>
    );
  }
  return (
    <span class={`term ${kind}`}>
      {text}
      {note && <span class="muted small"> {note}</span>}
    </span>
  );
}

function Text({ lines }: { lines: readonly string[] }) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <>
      <Scroll class="code" label="N-Quads">
        <pre>
          {lines.slice(0, shown).map((line, i) => (
            <span key={i}>{`${line}\n`}</span>
          ))}
        </pre>
      </Scroll>
      <More shown={shown} all={lines.length} more={() => setShown(shown * 4)} />
    </>
  );
}

const MARKS = { same: ' ', removed: '−', added: '+' } as const;
const WORDS = { same: '', removed: 'stored: ', added: 'canonical: ' } as const;

function Diff({ lines }: { lines: readonly DiffLine[] }) {
  return (
    <>
      <p class="muted">
        <span class="diff-key removed">− as stored</span>{' '}
        <span class="diff-key added">+ in canonical form</span>
      </p>
      <Scroll class="code diff" label="Difference between the stored payload and its canonical form">
        <pre>
          {lines.map(({ op, line }, i) => (
            <span key={i} class={op}>
              <span class="hidden-text">{WORDS[op]}</span>
              {`${MARKS[op]} ${line}\n`}
            </span>
          ))}
        </pre>
      </Scroll>
    </>
  );
}
