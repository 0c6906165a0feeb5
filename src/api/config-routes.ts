import { z } from 'zod';
import { ProvChainError } from '../errors.js';
import { runtimePatchSchema, runtimeSettingsSchema } from '../settings/index.js';
import type { RuntimeDocument, RuntimeVersion } from './dependencies.js';
import { countSchema, timeSchema } from './report-schemas.js';
import { type Reply, type Route, route } from './route.js';

const tag = 'Configuration';
const path = '/api/integrity/config';

const versionSchema = z
  .object({
    revision: countSchema,
    value: runtimeSettingsSchema,
    by: z.string().nullable().meta({ description: 'null: from the configuration file.' }),
    at: timeSchema.nullable(),
  })
  .meta({ id: 'RuntimeVersion' });

const configSchema = versionSchema
  .extend({
    history: z.array(versionSchema).meta({ description: 'What was in force before, newest first.' }),
  })
  .meta({ id: 'RuntimeConfig' });

const responses = {
  200: { description: 'What is in force.', schema: configSchema, headers: { ETag: 'The revision.' } },
};

const versionView = ({ revision, value, by, at }: RuntimeVersion): z.output<typeof versionSchema> => ({
  revision,
  value: { ...value },
  by: by ?? null,
  at: at ?? null,
});

const reply = (document: RuntimeDocument): Reply => ({
  status: 200,
  headers: { ETag: `"${document.revision}"`, 'Cache-Control': 'private, no-cache' },
  json: {
    ...versionView(document),
    history: document.previous === undefined ? [] : [versionView(document.previous)],
  },
});

/** The revision of an If-Match field (RFC 9110 §13.1.1); `*` asks for nothing that is not always so. */
function expectedRevision(field: string | undefined): number | undefined {
  if (field === undefined || field.trim() === '*') return undefined;
  const digits = /^\s*"(\d{1,15})"\s*$/.exec(field)?.[1];
  if (digits !== undefined) return Number(digits);
  throw new ProvChainError('REQUEST_INVALID', 'If-Match must be the ETag of the configuration, such as "3"');
}

const get = route({
  id: 'getConfig',
  method: 'GET',
  path,
  role: 'viewer',
  tag,
  summary: 'The settings in force that may change while the node runs',
  responses: { ...responses, 304: { description: 'Nothing has changed since.' } },
  errors: [],
  handle: async (_request, node) => reply(await node.runtimeConfig.get()),
});

const update = route({
  id: 'updateConfig',
  method: 'PUT',
  path,
  role: 'admin',
  tag,
  summary: 'Change settings without a restart',
  description:
    'What is left out stays as it is. Every node of the fleet applies it within a second; jobs keep what was in force when they were accepted.',
  requestHeaders: { 'If-Match': 'The revision that is being changed; another one is a conflict.' },
  body: { kind: 'json', schema: runtimePatchSchema, refusedWith: 'CONFIG_INVALID' },
  responses,
  errors: ['CONFIG_INVALID', 'REVISION_CONFLICT', 'QUEUE_UNAVAILABLE'],
  audit: 'config.update',
  async handle({ body, principal, header, noteForAudit }, node) {
    noteForAudit({ patch: body });
    const document = await node.runtimeConfig.update(
      body,
      principal.name,
      expectedRevision(header('If-Match')),
    );
    noteForAudit({ revision: document.revision });
    return reply(document);
  },
});

const rollback = route({
  id: 'rollbackConfig',
  method: 'POST',
  path: `${path}/rollback`,
  role: 'admin',
  tag,
  summary: 'Put the previous settings in force again',
  responses,
  errors: ['NOT_FOUND', 'REVISION_CONFLICT', 'QUEUE_UNAVAILABLE'],
  audit: 'config.rollback',
  async handle({ principal, noteForAudit }, node) {
    const document = await node.runtimeConfig.rollback(principal.name);
    noteForAudit({ revision: document.revision });
    return reply(document);
  },
});

export const configRoutes: readonly Route[] = [get, update, rollback];
