import type { BlockList, MapAnswer, MapFinding } from '../api/index.js';
import { usePolled } from '../live/index.js';
import { hrefOf, type Place, wholeNumber } from '../place/index.js';
import {
  Ago,
  Curl,
  Empty,
  formatBytes,
  formatCount,
  formatRange,
  Loading,
  Problem,
  Status,
  shortHash,
  ViewHead,
} from '../show/index.js';

const PAGE = 50;
const MOST = 1000;
const EVERY_MS = 10_000;
const MAP_EVERY_MS = 30_000;

/** Headers, newest first; or a range in order, as the map leads to. */
export function Blocks({ place }: { place: Place }) {
  const from = wholeNumber(place.query.from);
  const to = wholeNumber(place.query.to);
  const before = wholeNumber(place.query.before);
  const path = pathOf(from, to, before);
  const { data, error } = usePolled<BlockList>(
    path,
    from === undefined && before === undefined ? EVERY_MS : Number.POSITIVE_INFINITY,
  );
  const found = useFindings();
  const ranged = from !== undefined;
  return (
    <>
      <ViewHead
        title={ranged && to !== undefined ? capital(formatRange(from, to)) : 'Blocks'}
        lead={data && `The chain has ${formatCount(data.height)} blocks.`}
      >
        {ranged && <a href="#/blocks">Newest blocks</a>}
        <Curl label="list these blocks" path={path} />
      </ViewHead>
      {error && <Problem error={error} what="The blocks can’t be listed" />}
      {!data && !error && <Loading lines={8} />}
      {data && data.blocks.length === 0 && (
        <Empty title="No block is here.">
          <p>
            The chain has {formatCount(data.height)} blocks. <a href="#/blocks">Show the newest</a>
          </p>
        </Empty>
      )}
      {data && data.blocks.length > 0 && <BlockTable list={data} found={found} />}
      <Pages list={data} from={from} to={to} before={before} />
    </>
  );
}

function pathOf(from: number | undefined, to: number | undefined, before: number | undefined): string {
  if (from === undefined)
    return `/api/blocks?order=desc&limit=${PAGE}${before === undefined ? '' : `&from=${before}`}`;
  const limit = to === undefined ? PAGE : Math.min(MOST, Math.max(1, to - from));
  return `/api/blocks?from=${from}&limit=${limit}`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What the map knows of single blocks, so that a list shows at once which of them is damaged. */
function useFindings(): ReadonlyMap<number, MapFinding> {
  const { data } = usePolled<MapAnswer>('/api/integrity/map?cells=256', MAP_EVERY_MS);
  const found = new Map<number, MapFinding>();
  for (const { findings } of data?.cells ?? []) {
    for (const finding of findings)
      if (finding.block !== null && !found.has(finding.block)) found.set(finding.block, finding);
  }
  return found;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

function BlockTable({ list, found }: { list: BlockList; found: ReadonlyMap<number, MapFinding> }) {
  return (
    <table class="stacked">
      <thead>
        <tr>
          <th scope="col" class="right">
            Block
          </th>
          <th scope="col">Hash</th>
          <th scope="col">Time</th>
          <th scope="col" class="right">
            Quads
          </th>
          <th scope="col" class="right">
            Size
          </th>
          <th scope="col">Known</th>
        </tr>
      </thead>
      <tbody>
        {list.blocks.map(({ index, hash, header }) => {
          const finding = found.get(index);
          return (
            <tr key={index} class={finding ? `row-tone tone-${finding.severity.toLowerCase()}` : undefined}>
              <td data-label="Block" class="right">
                <a href={hrefOf(['blocks', index])} data-item>
                  {formatCount(index)}
                </a>
              </td>
              <td data-label="Hash" class="wide">
                <code>{shortHash(hash)}</code>
              </td>
              <td data-label="Time">
                <Ago at={textOf(header.timestamp)} />
              </td>
              <td data-label="Quads" class="right">
                {formatCount(numberOf(header.quadCount))}
              </td>
              <td data-label="Size" class="right nowrap">
                {formatBytes(numberOf(header.payloadBytes))}
              </td>
              <td data-label="Known" class="wide">
                {finding ? (
                  <>
                    <Status status={finding.severity} /> <code class="small">{finding.code}</code>
                  </>
                ) : (
                  <span class="muted">–</span>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

interface PagesProps {
  readonly list: BlockList | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly before: number | undefined;
}

function Pages({ list, from, to, before }: PagesProps) {
  if (list === undefined) return null;
  if (from === undefined) {
    return (
      <nav class="pages" aria-label="Pages">
        {before !== undefined && <a href="#/blocks">Newest</a>}
        {list.next !== null && <a href={hrefOf(['blocks'], { before: list.next })}>Older</a>}
      </nav>
    );
  }
  const step = to === undefined ? PAGE : Math.max(1, to - from);
  const next = from + step;
  return (
    <nav class="pages" aria-label="Pages">
      {from > 0 && (
        <a href={hrefOf(['blocks'], { from: Math.max(0, from - step), to: from })}>Blocks before</a>
      )}
      {next < list.height && (
        <a href={hrefOf(['blocks'], { from: next, to: Math.min(list.height, next + step) })}>Blocks after</a>
      )}
    </nav>
  );
}
