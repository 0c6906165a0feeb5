import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem, type BlockSearch, call } from '../api/index.js';
import { hrefOf } from '../place/index.js';
import { Ago, Curl, Empty, formatCount, Loading, Problem, shortHash, ViewHead } from '../show/index.js';

type Found = BlockSearch['blocks'];

interface Progress {
  readonly found: Found;
  readonly kind: BlockSearch['kind'] | undefined;
  /** Blocks from here on have been looked at. */
  readonly from: number | undefined;
  readonly next: number | null;
  readonly busy: boolean;
  readonly error: ApiProblem | undefined;
}

const NOTHING: Progress = {
  found: [],
  kind: undefined,
  from: undefined,
  next: null,
  busy: true,
  error: undefined,
};
/** Searching goes on by itself until so many blocks are found; the reader may let it go on. */
const ENOUGH = 20;

const pathOf = (query: string, before?: number): string =>
  `/api/blocks/search?q=${encodeURIComponent(query)}${before === undefined ? '' : `&before=${before}`}`;

/** Blocks by number, hash or IRI, newest first. A node looks at so many blocks at a time; the page asks on. */
export function Search({ query }: { query: string }) {
  const [progress, setProgress] = useState<Progress>(NOTHING);
  const current = useRef<AbortController | undefined>(undefined);

  const search = async (before: number | undefined, found: Found) => {
    const running = new AbortController();
    current.current = running;
    const enough = found.length + ENOUGH;
    let at = before;
    let all = found;
    try {
      for (;;) {
        const answer: BlockSearch = await call(pathOf(query, at), { signal: running.signal });
        all = [...all, ...answer.blocks];
        const done = answer.next === null || all.length >= enough;
        setProgress({
          found: all,
          kind: answer.kind,
          from: answer.searched.from,
          next: answer.next,
          busy: !done,
          error: undefined,
        });
        if (done || running.signal.aborted) return;
        at = answer.next!;
      }
    } catch (error) {
      if (running.signal.aborted) return;
      const problem = error instanceof ApiProblem ? error : new ApiProblem(0, 'FAILED', String(error));
      setProgress((before) => ({ ...before, busy: false, error: problem }));
    }
  };
  useEffect(() => {
    if (query !== '') void search(undefined, []);
    return () => current.current?.abort();
  }, [query]);
  const stop = () => {
    current.current?.abort();
    setProgress({ ...progress, busy: false });
  };

  if (query === '') {
    return (
      <>
        <ViewHead title="Search" />
        <Empty title="Nothing to look for yet.">
          <p>
            Press <kbd>/</kbd> and give the number of a block, a hash or the beginning of one, or an IRI.
          </p>
        </Empty>
      </>
    );
  }
  const { found, busy, error, from, next } = progress;
  return (
    <>
      <ViewHead
        title={
          <>
            Search: <span class="query">{query}</span>
          </>
        }
        lead={<span role="status">{told(progress)}</span>}
      >
        {busy && (
          <button type="button" class="button" onClick={stop}>
            Stop
          </button>
        )}
        {!busy && next !== null && (
          <button
            type="button"
            class="button"
            onClick={() => {
              setProgress({ ...progress, busy: true });
              void search(next, found);
            }}
          >
            Search older blocks
          </button>
        )}
        <Curl label="run this search" path={pathOf(query)} />
      </ViewHead>
      {error && <Problem error={error} what="The search could not be done" />}
      {busy && from === undefined && <Loading lines={4} />}
      {!busy && !error && found.length === 0 && (
        <Empty title="No block fits.">
          <p>
            A number finds that block, a hash the block that has it, and an IRI the blocks whose quads name it
            in full.
          </p>
        </Empty>
      )}
      <ul class="plain-list found">
        {found.map((block) => (
          <li key={block.index} class="card">
            <p class="found-head">
              <a href={hrefOf(['blocks', block.index])} data-item>
                Block {formatCount(block.index)}
              </a>
              <code class="muted">{shortHash(block.hash)}</code>
              <span class="muted">
                {formatCount(block.quadCount)} quads · <Ago at={block.timestamp} />
              </span>
            </p>
            {block.lines.map((line) => (
              <code key={line} class="found-line">
                {line}
              </code>
            ))}
          </li>
        ))}
      </ul>
    </>
  );
}

function told({ found, kind, from, busy }: Progress): string {
  if (from === undefined) return busy ? 'Searching…' : '';
  const count = `${formatCount(found.length)} ${found.length === 1 ? 'block' : 'blocks'} found`;
  if (kind !== 'iri') return `${count}.`;
  return busy
    ? `${count} so far; looking at blocks before ${formatCount(from)}…`
    : `${count}; searched from block ${formatCount(from)} on.`;
}
