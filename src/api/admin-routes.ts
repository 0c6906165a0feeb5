import { z } from 'zod';
import type { FreezeState } from './dependencies.js';
import { timeSchema } from './report-schemas.js';
import { type Route, route } from './route.js';

const tag = 'Administration';
const LONGEST_REASON = 500;

const freezeSchema = z
  .object({
    frozen: z.boolean(),
    source: z.enum(['operator', 'maintenance']).nullable(),
    reason: z.string().nullable(),
    by: z.string().nullable(),
    since: timeSchema.nullable(),
    until: timeSchema.nullable().meta({ description: 'End of a maintenance window.' }),
  })
  .meta({ id: 'Freeze' });

/** Words of a person for the record, on one line: they end up in logs. */
const reasonSchema = z
  .string()
  .trim()
  .min(1)
  .max(LONGEST_REASON)
  .refine((text) => !/\p{Cc}|\p{Cs}/u.test(text), 'expected one line of text');

export const freezeView = (state: FreezeState): z.output<typeof freezeSchema> => ({
  frozen: state.frozen,
  source: state.source ?? null,
  reason: state.reason ?? null,
  by: state.by ?? null,
  since: state.since ?? null,
  until: state.until ?? null,
});

const get = route({
  id: 'getFreeze',
  method: 'GET',
  path: '/api/admin/freeze',
  role: 'viewer',
  tag,
  summary: 'Whether appending is stopped, and why',
  responses: { 200: { description: 'The state.', schema: freezeSchema } },
  errors: [],
  handle: async (_request, node) => ({ status: 200, json: freezeView(await node.freeze.get()) }),
});

const freeze = route({
  id: 'freeze',
  method: 'POST',
  path: '/api/admin/freeze',
  role: 'admin',
  tag,
  summary: 'Stop new blocks, on every node',
  description: 'Appends answer 423 until it is taken back. Reading and validating go on.',
  body: { kind: 'json', schema: z.strictObject({ reason: reasonSchema }) },
  responses: { 200: { description: 'Appending is stopped.', schema: freezeSchema } },
  errors: ['QUEUE_UNAVAILABLE'],
  audit: 'freeze',
  async handle({ body, principal, noteForAudit }, node) {
    noteForAudit({ reason: body.reason });
    return { status: 200, json: freezeView(await node.freeze.set(body.reason, principal.name)) };
  },
});

const unfreeze = route({
  id: 'unfreeze',
  method: 'POST',
  path: '/api/admin/unfreeze',
  role: 'admin',
  tag,
  summary: 'Let blocks be appended again',
  description: 'A maintenance window stays in force until its end.',
  body: {
    kind: 'json',
    schema: z.strictObject({ reason: reasonSchema.optional() }),
    optional: true,
  },
  responses: { 200: { description: 'The state after it.', schema: freezeSchema } },
  errors: ['QUEUE_UNAVAILABLE'],
  audit: 'unfreeze',
  async handle({ body, principal, noteForAudit }, node) {
    if (body.reason !== undefined) noteForAudit({ reason: body.reason });
    return { status: 200, json: freezeView(await node.freeze.clear(principal.name)) };
  },
});

export const adminRoutes: readonly Route[] = [get, freeze, unfreeze];
