import {
  acknowledgeSchema,
  alertListSchema,
  alertParamsSchema,
  alertQuerySchema,
  alertSchema,
  silenceParamsSchema,
  silenceRequestSchema,
  silenceSchema,
  testRequestSchema,
  testResultSchema,
} from './alert-schemas.js';
import { type Route, route } from './route.js';

const tag = 'Alerts';
const path = '/api/alerts';
/** A channel that hangs takes its whole time limit, which is a minute at most by far. */
const LONGEST_TEST_MS = 300_000;

const list = route({
  id: 'listAlerts',
  method: 'GET',
  path,
  role: 'viewer',
  tag,
  summary: 'Alerts, silences and how the channels fare',
  description: 'Alerts that were opened last come first.',
  query: alertQuerySchema,
  responses: { 200: { description: 'What there is.', schema: alertListSchema } },
  errors: [],
  handle: ({ query }, node) => ({ status: 200, json: node.alerts.list(query) }),
});

const acknowledge = route({
  id: 'acknowledgeAlert',
  method: 'POST',
  path: `${path}/:id/acknowledge`,
  role: 'operator',
  tag,
  summary: 'Say that somebody deals with an alert',
  description:
    'It is not escalated and nobody is reminded of it, until it gets worse. It stays open until what it is about is well.',
  params: alertParamsSchema,
  body: { kind: 'json', schema: acknowledgeSchema, optional: true },
  responses: { 200: { description: 'The alert.', schema: alertSchema } },
  errors: ['NOT_FOUND', 'QUEUE_UNAVAILABLE'],
  audit: 'alert.acknowledge',
  async handle({ params, body, principal, noteForAudit }, node) {
    noteForAudit({ alert: params.id, comment: body.comment });
    return { status: 200, json: await node.alerts.acknowledge(params.id, principal.name, body.comment) };
  },
});

const silence = route({
  id: 'createSilence',
  method: 'POST',
  path: `${path}/silences`,
  role: 'operator',
  tag,
  summary: 'Send no messages for some alerts for a while',
  description: 'What is silenced is shown all the same, and told when the silence ends if it lasts.',
  body: { kind: 'json', schema: silenceRequestSchema },
  responses: { 201: { description: 'The silence.', schema: silenceSchema } },
  errors: ['OVERLOADED', 'QUEUE_UNAVAILABLE'],
  audit: 'alert.silence',
  async handle({ body, principal, noteForAudit }, node) {
    const { match, minutes, reason } = body;
    noteForAudit({ match, minutes, reason });
    return { status: 201, json: await node.alerts.silence(match, minutes, reason, principal.name) };
  },
});

const endSilence = route({
  id: 'endSilence',
  method: 'DELETE',
  path: `${path}/silences/:id`,
  role: 'operator',
  tag,
  summary: 'End a silence before its time',
  params: silenceParamsSchema,
  responses: { 204: { description: 'It is gone.' } },
  errors: ['NOT_FOUND', 'QUEUE_UNAVAILABLE'],
  audit: 'alert.unsilence',
  async handle({ params, noteForAudit }, node) {
    noteForAudit({ silence: params.id });
    await node.alerts.endSilence(params.id);
    return { status: 204 };
  },
});

const test = route({
  id: 'testAlerts',
  method: 'POST',
  path: `${path}/test`,
  role: 'operator',
  tag,
  summary: 'Send a test message over one channel, or over all that are enabled',
  description:
    'The message says that it is a test. What came of it is in the answer; nothing is tried again.',
  body: { kind: 'json', schema: testRequestSchema, optional: true },
  responses: { 200: { description: 'What came of it.', schema: testResultSchema } },
  errors: ['NOT_FOUND'],
  audit: 'alert.test',
  async handle({ body, principal, extendDeadline, noteForAudit }, node) {
    extendDeadline(LONGEST_TEST_MS);
    const results = await node.alerts.test(body.channel, principal.name);
    noteForAudit({ results: results.map(({ channel, ok }) => `${channel} ${ok ? 'ok' : 'failed'}`) });
    return { status: 200, json: { results } };
  },
});

export const alertRoutes: readonly Route[] = [list, acknowledge, silence, endSilence, test];
