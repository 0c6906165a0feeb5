import { LEVELS, type Level } from '../../src/validation/index.js';
import type { BenchOptions } from '../group.js';
import { type BenchRow, median } from '../row.js';
import { expectEqual, runValidation, WrongAnswer } from '../verify.js';
import {
  type GuideNode,
  guideChain,
  holdsUpTo,
  type LevelFigure,
  placeOf,
  QUADS,
  residentMb,
  withGuideNode,
} from './guide-node.js';

/** MB: "50MB", "100MB", "200MB", "300MB". */
const GUIDE_MB: LevelFigure = { Minimal: 50, Standard: 100, Comprehensive: 200, Full: 300 };
const BASE_MB = 50;
const MB_PER_THOUSAND_RESULTS = 1;
const RESULTS = 1000;
const SIZES = [10, 1000, 10_000, 100_000];
const QUICK_SIZES = [10, 1000];
const RUNS = 3;

export async function memoryRows(options: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const level of LEVELS) rows.push(await levelRow(level, options));
  return [...rows, ...(await nodeRows(options))];
}

/** Peak memory of a process that validates once in its one thread and does nothing else. */
async function levelRow(level: Level, options: BenchOptions): Promise<BenchRow> {
  options.note(`guide: memory of ${level}`);
  const limit = GUIDE_MB[level];
  const sizes: { documents: number; peakMb: number }[] = [];
  for (const documents of options.quick ? QUICK_SIZES : SIZES) {
    const chain = await guideChain(documents, options);
    const peaks: number[] = [];
    for (let i = 0; i < RUNS; i++) peaks.push((await runValidation(chain, { level, workers: 0 })).peakMb);
    sizes.push({ documents, peakMb: median(peaks) });
  }
  const held = sizes.findLast(({ peakMb }) => peakMb <= limit);
  const shown = held ?? sizes[0]!;
  return {
    name: `guide memory ${level}`,
    title: `memory, ${level}, ${limit} MB`,
    table: 'guide',
    place: holdsUpTo(held?.documents, sizes[0]!.documents, sizes.at(-1)!.documents),
    unit: 'MB',
    ours: shown.peakMb,
    peer: limit,
    bar: { atMostTimes: 1 },
    settings: { documents: shown.documents, quads: QUADS, runs: RUNS, quick: options.quick },
    notes: sizes.map(
      ({ documents, peakMb }) => `${placeOf(documents)}: ${peakMb.toFixed(0)} MB, Node itself included`,
    ),
  };
}

/** "~50MB base + 1MB per 1,000 cached validation results". */
function nodeRows(options: BenchOptions): Promise<BenchRow[]> {
  const documents = 1000;
  const settings = { cache: { max_cache_entries: 2 * RESULTS }, jobs: { max_queue_depth: 2 * RESULTS } };
  return withGuideNode(documents, options, settings, async (guide) => {
    const { node } = guide;
    options.note(`guide: memory of a node and of ${RESULTS} cached results`);
    const api = residentMb(node.pid);
    const validator = node.validatorPid === undefined ? 0 : residentMb(node.validatorPid);
    await fillCache(guide);
    const { entries, bytes } = (await guide.ask('/api/integrity/cache-stats')) as {
      entries: number;
      bytes: number;
    };
    expectEqual('the cache', 'entries', entries, RESULTS);
    const common = { table: 'guide', unit: 'MB', bar: { atMostTimes: 1 } } as const;
    const where = { documents, quads: QUADS, quick: options.quick };
    return [
      {
        ...common,
        name: 'guide memory base',
        title: `memory of a node at rest, ${BASE_MB} MB`,
        place: placeOf(documents),
        ours: api + validator,
        peer: BASE_MB,
        settings: where,
        notes: [
          `${api.toFixed(0)} MB of the process with the REST API, ${validator.toFixed(0)} MB of the one that validates`,
        ],
      },
      {
        ...common,
        name: 'guide memory results',
        title: 'memory of 1,000 cached results, 1 MB',
        place: placeOf(documents),
        ours: (bytes / 1e6 / entries) * 1000,
        peer: MB_PER_THOUSAND_RESULTS,
        settings: { ...where, results: RESULTS },
        notes: [
          `the resident memory of the process grew from ${api.toFixed(0)} to ${residentMb(node.pid).toFixed(0)} MB`,
        ],
      },
    ];
  });
}

/** As many different questions as there are results, each of which the cache then answers. */
async function fillCache({ client, chain }: GuideNode): Promise<void> {
  const { height } = chain.expected;
  const question = (i: number) => ({ level: 'Minimal', from: i % height, to: height }) as const;
  if (RESULTS > height) throw new Error('the chain has fewer blocks than there are questions');
  const open: string[] = [];
  for (let i = 0; i < RESULTS; i++) {
    const submitted = await client.submit(question(i));
    if (submitted.kind === 'cached')
      throw new WrongAnswer(`question ${i}`, 'it was answered before it was asked');
    open.push(submitted.job.jobId);
  }
  for (const jobId of open) for await (const _ of client.watch(jobId));
  for (let i = 0; i < RESULTS; i += 50) {
    const again = await client.submit(question(i));
    if (again.kind !== 'cached' || again.report.status !== 'Healthy') {
      throw new WrongAnswer(`question ${i}`, 'the cache does not answer it');
    }
  }
}
