import { z } from 'zod';
import { freezeView } from './admin-routes.js';
import { countSchema, hashSchema, timeSchema } from './report-schemas.js';
import { type Route, route } from './route.js';

const tag = 'Chain';

const chainSchema = z
  .object({
    chainId: z.string(),
    format: z.string(),
    replicaId: z.string(),
    height: countSchema.meta({ description: 'Number of blocks.' }),
    headHash: hashSchema,
    timestamp: timeSchema.nullable().meta({ description: 'Of the last block.' }),
    anchorIndex: countSchema.nullable().meta({ description: 'The block that anchor.json names.' }),
    writer: z.boolean().meta({ description: 'This node appends to the chain.' }),
    writerUrl: z.string().nullable(),
    frozen: z.boolean(),
    freezeReason: z.string().nullable(),
  })
  .meta({ id: 'Chain' });

const nodeSchema = z
  .object({
    nodeId: z.string(),
    roles: z.array(z.string()),
    replica: z.string(),
    height: countSchema.nullable(),
    headHash: z.string().nullable(),
    writer: z.boolean(),
    startedAt: timeSchema,
    version: z.string(),
    url: z.string().nullable(),
    load: z.object({ active: countSchema, queued: countSchema }).nullable(),
  })
  .meta({ id: 'Node' });

const chain = route({
  id: 'getChain',
  method: 'GET',
  path: '/api/chain',
  role: 'viewer',
  tag,
  summary: 'The chain of this node',
  responses: {
    200: {
      description: 'As it stands now.',
      schema: chainSchema,
      headers: { ETag: 'Height and head hash.' },
    },
    304: { description: 'Nothing was appended since.' },
  },
  errors: ['STORE_UNAVAILABLE', 'STORE_CORRUPT', 'NOT_A_CHAIN'],
  async handle(_request, node) {
    const [info, state] = await Promise.all([node.chain.info(), node.freeze.get()]);
    const { chainId, format, replicaId, height, headHash, timestamp, anchorIndex, writer, writerUrl } = info;
    const { frozen, reason } = freezeView(state);
    return {
      status: 200,
      headers: {
        ETag: `"${height}-${headHash}-${anchorIndex ?? 'none'}${frozen ? '-frozen' : ''}"`,
        'Cache-Control': 'private, no-cache',
      },
      json: {
        chainId,
        format,
        replicaId,
        height,
        headHash,
        timestamp,
        anchorIndex,
        writer,
        writerUrl: writerUrl ?? null,
        frozen,
        freezeReason: frozen ? reason : null,
      },
    };
  },
});

const nodes = route({
  id: 'listNodes',
  method: 'GET',
  path: '/api/nodes',
  role: 'viewer',
  tag,
  summary: 'The nodes of the fleet that are alive',
  responses: {
    200: { description: 'This node among them.', schema: z.object({ nodes: z.array(nodeSchema) }) },
  },
  errors: [],
  async handle(_request, node) {
    const entries = await node.nodes();
    return {
      status: 200,
      json: {
        nodes: entries.map((entry) => ({
          nodeId: entry.nodeId,
          roles: [...entry.roles],
          replica: entry.replica,
          height: entry.height,
          headHash: entry.headHash,
          writer: entry.writer,
          startedAt: entry.startedAt,
          version: entry.version,
          url: entry.url ?? null,
          load: entry.load ?? null,
        })),
      },
    };
  },
});

export const chainRoutes: readonly Route[] = [chain, nodes];
