import { useMemo, useRef, useState } from 'preact/hooks';
import type { MapAnswer, MapCell } from '../api/index.js';
import { isFresh, usePolled, useTimed } from '../live/index.js';
import { hrefOf } from '../place/index.js';
import {
  Card,
  Empty,
  formatAge,
  formatCount,
  formatRange,
  Loading,
  Scroll,
  Status,
  StatusMark,
  Unavailable,
} from '../show/index.js';
import { AGES, type AgeStep, ageStep, cellText, mapRows } from './cell-look.js';

const CELLS = 256;
const EVERY_MS = 10_000;
const MINUTE_MS = 60_000;
const MOST_ROWS = 200;
const AGE_WORDS: Readonly<Record<AgeStep, string>> = {
  fresh: 'within the hour',
  day: 'within a day',
  week: 'within a week',
  old: 'longer ago',
  never: 'never',
};

/** Every block of the chain at a glance. A cell is a range of blocks; it leads to them. */
export function IntegrityMap() {
  const polled = usePolled<MapAnswer>(`/api/integrity/map?cells=${CELLS}`, EVERY_MS);
  const { data, error } = polled;
  const late = useTimed((now) =>
    data === undefined || isFresh(polled, EVERY_MS, now)
      ? ''
      : formatAge((now - (polled.answeredMs ?? now)) / 1000),
  );
  const per =
    data === undefined
      ? ''
      : data.cellBlocks === 1
        ? 'one block a cell'
        : `${formatCount(data.cellBlocks)} blocks a cell`;
  return (
    <Card title="Integrity map" class="map-card" aside={<span class="muted">{per}</span>}>
      {error && <Unavailable error={error} what="The map" />}
      {!data && !error && <Loading lines={4} />}
      {late !== '' && (
        <p class="muted">
          The map as the node last gave it: {late}
          {late === 'just now' ? '' : ' ago'}.
        </p>
      )}
      {data && data.cells.length === 0 && (
        <Empty title="The chain has no blocks yet.">
          <p>
            Append one with <code>provchain append</code> or over the REST interface.
          </p>
        </Empty>
      )}
      {data && data.cells.length > 0 && <MapBody map={data} />}
    </Card>
  );
}

function MapBody({ map }: { map: MapAnswer }) {
  const minute = useTimed((now) => Math.floor(now / MINUTE_MS));
  const nowMs = Math.max(minute * MINUTE_MS, Date.now() - MINUTE_MS);
  const { cells, whole } = map;
  const size = cells.length <= 48 ? 'large' : cells.length <= 120 ? 'medium' : 'small';
  return (
    <>
      {whole.findings.length > 0 && <WholeFindings findings={whole.findings} />}
      <Grid cells={cells} nowMs={nowMs} minute={minute} size={size} />
      <Legend cells={cells} />
      <MapTable cells={cells} nowMs={nowMs} />
    </>
  );
}

function WholeFindings({ findings }: { findings: MapAnswer['whole']['findings'] }) {
  return (
    <ul class="plain-list whole-findings">
      {findings.slice(0, 5).map(({ code, severity, jobId }) => (
        <li key={code}>
          <Status status={severity} /> <a href={hrefOf(['report', jobId])}>{code}</a>{' '}
          <span class="muted">the chain as a whole</span>
        </li>
      ))}
    </ul>
  );
}

const hrefOfCell = ({ from, to }: MapCell): string =>
  to - from === 1 ? hrefOf(['blocks', from]) : hrefOf(['blocks'], { from, to });

interface GridProps {
  readonly cells: readonly MapCell[];
  readonly nowMs: number;
  readonly minute: number;
  readonly size: string;
}

/** One stop for the tab key; the arrows move between the cells, as in any grid. */
function Grid({ cells, nowMs, minute, size }: GridProps) {
  const grid = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(() =>
    Math.max(
      0,
      cells.findIndex(({ status }) => status === 'Critical' || status === 'Corrupted'),
    ),
  );
  const [pointed, setPointed] = useState<number | undefined>();
  const stop = Math.min(at, cells.length - 1);

  const move = (event: KeyboardEvent) => {
    const row = cellsInRow(grid.current);
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: row,
      ArrowUp: -row,
      Home: -cells.length,
      End: cells.length,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    // From where the focus is, not from the state: keys may come faster than it is rendered.
    const from = Number((event.target as HTMLElement).dataset.cell);
    const next = Math.min(cells.length - 1, Math.max(0, from + step));
    setAt(next);
    (grid.current?.children[next] as HTMLElement | undefined)?.focus();
  };

  // The cells are drawn anew only when the map or the minute has changed, not with every move of the pointer.
  const drawn = useMemo(
    () =>
      cells.map((cell, i) => (
        // biome-ignore lint/a11y/useAnchorContent: its label says what the colour shows.
        <a
          key={cell.from}
          href={hrefOfCell(cell)}
          tabIndex={i === stop ? 0 : -1}
          class={`cell tone-${cell.status.toLowerCase()} age-${ageStep(cell, nowMs)}`}
          aria-label={cellText(cell, nowMs)}
          data-cell={i}
        />
      )),
    [cells, minute, stop],
  );
  const told = cells[pointed ?? -1];
  const point = (event: Event) => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('[data-cell]')?.dataset.cell;
    setPointed(cell === undefined ? undefined : Number(cell));
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: the links in it wrap as the width allows, which no table does. */}
      <div
        ref={grid}
        class={`map ${size}`}
        role="group"
        aria-label="Ranges of blocks. The arrow keys move, Enter opens."
        onKeyDown={move}
        onPointerOver={point}
        onPointerLeave={() => setPointed(undefined)}
        onFocusIn={point}
        onFocusOut={() => setPointed(undefined)}
      >
        {drawn}
      </div>
      <p class="map-told" aria-hidden="true">
        {told
          ? cellText(told, nowMs)
          : 'Point at a cell, or move with the arrow keys; Enter opens its blocks.'}
      </p>
    </>
  );
}

/** How many cells stand beside each other now: those as high up as the first. */
function cellsInRow(grid: HTMLElement | null): number {
  const cells = [...(grid?.children ?? [])] as HTMLElement[];
  const below = cells.findIndex(({ offsetTop }) => offsetTop > cells[0]!.offsetTop);
  return below === -1 ? cells.length : below;
}

function Legend({ cells }: { cells: readonly MapCell[] }) {
  const present = [...new Set(cells.map(({ status }) => status))].filter(
    (status) => status !== 'Healthy' && status !== 'Unknown',
  );
  return (
    <div class="legend">
      <ul aria-label="Age of the evidence of healthy cells">
        <li class="legend-title">Healthy, verified</li>
        {AGES.map((age) => (
          <li key={age}>
            <span class={`cell sample ${age === 'never' ? 'tone-unknown' : 'tone-healthy'} age-${age}`} />
            {AGE_WORDS[age]}
          </li>
        ))}
      </ul>
      {present.length > 0 && (
        <ul aria-label="Other statuses in sight">
          {present.map((status) => (
            <li key={status}>
              <span class={`cell sample tone-${status.toLowerCase()} age-fresh`} />
              {status}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function MapTable({ cells, nowMs }: { cells: readonly MapCell[]; nowMs: number }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="as-table" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>The map as a table</summary>
      {open && <Rows cells={cells} nowMs={nowMs} />}
    </details>
  );
}

function Rows({ cells, nowMs }: { cells: readonly MapCell[]; nowMs: number }) {
  const rows = mapRows(cells, nowMs);
  return (
    <Scroll class="table-scroll" label="The map as a table">
      <table>
        <thead>
          <tr>
            <th scope="col">Blocks</th>
            <th scope="col">Status</th>
            <th scope="col">Verified</th>
            <th scope="col">Findings</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row) => (
            <tr key={row.from}>
              <td>
                <a href={hrefOf(['blocks'], { from: row.from, to: row.to })}>
                  {formatRange(row.from, row.to)}
                </a>
              </td>
              <td class="nowrap">
                <StatusMark status={row.status} /> {row.status}
              </td>
              <td>{row.headersOnly ? 'headers only' : AGE_WORDS[row.age]}</td>
              <td>{row.codes.join(', ') || '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && (
        <p class="muted">And {formatCount(rows.length - MOST_ROWS)} further ranges.</p>
      )}
    </Scroll>
  );
}
