import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { ERRORS, type ErrorCode } from '../errors.js';
import { packageVersion } from '../version.js';
import type { Route } from './route.js';

const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    instance: z.string().meta({ description: 'Id of the request, as in X-Request-Id.' }),
    place: z
      .object({
        source: z.string().optional(),
        line: z.int().optional(),
        column: z.int().optional(),
        offset: z.int().optional(),
        block: z.int().optional(),
      })
      .optional()
      .meta({ description: 'Where in the input; line and column from 1, offset in bytes from 0.' }),
    retryAfterSeconds: z.int().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457; `code` is one of docs/errors.md.' });

/** What any route may answer, and those beside that are not answered always. FORBIDDEN: see `refuseForeignPages`. */
export const ANY_ERRORS: readonly ErrorCode[] = ['REQUEST_TIMEOUT', 'INTERNAL'];
export const USUAL_ERRORS: readonly ErrorCode[] = ['FORBIDDEN', 'RATE_LIMITED', 'SHUTTING_DOWN'];

/** Every error that a route may answer, its own and those that follow from how it is declared. */
export function errorsOf({ role, params, query, body, errors, always }: Route): readonly ErrorCode[] {
  const codes = new Set<ErrorCode>(errors);
  if (role !== 'public') codes.add('UNAUTHENTICATED');
  if (params !== undefined || query !== undefined || body !== undefined) codes.add('REQUEST_INVALID');
  if (body !== undefined) codes.add('UNSUPPORTED_MEDIA_TYPE').add('REQUEST_TOO_LARGE');
  if (body?.kind === 'json') codes.add('JSON_INVALID');
  for (const code of always ? ANY_ERRORS : [...USUAL_ERRORS, ...ANY_ERRORS]) codes.add(code);
  return [...codes];
}

const headersOf = (names: Readonly<Record<string, string>>) =>
  z.object(
    Object.fromEntries(
      Object.entries(names).map(([name, description]) => [name, z.string().optional().meta({ description })]),
    ),
  );

const problemContent = { 'application/problem+json': { schema: problemSchema } };

/** The answers by status: what the route declares, and the errors of each status in words. */
function responsesOf(route: Route): ZodOpenApiOperationObject['responses'] {
  const responses: Record<string, ZodOpenApiResponseObject> = {};
  for (const [status, { description, schema, mediaTypes = [], headers }] of Object.entries(route.responses)) {
    const types = schema === undefined ? mediaTypes : ['application/json'];
    const content = Object.fromEntries(types.map((type) => [type, { schema: schema ?? z.string() }]));
    responses[status] = {
      description,
      ...(types.length === 0 ? {} : { content }),
      ...(headers === undefined ? {} : { headers: headersOf(headers) }),
    };
  }
  for (const code of errorsOf(route)) {
    const status = String(ERRORS[code].http);
    const line = `\`${code}\`: ${ERRORS[code].meaning}.`;
    const declared = responses[status];
    responses[status] = {
      ...declared,
      description: declared === undefined ? line : `${declared.description}\n\n${line}`,
      content: { ...declared?.content, ...problemContent },
    };
  }
  return responses as ZodOpenApiOperationObject['responses'];
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const { id, tag, summary, description, role, params, query, body, requestHeaders } = route;
  const access = role === 'public' ? 'Needs no token.' : `Needs the role ${role}.`;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: description === undefined ? access : `${description}\n\n${access}`,
    security: role === 'public' ? [] : [{ bearer: [] }],
    requestParams: {
      ...(params === undefined ? {} : { path: params }),
      ...(query === undefined ? {} : { query }),
      ...(requestHeaders === undefined ? {} : { header: headersOf(requestHeaders) }),
    },
    ...(body === undefined ? {} : { requestBody: bodyOf(body) }),
    responses: responsesOf(route),
  };
}

function bodyOf(body: NonNullable<Route['body']>): NonNullable<ZodOpenApiOperationObject['requestBody']> {
  if (body.kind === 'json') {
    return { required: !body.optional, content: { 'application/json': { schema: body.schema } } };
  }
  const content = Object.fromEntries(body.mediaTypes.map((type) => [type, { schema: z.string() }]));
  return { required: true, description: body.description, content };
}

/** The OpenAPI 3.1 document of these routes, from the schemas that requests are held against. Its first server is the one
 * that it was got from. */
export function openApiDocument(routes: readonly Route[], publicUrl?: string) {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'ProvChain Validator',
      version: packageVersion(),
      description:
        'Proves that a hash-chained store of RDF provenance has not been altered. Errors are RFC 9457 problems with a code.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }, ...(publicUrl === undefined ? [] : [{ url: publicUrl }])],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
  });
}
