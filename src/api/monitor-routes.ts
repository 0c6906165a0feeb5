import { z } from 'zod';
import { integrityAnswer } from './integrity-answer.js';
import { numberText } from './job-schemas.js';
import { dashboardSchema, historySchema, mapSchema } from './monitor-schemas.js';
import { type Route, route } from './route.js';

const tag = 'Monitor';
const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;

const number = (least: number, most: number, otherwise: number, description: string) =>
  numberText(least, most).default(otherwise).meta({ description });

const dashboard = route({
  id: 'dashboard',
  method: 'GET',
  path: '/api/integrity/dashboard',
  role: 'viewer',
  tag,
  summary: 'Whether the chain is intact, how fresh that answer is, trends, monitor and scrub',
  description: 'Makes no verdict: statuses are those of reports. What was not measured is null.',
  responses: { 200: { description: 'What there is to know at a glance.', schema: dashboardSchema } },
  errors: [],
  async handle(_request, node) {
    const [results, chain] = await Promise.all([
      node.lastResults(),
      node.chain.info().catch(() => undefined),
    ]);
    const answer = integrityAnswer(results, chain?.height, node.now(), (status) =>
      node.monitor.statusSince(status),
    );
    const { asOf, ...rest } = node.monitor.dashboard();
    return { status: 200, json: { asOf, answer, ...rest } };
  },
});

const history = route({
  id: 'history',
  method: 'GET',
  path: '/api/integrity/history',
  role: 'viewer',
  tag,
  summary: 'Validation times, throughput, hit rate, queue, CPU and memory over time',
  description:
    'Kept in steps of 10 s for an hour, of a minute for a day and of 10 minutes for a week. Times of validations are off by 4.5 % at most.',
  query: z.strictObject({
    hours: number(1, WEEK_HOURS, 1, 'How far back.'),
    points: number(10, 500, 120, 'Points of the answer at most.'),
  }),
  responses: { 200: { description: 'Points at equal distances.', schema: historySchema } },
  errors: [],
  handle({ query }, node) {
    const fromMs = node.now() - query.hours * HOUR_MS;
    const from = new Date(fromMs).toISOString();
    return { status: 200, json: { from, ...node.monitor.history(fromMs, query.points) } };
  },
});

const map = route({
  id: 'map',
  method: 'GET',
  path: '/api/integrity/map',
  role: 'viewer',
  tag,
  summary: 'Which blocks were verified when, by which check, and where something was found',
  query: z.strictObject({ cells: number(16, 1024, 256, 'Cells of the answer at most.') }),
  responses: { 200: { description: 'The chain in cells of one size.', schema: mapSchema } },
  errors: [],
  handle: ({ query }, node) => ({ status: 200, json: node.monitor.map(query.cells) }),
});

export const monitorRoutes: readonly Route[] = [dashboard, history, map];
