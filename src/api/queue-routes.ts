import { z } from 'zod';
import { ProvChainError } from '../errors.js';
import type { ApiDependencies } from './dependencies.js';
import { type Reply, type Route, route } from './route.js';

const tag = 'Queues';
const LONGEST_VALUE = 512;

/** A style that the page's components add by themselves (it hides scroll bars). */
const OWN_STYLE = "'sha256-r2N1TB/gHbBtBZFKg7ejmq1acVSREzucTAEw6ga4hoU='";

/** As that of the dashboard; the page names its own address as the base of its links, and highlights text in a worker. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  `style-src 'self' ${OWN_STYLE}`,
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const FOREVER = 'private, max-age=31536000, immutable';

const query = z.object({}).catchall(z.string().max(LONGEST_VALUE));

async function boardReply(
  node: ApiDependencies,
  path: readonly string[],
  given: Readonly<Record<string, string>>,
): Promise<Reply> {
  if (node.queues === undefined) {
    throw new ProvChainError(
      'NOT_FOUND',
      'there are no queues to look at: this node is alone and keeps its jobs in memory (redis.url makes a fleet)',
    );
  }
  const { status, type, raw, immutable } = await node.queues.get(path, given);
  const headers = {
    'Content-Security-Policy': PAGE_POLICY,
    'Cache-Control': immutable ? FOREVER : 'no-store',
  };
  return { status, headers, type, raw };
}

const mediaTypes = ['text/html', 'text/javascript', 'text/css', 'application/json'];
const responses = {
  200: { description: 'The page, or a part of it.', mediaTypes },
  400: { description: 'Bull Board does not know what is asked for.', mediaTypes: ['application/json'] },
  404: { description: 'Bull Board does not know the queue or the job.', mediaTypes: ['application/json'] },
};
const shared = {
  method: 'GET',
  role: 'operator',
  tag,
  byCookie: true,
  query,
  responses,
  errors: ['NOT_FOUND', 'QUEUE_UNAVAILABLE'],
} as const;

const page = route({
  ...shared,
  id: 'queues',
  path: '/queues',
  summary: 'Bull Board: the queues of a fleet in Redis, to look at',
  description:
    'Logging in sets a cookie for this path, as a browser sends no Authorization field when it opens a page. Contents of jobs are not shown. A node without Redis has no such page.',
  handle: (request, node) => boardReply(node, [], request.query),
});

const part = route({
  ...shared,
  id: 'queuesPart',
  path: '/queues/:path',
  deep: true,
  summary: 'What that page is made of',
  params: z.strictObject({ path: z.string() }),
  handle: (request, node) => boardReply(node, request.params.path.split('/'), request.query),
});

export const queueRoutes: readonly Route[] = [page, part];
