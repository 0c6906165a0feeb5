import { z } from 'zod';
import type { ApiDependencies } from './dependencies.js';
import { overallStatus } from './integrity-status.js';
import { statusSchema } from './report-schemas.js';
import { type Route, route } from './route.js';
import type { HealthSnapshot } from './snapshots.js';

const tag = 'Health';

const checkSchema = z.object({
  name: z.string(),
  ok: z.boolean(),
  required: z.boolean(),
  detail: z.string().nullable(),
});

const healthSchema = z
  .object({
    status: z.enum(['healthy', 'degraded', 'unhealthy']),
    version: z.string(),
    node: z.string(),
    mode: z.enum(['embedded', 'fleet']),
    uptimeSeconds: z.number(),
    integrity: z.union([statusSchema, z.literal('Unknown')]),
    checks: z.array(checkSchema).optional(),
  })
  .meta({ id: 'Health' });

const readySchema = z.object({
  ready: z.boolean(),
  failing: z.array(z.string()),
  checks: z.array(checkSchema).optional(),
});

type HealthView = z.output<typeof healthSchema>;

/** The single checks, where the configuration lets everybody see them. */
function checksOf({ checks }: HealthSnapshot, { options }: ApiDependencies) {
  if (!options.detailedHealth) return {};
  return { checks: checks.map(({ detail, ...check }) => ({ ...check, detail: detail ?? null })) };
}

/**
 * unhealthy: something the node needs is gone, or the chain was found altered. degraded: something it can do without is
 * gone, or nobody knows yet whether the chain is intact. healthy: neither.
 */
async function judge(node: ApiDependencies): Promise<HealthView> {
  const [snapshot, results] = await Promise.all([node.health(), node.lastResults()]);
  const integrity = overallStatus(results);
  const broken = snapshot.checks.some(({ ok, required }) => required && !ok);
  const altered = integrity === 'Critical' || integrity === 'Corrupted';
  const flawless = integrity === 'Healthy' && snapshot.checks.every(({ ok }) => ok);
  return {
    status: broken || altered ? 'unhealthy' : flawless ? 'healthy' : 'degraded',
    version: snapshot.version,
    node: snapshot.nodeId,
    mode: snapshot.mode,
    uptimeSeconds: Math.round(snapshot.uptimeSeconds),
    integrity,
    ...checksOf(snapshot, node),
  };
}

export function healthRoutes(path: string): readonly Route[] {
  const health = route({
    id: 'health',
    method: 'GET',
    path,
    role: 'public',
    always: true,
    tag,
    summary: 'Basic health: the node and its chain in one word',
    responses: {
      200: { description: 'healthy or degraded.', schema: healthSchema },
      503: { description: 'unhealthy.', schema: healthSchema },
    },
    errors: [],
    async handle(_request, node) {
      const view = await judge(node);
      return { status: view.status === 'unhealthy' ? 503 : 200, json: view };
    },
  });

  const live = route({
    id: 'live',
    method: 'GET',
    path: `${path}/live`,
    role: 'public',
    always: true,
    tag,
    summary: 'The process answers',
    description: 'For who restarts it: says nothing about what it depends on.',
    responses: {
      200: {
        description: 'It does.',
        schema: z.object({ live: z.literal(true), uptimeSeconds: z.number() }),
      },
    },
    errors: [],
    // Asks for nothing: a part that does not answer must not get the process restarted.
    handle: () => ({ status: 200, json: { live: true, uptimeSeconds: Math.round(process.uptime()) } }),
  });

  const ready = route({
    id: 'ready',
    method: 'GET',
    path: `${path}/ready`,
    role: 'public',
    always: true,
    tag,
    summary: 'The node can take requests',
    description: 'For load balancers.',
    responses: {
      200: { description: 'It can.', schema: readySchema },
      503: { description: 'It can not; `failing` names why.', schema: readySchema },
    },
    errors: [],
    async handle(_request, node) {
      const snapshot = await node.health();
      const failing = snapshot.checks.filter(({ ok, required }) => required && !ok).map(({ name }) => name);
      if (node.stopping?.aborted) failing.push('stopping');
      const isReady = failing.length === 0;
      return {
        status: isReady ? 200 : 503,
        json: { ready: isReady, failing, ...checksOf(snapshot, node) },
      };
    },
  });

  return [health, live, ready];
}
