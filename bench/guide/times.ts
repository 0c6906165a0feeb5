import { LEVELS, type Level } from '../../src/validation/index.js';
import type { BenchOptions } from '../group.js';
import { type BenchRow, median } from '../row.js';
import { WrongAnswer } from '../verify.js';
import { holdsUpTo, type LevelFigure, placeOf, QUADS, withGuideNode } from './guide-node.js';

/** Milliseconds: "1-2ms", "10-50ms", "100-500ms", "1-5s". The upper end is what a chain may take at most. */
const GUIDE_MS: LevelFigure = { Minimal: 2, Standard: 50, Comprehensive: 500, Full: 5000 };
const GUIDE_WORDS: Readonly<Record<Level, string>> = {
  Minimal: '1–2 ms',
  Standard: '10–50 ms',
  Comprehensive: '100–500 ms',
  Full: '1–5 s',
};

const SIZES = [10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000];
const QUICK_SIZES = [10, 100, 1000];
const WARM_UPS = 3;
const RUNS = 7;

/** Medians of what one level takes on one chain, in milliseconds. */
interface Timing {
  readonly documents: number;
  readonly validationMs: number;
  readonly roundTripMs: number;
}

/** The time of each level on chains of several sizes, and whether it grows in proportion up to 10,000 blocks. */
export async function timeRows(options: BenchOptions): Promise<BenchRow[]> {
  const timings = new Map<Level, Timing[]>(LEVELS.map((level) => [level, []]));
  for (const documents of options.quick ? QUICK_SIZES : SIZES) {
    options.note(`guide: validation times on ${placeOf(documents)}`);
    await withGuideNode(documents, options, {}, async ({ validate }) => {
      for (const level of LEVELS) {
        const runs = [];
        for (let i = 0; i < WARM_UPS + RUNS; i++) runs.push(await validate({ level }));
        if (new Set(runs.map(({ report }) => report.reportDigest)).size !== 1) {
          throw new WrongAnswer(level, 'two runs have different report digests');
        }
        const counted = runs.slice(WARM_UPS);
        timings.get(level)!.push({
          documents,
          validationMs: median(counted.map(({ report }) => report.durationMs)),
          roundTripMs: median(counted.map(({ roundTripMs }) => roundTripMs)),
        });
      }
    });
  }
  const rows = LEVELS.flatMap((level) => {
    const all = timings.get(level)!;
    return [timeRow(level, all, options), ...linearRow(level, all, options)];
  });
  return rows;
}

function timeRow(level: Level, timings: readonly Timing[], { quick }: BenchOptions): BenchRow {
  const limit = GUIDE_MS[level];
  const held = timings.findLast(({ validationMs }) => validationMs <= limit);
  const shown = held ?? timings[0]!;
  return {
    name: `guide time ${level}`,
    title: `validation time, ${level}, ${GUIDE_WORDS[level]}`,
    table: 'guide',
    place: holdsUpTo(held?.documents, timings[0]!.documents, timings.at(-1)!.documents),
    unit: 'ms',
    ours: shown.validationMs,
    peer: limit,
    bar: { atMostTimes: 1 },
    settings: { documents: shown.documents, quads: QUADS, runs: RUNS, quick },
    notes: timings.map(
      ({ documents, validationMs, roundTripMs }) =>
        `${placeOf(documents)}: ${validationMs.toFixed(1)} ms, ${roundTripMs.toFixed(1)} ms from request to report`,
    ),
  };
}

/** "Performance scales linearly with blockchain size up to 10,000 blocks." */
function linearRow(level: Level, timings: readonly Timing[], { quick }: BenchOptions): BenchRow[] {
  const [small, large] = quick ? [100, 1000] : [1000, 10_000];
  const timeOf = (size: number) => timings.find(({ documents }) => documents === size)?.validationMs;
  const [one, ten] = [timeOf(small!), timeOf(large!)];
  if (one === undefined || ten === undefined) return [];
  return [
    {
      name: `guide linear ${level}`,
      title: `linear to 10,000 blocks, ${level}`,
      table: 'guide',
      place: `${placeOf(large!)} against ten times ${small!.toLocaleString('en-US')}`,
      unit: 'ms',
      ours: ten,
      peer: 10 * one,
      bar: { atMostTimes: 1.1 },
      settings: { documents: large!, quads: QUADS, runs: RUNS, quick },
    },
  ];
}
