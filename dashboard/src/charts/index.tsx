import 'uplot/dist/uPlot.min.css';
import { useState } from 'preact/hooks';
import type { HistoryAnswer } from '../api/index.js';
import { usePolled } from '../live/index.js';
import { changeQuery, usePlace, wholeNumber } from '../place/index.js';
import {
  Card,
  Empty,
  formatBytes,
  formatDuration,
  formatPercent,
  formatShort,
  Loading,
  Unavailable,
} from '../show/index.js';
import { Chart } from './chart.js';
import { columnsOf, LEVELS, levelsIn } from './columns.js';

const EVERY_MS = 20_000;
const POINTS = 180;
const SPANS = [
  [1, '1 h'],
  [6, '6 h'],
  [24, '24 h'],
  [168, '7 days'],
] as const;

/** How the node did lately. Figures that were not measured are gaps. */
export function Charts() {
  const place = usePlace();
  const asked = wholeNumber(place.query.hours);
  const hours = SPANS.find(([span]) => span === asked)?.[0] ?? SPANS[0][0];
  const setHours = (span: number) =>
    changeQuery(place, { hours: span === SPANS[0][0] ? undefined : String(span) });
  const [chosen, setChosen] = useState<string | undefined>();
  const { data, error } = usePolled<HistoryAnswer>(
    `/api/integrity/history?hours=${hours}&points=${POINTS}`,
    EVERY_MS,
  );
  const levels = levelsIn(data?.points ?? []);
  const level = chosen ?? levels[0] ?? LEVELS[1];
  return (
    <Card title="Lately" class="charts-card" aside={<Spans hours={hours} choose={setHours} />}>
      {error && <Unavailable error={error} what="The history" />}
      {!data && !error && <Loading lines={4} />}
      {data && data.points.length === 0 && (
        <Empty title="No history yet.">It begins with the first minute of the node.</Empty>
      )}
      {data && data.points.length > 0 && (
        <Grid history={data} level={level} levels={levels} choose={setChosen} />
      )}
    </Card>
  );
}

function Spans({ hours, choose }: { hours: number; choose: (hours: number) => void }) {
  return (
    <fieldset class="segments">
      <legend class="hidden-text">Time span</legend>
      {SPANS.map(([span, name]) => (
        <label key={span}>
          <input type="radio" name="span" checked={hours === span} onChange={() => choose(span)} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface GridProps {
  readonly history: HistoryAnswer;
  readonly level: string;
  readonly levels: readonly string[];
  readonly choose: (level: string) => void;
}

function Grid({ history, level, levels, choose }: GridProps) {
  const columns = columnsOf(history, level);
  const { times } = columns;
  const chooser = levels.length > 1 && (
    <select
      aria-label="Level of the validation times"
      value={level}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      {levels.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  );
  return (
    <div class="charts">
      <Chart
        title={`Validation time${levels.length > 1 ? '' : `, ${level}`}`}
        aside={chooser}
        times={times}
        format={formatDuration}
        lines={[
          { name: 'p50', values: columns.p50, tone: 1 },
          { name: 'p95', values: columns.p95, tone: 2 },
        ]}
        dots
      />
      <Chart
        title="Throughput"
        times={times}
        format={(value) => `${formatShort(value)} blocks/s`}
        axis={formatShort}
        lines={[{ name: 'blocks/s', values: columns.blocksPerSecond, tone: 1 }]}
      />
      <Chart
        title="Cache hit rate"
        times={times}
        format={formatPercent}
        max={1}
        lines={[{ name: 'hit rate', values: columns.hitRate, tone: 1 }]}
      />
      <Chart
        title="Queue"
        times={times}
        format={formatShort}
        lines={[
          { name: 'waiting', values: columns.queued, tone: 2 },
          { name: 'running', values: columns.active, tone: 1 },
        ]}
        steps
      />
      <Chart
        title="CPU"
        times={times}
        format={(value) => `${formatShort(value)} %`}
        lines={[{ name: 'CPU', values: columns.cpu, tone: 1 }]}
      />
      <Chart
        title="Memory"
        times={times}
        format={formatBytes}
        lines={[{ name: 'memory', values: columns.memory, tone: 1 }]}
      />
    </div>
  );
}
