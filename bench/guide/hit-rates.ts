import { workloadDocument } from '../../src/rdf/index.js';
import { LEVELS, type Level, type Report } from '../../src/validation/index.js';
import type { BenchOptions } from '../group.js';
import type { BenchRow } from '../row.js';
import {
  checkHealthy,
  type GuideNode,
  type LevelFigure,
  placeOf,
  QUADS,
  withGuideNode,
} from './guide-node.js';

/** Percent of the requests. */
const GUIDE_PERCENT: LevelFigure = { Minimal: 95, Standard: 85, Comprehensive: 70, Full: 50 };
/** The fewest requests between two changes of the chain with which such a share can be reached at all. */
const REQUESTS_PER_BLOCK: LevelFigure = { Minimal: 20, Standard: 7, Comprehensive: 4, Full: 2 };
const BLOCKS = 10;

interface Stats {
  readonly levels: Readonly<Record<string, { readonly hits: number; readonly misses: number }>>;
}

/**
 * A block is appended, then so many requests come, over and over. Every block makes the result before it one of another
 * chain, so that the first request after it can't be a hit, and all others must be.
 */
export function hitRateRows(options: BenchOptions): Promise<BenchRow[]> {
  const documents = options.quick ? 100 : 1000;
  return withGuideNode(documents, options, {}, async (node) => {
    const rows: BenchRow[] = [];
    let height = node.chain.expected.height;
    for (const level of LEVELS) {
      options.note(`guide: hit rate of ${level}`);
      const before = await countsOf(node, level);
      for (let i = 0; i < BLOCKS; i++) {
        await append(node, height);
        height++;
        for (let k = 0; k < REQUESTS_PER_BLOCK[level]; k++) await ask(node, level, height);
      }
      const after = await countsOf(node, level);
      const hits = after.hits - before.hits;
      const misses = after.misses - before.misses;
      rows.push({
        name: `guide hit rate ${level}`,
        title: `cache hit rate, ${level}, ${GUIDE_PERCENT[level]} %`,
        table: 'guide',
        place: `a block is appended before every ${REQUESTS_PER_BLOCK[level]} requests, ${placeOf(documents)}`,
        unit: '%',
        ours: (100 * hits) / (hits + misses),
        peer: GUIDE_PERCENT[level],
        bar: { atLeastShare: 1 },
        settings: {
          documents,
          quads: QUADS,
          blocks: BLOCKS,
          perBlock: REQUESTS_PER_BLOCK[level],
          quick: options.quick,
        },
        notes: [`${hits} hits, ${misses} misses; every answer was about the newest block`],
      });
    }
    return rows;
  });
}

async function countsOf({ ask }: GuideNode, level: Level) {
  const { levels } = (await ask('/api/integrity/cache-stats')) as Stats;
  return levels[level] ?? { hits: 0, misses: 0 };
}

async function append({ ask }: GuideNode, index: number): Promise<void> {
  const body = workloadDocument('trace', 2_000_000 + index, { quads: QUADS, seed: 1 });
  await ask('/api/blocks', { method: 'POST', body, headers: { 'content-type': 'application/n-quads' } });
}

/** One request for the result, whose answer must be about every block there is. */
async function ask(node: GuideNode, level: Level, height: number): Promise<void> {
  const path = `/api/integrity/validate?level=${level}&wait=60`;
  const { report } = (await node.ask(path)) as { report: Report };
  checkHealthy(report, height);
}
