import type { BenchOptions } from '../group.js';
import type { BenchRow } from '../row.js';
import { WrongAnswer } from '../verify.js';
import { placeOf, QUADS, withGuideNode } from './guide-node.js';

const GUIDE_CONCURRENT = 10;
const LOOK_MS = 10;

/** "Supports up to 10 concurrent validations": ten at once, with the answers that they have one after the other. */
export function concurrencyRows(options: BenchOptions): Promise<BenchRow[]> {
  const documents = options.quick ? 1000 : 10_000;
  const settings = { 'integrity.resource_limits': { max_concurrent_validations: GUIDE_CONCURRENT } };
  return withGuideNode(documents, options, settings, async ({ client, chain, validate }) => {
    options.note(`guide: ${GUIDE_CONCURRENT} validations at once on ${placeOf(documents)}`);
    const { height } = chain.expected;
    // Ranges that differ by a block each, so that none is another's duplicate.
    const questions = Array.from(
      { length: GUIDE_CONCURRENT },
      (_, i) => ({ level: 'Full', from: i, to: height }) as const,
    );
    const alone: string[] = [];
    const aloneStarted = performance.now();
    for (const question of questions) alone.push((await validate(question)).report.reportDigest);
    const aloneMs = performance.now() - aloneStarted;

    const together = performance.now();
    const running = Promise.all(questions.map((question) => validate(question)));
    let over = false;
    const done = running.finally(() => {
      over = true;
    });
    let most = 0;
    while (!over) {
      const { jobs } = await client.list({ state: 'running', limit: 50 });
      most = Math.max(most, jobs.length);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    const digests = (await done).map(({ report }) => report.reportDigest);
    const togetherMs = performance.now() - together;
    if (digests.join() !== alone.join()) {
      throw new WrongAnswer('validations at once', 'their digests differ from those of the same ones alone');
    }
    return [
      {
        name: 'guide concurrent',
        title: `${GUIDE_CONCURRENT} validations at once`,
        table: 'guide',
        place: `Full, ${placeOf(documents)}`,
        unit: 'jobs',
        ours: most,
        peer: GUIDE_CONCURRENT,
        bar: { atLeastShare: 1 },
        settings: { documents, quads: QUADS, quick: options.quick },
        notes: [
          `${togetherMs.toFixed(0)} ms at once, ${aloneMs.toFixed(0)} ms one after the other; the same digests both ways`,
        ],
      },
    ];
  });
}
