import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { summaryOf, type Values } from './columns.js';

interface Line {
  readonly name: string;
  readonly values: Values;
  /** Which of the two colours of charts; the second is dashed, so that colour is not all that tells them apart. */
  readonly tone: 1 | 2;
}

interface ChartProps {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number | null) => string;
  /** Of the values on the axis, where the unit would take too much room. */
  readonly axis?: (value: number | null) => string;
  readonly max?: number;
  readonly dots?: boolean;
  readonly steps?: boolean;
}

const HEIGHT_PX = 132;
const AXIS_PX = 58;
const DAY_S = 86_400;
/** Below it, neighbouring marks of the axis would fall into one minute. */
const SHORT_S = 480;

/** One figure over time: its name, its last value, and the line. What the drawing shows is said in words too. */
export function Chart(props: ChartProps) {
  const { title, aside, lines, format } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = lines.map(({ name }) => name).join();

  useEffect(() => {
    const target = place.current!;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsFor(props, target.clientWidth), dataOf(props), target);
    };
    draw();
    const resized = new ResizeObserver(() => {
      if (plot.current?.width !== target.clientWidth)
        plot.current?.setSize({ width: target.clientWidth, height: HEIGHT_PX });
    });
    resized.observe(target);
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', draw);
    addEventListener('themechange', draw);
    return () => {
      resized.disconnect();
      system.removeEventListener('change', draw);
      removeEventListener('themechange', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => plot.current?.setData(dataOf(props)), [props.times, ...lines.map(({ values }) => values)]);

  const summaries = lines.map((line) => ({ ...line, summary: summaryOf(line.values) }));
  const words = summaries.map(({ name, summary }) =>
    summary === undefined
      ? `${name}: not measured`
      : `${name}: now ${format(summary.last)}, between ${format(summary.least)} and ${format(summary.greatest)}`,
  );
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        {aside}
        <span class="chart-now">
          {summaries.map(({ name, tone, summary }) => (
            <span key={name} class={`chart-key key-${tone}`}>
              {lines.length > 1 && <span class="muted">{name} </span>}
              {summary === undefined ? '–' : format(summary.last)}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} class="chart-place" role="img" aria-label={`${title}. ${words.join('. ')}`} />
    </figure>
  );
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const SECONDS = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

const dataOf = ({ times, lines }: ChartProps): uPlot.AlignedData =>
  [times, ...lines.map(({ values }) => values)] as unknown as uPlot.AlignedData;

function optionsFor(
  { times, lines, format, axis: axisFormat = format, max, dots, steps }: ChartProps,
  width: number,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const grid = { stroke: color('--line'), width: 1 };
  const spanS = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const clock = spanS > 2 * DAY_S ? DATE : spanS < SHORT_S ? SECONDS : CLOCK;
  const axis = { stroke: color('--muted'), font: '11px system-ui, sans-serif', grid, ticks: { show: false } };
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 16, 0, 0],
    scales: { y: { range: (_plot, _least, greatest) => [0, max ?? (greatest > 0 ? greatest * 1.15 : 1)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        gap: 6,
        space: 64,
        values: (_plot, splits) => splits.map((split) => clock.format(split * 1000)),
      },
      {
        ...axis,
        size: AXIS_PX,
        space: 34,
        values: (_plot, splits) => splits.map((split) => axisFormat(split)),
      },
    ],
    series: [
      {},
      ...lines.map(({ name, tone }): uPlot.Series => {
        const stroke = color(`--chart-${tone}`);
        return {
          label: name,
          stroke,
          width: 1.75,
          ...(tone === 1 && lines.length === 1 ? { fill: color('--chart-fill') } : {}),
          ...(tone === 2 ? { dash: [5, 4] } : {}),
          ...(steps ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
          spanGaps: dots === true,
          points: { show: dots === true, size: 4, fill: stroke },
        };
      }),
    ],
  };
}
