import { z } from 'zod';
import type { ApiDependencies, BlockSearchAnswer, InspectedBlock, Principal } from './dependencies.js';
import { numberText } from './job-schemas.js';
import { checkSchema, countSchema, findingSchema, statusSchema, timeSchema } from './report-schemas.js';
import { type JsonReply, type Route, route } from './route.js';
import { parseSearchQuery, type SearchQuery } from './search-query.js';

const tag = 'Blocks';
const MAX_INDEX = Number.MAX_SAFE_INTEGER;
const LONGEST_QUERY = 2048;
const SHORTEST_TEXT = 2;

const neighbourSchema = z
  .object({
    index: countSchema,
    hash: z.string().nullable().meta({ description: 'Recomputed; null where no header can be read.' }),
  })
  .nullable();

const inspectionSchema = z
  .object({
    index: countSchema,
    height: countSchema,
    checks: z.array(checkSchema).meta({ description: 'What the validation of this block looked at.' }),
    status: statusSchema,
    complete: z.boolean().meta({ description: 'False: not everything could be checked.' }),
    asOf: timeSchema,
    findings: z.array(findingSchema).meta({
      description: 'What that validation found; `block` is null for what concerns the whole chain.',
    }),
    hash: z.string().nullable().meta({ description: 'Recomputed from the stored header.' }),
    storedHash: z.string().nullable(),
    header: z.record(z.string(), z.unknown()).nullable(),
    headerProblem: z.string().nullable().meta({ description: 'Why `header` is null.' }),
    headerBytes: z.string().meta({ description: 'The stored header, base64.' }),
    payload: z.object({
      bytes: countSchema.nullable(),
      sha256: z.string().nullable(),
      canonical: z.boolean().nullable().meta({ description: 'Null where it was not found out.' }),
      diff: z
        .array(z.object({ op: z.enum(['same', 'removed', 'added']), line: z.string() }))
        .nullable()
        .meta({ description: 'From the stored lines to those of the canonical form; up to 2,000.' }),
      shortened: z.boolean().meta({ description: 'Lines are left out of `diff`.' }),
      error: z.string().nullable(),
    }),
    previous: neighbourSchema,
    next: neighbourSchema,
  })
  .meta({ id: 'Inspection' });

function inspectionView({ header, ...block }: InspectedBlock) {
  const { hash, storedHash, fields, problem, bytes } = header;
  const { index, height, checks, status, complete, asOf, findings, payload, previous, next } = block;
  return {
    ...{ index, height, checks, status, complete, asOf, findings, hash, storedHash },
    header: fields,
    headerProblem: problem,
    headerBytes: Buffer.from(bytes).toString('base64'),
    ...{ payload, previous, next },
  };
}

/** Who waits for themselves; see `ApiInspector`. */
const clientOf = (principal: Principal, ip: string): string => `${principal.name} ${ip}`;

const inspection = route({
  id: 'inspectBlock',
  method: 'GET',
  path: '/api/blocks/:index/inspection',
  role: 'viewer',
  tag,
  summary: 'Everything about one block, damaged or not',
  description:
    'The block is validated for this answer with the checks of level Full (from block 50,000 on without `history`, which takes all blocks before it; `checks` says so), and shown as it is stored as far as it can be read. A payload of up to 1 MiB is set against its canonical form.',
  params: z.strictObject({
    index: numberText(0, MAX_INDEX).meta({ description: 'Number of the block.' }),
  }),
  responses: { 200: { description: 'The block.', schema: inspectionSchema } },
  errors: ['NOT_FOUND', 'OVERLOADED', 'STORE_UNAVAILABLE', 'STORE_CORRUPT', 'NOT_A_CHAIN'],
  async handle({ params, principal, ip, signal }, node) {
    const block = await node.inspector.inspect(params.index, clientOf(principal, ip), signal());
    return { status: 200, json: inspectionView(block) };
  },
});

const searchSchema = z
  .object({
    kind: z.enum(['height', 'hash', 'iri', 'text']).meta({ description: 'What `q` was taken for.' }),
    blocks: z.array(
      z.object({
        index: countSchema,
        hash: z.string().nullable(),
        timestamp: z.string().nullable(),
        quadCount: countSchema.nullable(),
        lines: z.array(z.string()).meta({ description: 'The first three matching lines.' }),
      }),
    ),
    searched: z.object({ from: countSchema, to: countSchema }).meta({
      description: 'Blocks `from` to `to - 1` were looked at.',
    }),
    next: countSchema.nullable().meta({ description: '`before` of the search that goes on.' }),
    unread: countSchema.meta({ description: 'Blocks among them of which nothing could be read.' }),
  })
  .meta({ id: 'BlockSearch' });

/** A block by its number: there is nothing to search. */
async function byHeight(index: number, node: ApiDependencies): Promise<BlockSearchAnswer> {
  const [block] = await node.chain.headers(index, index + 1);
  if (block === undefined) return { blocks: [], searched: { from: index, to: index }, next: null, unread: 0 };
  const { quadCount, block: imported } = block.header;
  // An imported header has its times in a list.
  const timestamp =
    block.header.timestamp ?? (imported as { timestamp?: readonly unknown[] } | undefined)?.timestamp?.[0];
  const found = {
    index,
    hash: block.hash === '' ? null : block.hash,
    timestamp: typeof timestamp === 'string' ? timestamp : null,
    quadCount: typeof quadCount === 'number' ? quadCount : null,
    lines: [],
  };
  return { blocks: [found], searched: { from: index, to: index + 1 }, next: null, unread: 0 };
}

const targetOf = (query: Exclude<SearchQuery, { kind: 'height' }>) =>
  query.kind === 'hash' ? query : ({ kind: 'line', needle: query.needle } as const);

const search = route({
  id: 'searchBlocks',
  method: 'GET',
  path: '/api/blocks/search',
  role: 'viewer',
  tag,
  summary: 'Blocks by number, hash, IRI or other text of a term, newest first',
  description:
    'A number is a height; 64 hexadecimal digits are the hash of a block or of its payload; an IRI is exactly that term; anything else, or what stands in double quotes, is a part of a term. A call searches for up to 2 s and gives up to 50 blocks; `next` goes on. The stored bytes are compared, those of damaged blocks too.',
  query: z.strictObject({
    q: z
      .string()
      .max(LONGEST_QUERY)
      .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
      .refine((text) => text.trim().length >= SHORTEST_TEXT || /^\s*\d\s*$/.test(text), 'is too short')
      .meta({ description: 'What to search for.' }),
    before: numberText(0, MAX_INDEX).optional().meta({
      description: 'The search begins with the block before this one; with the last when not given.',
    }),
  }),
  responses: { 200: { description: 'What was found.', schema: searchSchema } },
  errors: ['OVERLOADED', 'STORE_UNAVAILABLE', 'STORE_CORRUPT', 'NOT_A_CHAIN'],
  async handle({ query, principal, ip, signal }, node): Promise<JsonReply> {
    const wanted = parseSearchQuery(query.q);
    const answer =
      wanted.kind === 'height'
        ? await byHeight(wanted.index, node)
        : await node.inspector.search(
            { target: targetOf(wanted), before: query.before },
            clientOf(principal, ip),
            signal(),
          );
    return { status: 200, json: { kind: wanted.kind, ...answer } };
  },
});

export const inspectionRoutes: readonly Route[] = [search, inspection];
