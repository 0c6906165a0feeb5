import { hash } from 'node:crypto';
import { z } from 'zod';
import { ProvChainError } from '../errors.js';
import { parseRdfFormat, RDF_FORMATS } from '../rdf/index.js';
import type { ApiDependencies, BlockEntry } from './dependencies.js';
import { numberText } from './job-schemas.js';
import { PAYLOAD_TYPES, type PayloadType, payloadAs } from './payload-formats.js';
import { withExtras } from './problem.js';
import { countSchema, hashSchema } from './report-schemas.js';
import { type ApiRequest, type Reply, type Route, route } from './route.js';

const tag = 'Blocks';
const MAX_INDEX = Number.MAX_SAFE_INTEGER;
const PAGE_LIMIT = 1000;
const DEFAULT_PAGE = 50;
/** What a hash names never changes. */
const FOREVER = 'private, max-age=31536000, immutable';

const blockSchema = z
  .object({
    index: countSchema,
    hash: z.string().meta({ description: 'SHA-256 of the header as stored, hexadecimal.' }),
    header: z.record(z.string(), z.unknown()).meta({ description: "The fields of the chain's format." }),
  })
  .meta({ id: 'Block' });

const proofSchema = z
  .looseObject({ schema: z.literal('provchain-proof/1'), blockIndex: countSchema, treeSize: countSchema })
  .meta({ id: 'Proof', description: 'Checked offline with `provchain proof verify`.' });

const indexParams = z.strictObject({
  index: numberText(0, MAX_INDEX).meta({ description: 'Number of the block.' }),
});

const blockView = ({ index, hash: blockHash, header }: BlockEntry) => ({ index, hash: blockHash, header });

/** The head that a client builds on: the tag of an If-Match field, or the parameter. */
function expectedHead(field: string | undefined, parameter: string | undefined): string | undefined {
  if (field === undefined || field.trim() === '*') return parameter;
  const head = /^\s*"([0-9a-f]{64})"\s*$/.exec(field)?.[1];
  if (head === undefined) {
    throw new ProvChainError(
      'REQUEST_INVALID',
      'If-Match must be the hash of the last block in double quotes',
    );
  }
  if (parameter !== undefined && parameter !== head) {
    throw new ProvChainError('REQUEST_INVALID', 'If-Match and expectedHead name different blocks');
  }
  return head;
}

async function refuseIfFrozen(node: ApiDependencies): Promise<void> {
  const { frozen, source, reason, until } = await node.freeze.get();
  if (!frozen) return;
  const leftMs = until === undefined ? Number.NaN : Date.parse(until) - node.now();
  const why = reason === undefined ? '' : `: ${reason}`;
  const error = new ProvChainError('FROZEN', `appending is stopped${why}`);
  throw withExtras(error, {
    members: { source, until },
    ...(leftMs > 0 ? { retryAfterSeconds: leftMs / 1000 } : {}),
  });
}

/** What says to another node than the writer where the writer is. */
async function withWriter(thrown: unknown, node: ApiDependencies): Promise<unknown> {
  if (!(thrown instanceof ProvChainError) || thrown.code !== 'NOT_WRITER') return thrown;
  const info = await node.chain.info().catch(() => undefined);
  return info?.writerUrl === undefined ? thrown : withExtras(thrown, { members: { writer: info.writerUrl } });
}

const append = route({
  id: 'appendBlock',
  method: 'POST',
  path: '/api/blocks',
  role: 'operator',
  tag,
  summary: 'Append a document as the next block',
  description:
    'One document, one block. The answer comes when the block is durable and anchored. Errors in the document are given with line and column.',
  query: z.strictObject({
    expectedHead: hashSchema
      .optional()
      .meta({ description: 'Hash of the block that must still be the last one.' }),
  }),
  requestHeaders: { 'If-Match': 'The same as expectedHead, in double quotes.' },
  body: {
    kind: 'bytes',
    mediaTypes: RDF_FORMATS.map(({ mediaType }) => mediaType),
    description: 'An RDF document in UTF-8.',
  },
  responses: {
    201: {
      description: 'The block.',
      schema: blockSchema,
      headers: { Location: 'Path of the block.', ETag: 'Its hash: the head that the next append can name.' },
    },
  },
  errors: [
    'RDF_SYNTAX',
    'RDF_ENCODING',
    'RDF_REMOTE_CONTEXT',
    'CANONICAL_LIMIT',
    'BLOCK_TOO_LARGE',
    'BLOCK_EMPTY',
    'HEAD_MOVED',
    'FROZEN',
    'NOT_WRITER',
    'NO_PRODUCER_KEY',
    'CHAIN_DAMAGED',
    'WRITE_LATCHED',
    'STORE_UNAVAILABLE',
    'OVERLOADED',
  ],
  audit: 'block.append',
  async handle(request, node) {
    const head = expectedHead(request.header('If-Match'), request.query.expectedHead);
    await refuseIfFrozen(node);
    const format = parseRdfFormat(request.mediaType.name);
    const options = {
      user: request.principal.name,
      requestId: request.requestId,
      ...(head === undefined ? {} : { expectedHead: head }),
    };
    try {
      const block = await node.chain.append(request.body, format, options);
      request.noteForAudit({ block: block.index, hash: block.hash });
      return {
        status: 201,
        headers: { Location: `/api/blocks/${block.index}`, ETag: `"${block.hash}"` },
        json: blockView(block),
      };
    } catch (thrown) {
      throw await withWriter(thrown, node);
    }
  },
});

const list = route({
  id: 'listBlocks',
  method: 'GET',
  path: '/api/blocks',
  role: 'viewer',
  tag,
  summary: 'Headers of blocks, page by page',
  query: z.strictObject({
    from: numberText(0, MAX_INDEX).optional().meta({
      description:
        'First block of the page. When not given: the first block, or in descending order the last.',
    }),
    limit: numberText(1, PAGE_LIMIT).default(DEFAULT_PAGE),
    order: z.enum(['asc', 'desc']).default('asc'),
  }),
  responses: {
    200: {
      description: 'A page.',
      schema: z.object({
        height: countSchema,
        blocks: z.array(blockSchema),
        next: countSchema.nullable().meta({ description: '`from` of the next page.' }),
      }),
      headers: { Link: 'rel="next": the next page.' },
    },
  },
  errors: ['STORE_UNAVAILABLE', 'STORE_CORRUPT', 'NOT_A_CHAIN'],
  async handle({ query }, node) {
    const { limit, order } = query;
    const { height } = await node.chain.info();
    const descending = order === 'desc';
    const first = descending ? Math.min(query.from ?? height - 1, height - 1) : (query.from ?? 0);
    const [from, to] = descending
      ? [Math.max(0, first - limit + 1), first + 1]
      : [first, Math.min(height, first + limit)];
    const blocks = from < to ? (await node.chain.headers(from, to)).map(blockView) : [];
    if (descending) blocks.reverse();
    const after = descending ? (from > 0 ? from - 1 : null) : to < height && from < to ? to : null;
    const headers: Record<string, string> =
      after === null ? {} : { Link: `</api/blocks?from=${after}&limit=${limit}&order=${order}>; rel="next"` };
    return { status: 200, headers, json: { height, blocks, next: after } };
  },
});

const header = route({
  id: 'getBlock',
  method: 'GET',
  path: '/api/blocks/:index',
  role: 'viewer',
  tag,
  summary: 'The header of a block',
  params: indexParams,
  responses: {
    200: {
      description: 'The header as stored.',
      schema: blockSchema,
      headers: { ETag: 'The hash of the block.' },
    },
    304: { description: 'It is the header that the client has.' },
  },
  errors: ['NOT_FOUND', 'STORE_UNAVAILABLE', 'STORE_CORRUPT', 'NOT_A_CHAIN'],
  async handle({ params }, node) {
    const block = await node.chain.header(params.index);
    return {
      status: 200,
      headers: { ETag: `"${block.hash}"`, 'Cache-Control': 'private, no-cache' },
      json: blockView(block),
    };
  },
});

/**
 * The stored bytes, or the same quads in another format. The tag is the hash of the bytes that are there now, not the
 * one that the header promises: only where both are the same may the answer be kept for ever.
 */
async function payloadReply(
  { params, accepts }: ApiRequest<{ index: number }, unknown, unknown>,
  node: ApiDependencies,
): Promise<Reply> {
  const wanted = accepts(PAYLOAD_TYPES) as PayloadType | undefined;
  if (wanted === undefined) {
    throw new ProvChainError('NOT_ACCEPTABLE', `a payload can be given as ${PAYLOAD_TYPES.join(', ')}`);
  }
  const [block, bytes] = await Promise.all([
    node.chain.header(params.index),
    node.chain.payload(params.index),
  ]);
  const digest = hash('sha256', bytes);
  const promised = block.header.payloadHash;
  const intact = promised === undefined || promised === digest;
  const format = RDF_FORMATS.find(({ mediaType }) => mediaType === wanted)!.name;
  return {
    status: 200,
    headers: {
      ETag: format === 'n-quads' ? `"${digest}"` : `"${digest}-${format}"`,
      Vary: 'Accept',
      'Cache-Control': intact ? FOREVER : 'no-store',
      'Provchain-Payload': intact ? 'as-in-header' : 'PAYLOAD_DIGEST_MISMATCH',
    },
    type: `${wanted}; charset=utf-8`,
    raw: await payloadAs(bytes, wanted, params.index),
  };
}

const payload = route({
  id: 'getPayload',
  method: 'GET',
  path: '/api/blocks/:index/payload',
  role: 'viewer',
  tag,
  summary: 'The payload of a block',
  description:
    'As N-Quads, exactly the stored bytes; the other formats are made of them, of up to 4 MiB. Turtle has no named graphs: a block with some can be given as TriG.',
  params: indexParams,
  requestHeaders: { Accept: 'One of the formats; N-Quads when none is named.' },
  responses: {
    200: {
      description: 'The payload.',
      mediaTypes: PAYLOAD_TYPES,
      headers: {
        ETag: 'SHA-256 of the stored bytes, with the format where it is another.',
        'Provchain-Payload': '`as-in-header`, or `PAYLOAD_DIGEST_MISMATCH` when the bytes were altered.',
      },
    },
    304: { description: 'It is the payload that the client has.' },
  },
  errors: [
    'NOT_FOUND',
    'NOT_ACCEPTABLE',
    'CHAIN_DAMAGED',
    'STORE_UNAVAILABLE',
    'STORE_CORRUPT',
    'NOT_A_CHAIN',
  ],
  handle: payloadReply,
});

const proof = route({
  id: 'getProof',
  method: 'GET',
  path: '/api/blocks/:index/proof',
  role: 'viewer',
  tag,
  summary: 'A proof that the block is in the chain (RFC 9162)',
  description: 'It can be checked without this node, against a copy of chain.json.',
  params: indexParams,
  query: z.strictObject({
    height: numberText(1, MAX_INDEX).optional().meta({
      description:
        'The proof leads to the head of the chain of so many blocks; to the anchor when not given.',
    }),
  }),
  responses: { 200: { description: 'The proof.', schema: proofSchema } },
  errors: ['NOT_FOUND', 'OUT_OF_RANGE', 'CHAIN_DAMAGED', 'STORE_UNAVAILABLE', 'STORE_CORRUPT', 'NOT_A_CHAIN'],
  async handle({ params, query }, node) {
    return { status: 200, json: await node.chain.proof(params.index, query.height) };
  },
});

export const blockRoutes: readonly Route[] = [append, list, header, payload, proof];
