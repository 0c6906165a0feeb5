import { z } from 'zod';
import { LEVELS } from '../validation/index.js';
import type { ChainInfo } from './dependencies.js';
import { overallStatus } from './integrity-status.js';
import { jobPath } from './job-view.js';
import { countSchema, levelNameSchema, statusSchema, timeSchema } from './report-schemas.js';
import { type Route, route } from './route.js';
import type { LastResult } from './snapshots.js';

const resultSchema = z
  .object({
    level: levelNameSchema,
    status: z.union([statusSchema, z.literal('Unknown')]),
    validated: z
      .boolean()
      .meta({ description: 'false: not validated yet at this level, so nothing is known.' }),
    complete: z.boolean().nullable(),
    ageSeconds: z.number().nullable().meta({ description: 'Since the oldest evidence was read.' }),
    asOf: timeSchema.nullable(),
    finishedAt: timeSchema.nullable(),
    height: countSchema.nullable().meta({
      description: 'Blocks of the chain at that time; null also when the store could not be opened.',
    }),
    blocksSince: z
      .int()
      .nullable()
      .meta({ description: 'Blocks appended since, which it says nothing about.' }),
    jobId: z.string().nullable(),
    reportDigest: z.string().nullable(),
    report: z.string().nullable().meta({ description: 'Path of the report.' }),
  })
  .meta({ id: 'LevelStatus' });

const integritySchema = z
  .object({
    status: z.union([statusSchema, z.literal('Unknown')]).meta({
      description: 'The worst of the results that a later one of a stronger level has not replaced.',
    }),
    chain: z.object({ id: z.string(), height: countSchema, headHash: z.string() }).nullable(),
    chainError: z.string().nullable().meta({ description: 'Why the chain can not be read now.' }),
    levels: z.array(resultSchema),
    unknown: z.array(z.string()).meta({ description: 'What nobody has looked at yet, in words.' }),
  })
  .meta({ id: 'IntegrityStatus' });

type LevelView = z.output<typeof resultSchema>;

function levelView(
  level: (typeof LEVELS)[number],
  result: LastResult | undefined,
  chain: ChainInfo | undefined,
  now: number,
): LevelView {
  if (result === undefined) {
    return {
      level,
      status: 'Unknown',
      validated: false,
      complete: null,
      ageSeconds: null,
      asOf: null,
      finishedAt: null,
      height: null,
      blocksSince: null,
      jobId: null,
      reportDigest: null,
      report: null,
    };
  }
  const { status, complete, asOf, finishedAt, height, jobId, reportDigest } = result;
  return {
    level,
    status,
    validated: true,
    complete,
    ageSeconds: Math.max(0, Math.round((now - Date.parse(asOf)) / 1000)),
    asOf,
    finishedAt,
    height,
    blocksSince: chain === undefined || height === null ? null : chain.height - height,
    jobId,
    reportDigest,
    report: `${jobPath(jobId)}/report`,
  };
}

/** The gaps in what is known: levels never run, results that did not cover everything, blocks that came later. */
function gaps(levels: readonly LevelView[]): string[] {
  return levels.flatMap(({ level, validated, complete, blocksSince }) => {
    if (!validated) return [`${level}: not validated yet`];
    const words: string[] = [];
    if (complete === false) words.push(`${level}: the last validation could not check everything`);
    if (blocksSince !== null && blocksSince > 0) {
      words.push(`${level}: ${blocksSince} ${blocksSince === 1 ? 'block' : 'blocks'} appended since`);
    }
    if (blocksSince !== null && blocksSince < 0)
      words.push(`${level}: the chain is shorter than it was then`);
    return words;
  });
}

const status = route({
  id: 'integrityStatus',
  method: 'GET',
  path: '/api/integrity/status',
  role: 'viewer',
  tag: 'Integrity',
  summary: 'What is known of the chain, how old that is, and what is not known',
  responses: { 200: { description: 'The last result of each level.', schema: integritySchema } },
  errors: [],
  async handle(_request, node) {
    let chainError: string | null = null;
    const reading = node.chain.info().catch((error: unknown) => {
      chainError = error instanceof Error ? error.message : String(error);
      return undefined;
    });
    const [results, chain] = await Promise.all([node.lastResults(), reading]);
    const levels = LEVELS.map((level) =>
      levelView(
        level,
        results.find((result) => result.level === level),
        chain,
        node.now(),
      ),
    );
    return {
      status: 200,
      json: {
        status: overallStatus(results),
        chain:
          chain === undefined ? null : { id: chain.chainId, height: chain.height, headHash: chain.headHash },
        chainError,
        levels,
        unknown: gaps(levels),
      },
    };
  },
});

export const statusRoutes: readonly Route[] = [status];
