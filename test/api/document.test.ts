import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiRoutes, openApiDocument, type Route } from '../../src/api/index.js';
import { ANY_ERRORS, errorsOf, USUAL_ERRORS } from '../../src/api/open-api.js';
import { ERRORS, type ErrorCode } from '../../src/errors.js';
import { projectRoot } from '../support/project.js';
import { TestNode } from './node.js';

const routes = apiRoutes();
// biome-ignore lint/suspicious/noExplicitAny: walked as what it is, JSON
const document = JSON.parse(JSON.stringify(openApiDocument(routes))) as any;

/** Every object in a JSON value. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const part of Object.values(value)) yield* objectsIn(part);
}

describe('the OpenAPI document', () => {
  it('has every route, once, under an id of its own', () => {
    const ids = routes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, method, path } of routes) {
      const operation = document.paths[path.replace(/:(\w+)/g, '{$1}')][method.toLowerCase()];
      expect(operation.operationId, `${method} ${path}`).toBe(id);
    }
    expect(Object.values(document.paths).flatMap((item) => Object.keys(item as object))).toHaveLength(
      ids.length,
    );
  });

  it('is of version 3.1 and refers to nothing that is not there', () => {
    expect(document.openapi).toBe('3.1.0');
    for (const { $ref } of objectsIn(document)) {
      if (typeof $ref !== 'string') continue;
      const found = $ref
        .slice(2)
        .split('/')
        .reduce((value, key) => value?.[key], document);
      expect(found, $ref).toBeDefined();
    }
  });

  it('declares every path parameter as required, and the schemas of numbers as numbers', () => {
    for (const { method, path } of routes) {
      const operation = document.paths[path.replace(/:(\w+)/g, '{$1}')][method.toLowerCase()];
      const declared = (operation.parameters ?? [])
        .filter((each: { in: string; required: boolean }) => each.in === 'path' && each.required)
        .map(({ name }: { name: string }) => name);
      expect(declared, path).toEqual([...path.matchAll(/:(\w+)/g)].map(([, name]) => name));
    }
    const [parameter] = document.paths['/api/blocks/{index}'].get.parameters;
    expect(parameter.schema).toMatchObject({ type: 'integer', minimum: 0 });
    expect(parameter.schema.pattern).toBeUndefined();
  });

  it('says what each route asks of its caller', () => {
    expect(document.paths['/health'].get.security).toEqual([]);
    expect(document.paths['/api/jobs'].post.security).toEqual([{ bearer: [] }]);
    expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
  });

  it('has the schema that bodies are held against', () => {
    const { schema } = document.paths['/api/integrity/config'].put.requestBody.content['application/json'];
    expect(schema.additionalProperties).toBe(false);
    expect(schema.properties.validation_level.enum).toEqual(['Minimal', 'Standard', 'Comprehensive', 'Full']);
    const types = Object.keys(document.paths['/api/blocks'].post.requestBody.content);
    expect(types).toHaveLength(5);
  });
});

describe('the pages of a node', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await TestNode.start({ options: { publicUrl: 'https://prov.example.org' } });
  });
  afterAll(() => node.close());

  const LOCAL = { Host: 'localhost' };

  it('give the document with the address of the node', async () => {
    const { json } = await node.call('GET', '/openapi.json', { headers: LOCAL });
    expect(json.servers).toEqual([{ url: '/' }, { url: 'https://prov.example.org' }]);
    expect(json.paths).toEqual(document.paths);
  });

  it('give a page that asks nobody else for anything and runs nothing of its own', async () => {
    const { text, headers } = await node.call('GET', '/docs');
    const policy = headers['content-security-policy'] as string;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    const sources = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, source]) => source!);
    expect(sources).toHaveLength(4);
    for (const source of sources) {
      const { status } = await node.call('GET', source);
      expect(status, source).toBe(200);
    }
    expect(text).not.toMatch(/<script>|<style|\son\w+=|style=/);
  });

  it('give the files of the page and no other', async () => {
    const script = await node.call('GET', '/docs/swagger-ui-bundle.js');
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect((await node.call('GET', '/docs/start.js')).text).toContain("url: '/openapi.json'");
    for (const name of ['package.json', 'index.html', '..%2fpackage.json', 'constructor', '__proto__']) {
      expect((await node.call('GET', `/docs/${name}`)).status, name).toBe(404);
    }
  });
});

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

interface Described {
  readonly name: string;
  readonly where: string;
  readonly schema: Record<string, unknown>;
  readonly description?: string;
}

/** A schema in a word or two. */
function wordsFor(schema: Record<string, unknown>): string {
  const { type, enum: values, minimum, maximum, pattern, items, $ref } = schema;
  if (typeof $ref === 'string') return wordsFor(document.components.schemas[$ref.split('/').at(-1)!]);
  if (Array.isArray(values)) return values.map((value) => `\`${value}\``).join(', ');
  if (type === 'array') return `list of ${wordsFor(items as Record<string, unknown>)}`;
  const bounded = minimum !== undefined && (maximum ?? Number.MAX_SAFE_INTEGER) !== Number.MAX_SAFE_INTEGER;
  if (type === 'integer') return bounded ? `${minimum} to ${maximum}` : 'a whole number';
  return typeof pattern === 'string' ? `\`${pattern}\`` : String(type ?? 'any');
}

/** Parameters and the fields of a JSON body. */
// biome-ignore lint/suspicious/noExplicitAny: walked as what it is, JSON
function inputsOf(operation: any): Described[] {
  const parameters = (operation.parameters ?? []).map((each: typeof operation) => ({
    name: each.name,
    where: each.required ? each.in : `${each.in}, optional`,
    schema: each.schema ?? { type: 'string' },
    description: each.description ?? each.schema?.description,
  }));
  let body = operation.requestBody?.content['application/json']?.schema ?? {};
  if (body.$ref) body = document.components.schemas[body.$ref.split('/').at(-1)];
  const fields = Object.entries((body.properties ?? {}) as Record<string, Record<string, unknown>>).map(
    ([name, schema]) => ({
      name,
      where: body.required?.includes(name) ? 'body' : 'body, optional',
      schema,
      description: schema.description as string | undefined,
    }),
  );
  return [...parameters, ...fields];
}

const common = new Set<ErrorCode>([...USUAL_ERRORS, ...ANY_ERRORS, 'UNAUTHENTICATED']);

/** A route as a section of docs/api.md. */
function sectionOf(route: Route): string[] {
  const operation = document.paths[route.path.replace(/:(\w+)/g, '{$1}')][route.method.toLowerCase()];
  const types = Object.keys(operation.requestBody?.content ?? {});
  const inputs = inputsOf(operation).map(
    ({ name, where, schema, description }) =>
      `| \`${name}\` | ${where} | ${cell(wordsFor(schema))} | ${cell(description ?? '')} |`,
  );
  const answers = Object.entries(route.responses).map(
    ([status, { description }]) => `| ${status} | ${cell(description)} |`,
  );
  const errors = errorsOf(route)
    .filter((code) => !common.has(code))
    .map((code) => `| ${ERRORS[code].http} | \`${code}\`: ${ERRORS[code].meaning} |`);
  return [
    `### ${route.method} ${route.path}`,
    '',
    `${route.summary}. ${route.role === 'public' ? 'Public' : `Role: ${route.role}`}.`,
    '',
    ...(route.description === undefined ? [] : [route.description, '']),
    ...(types.length === 0 ? [] : [`Body: ${types.map((type) => `\`${type}\``).join(', ')}.`, '']),
    ...(inputs.length === 0
      ? []
      : ['| input | where | values | meaning |', '|---|---|---|---|', ...inputs, '']),
    '| status | meaning |',
    '|---|---|',
    ...answers,
    ...errors,
    '',
  ];
}

describe('docs/api.md', () => {
  it('describes every route', async () => {
    const tags = [...new Set(routes.map(({ tag }) => tag))];
    const everywhere = [...common].map((code) => `\`${code}\` (${ERRORS[code].http})`).join(', ');
    const page = [
      '# REST',
      '',
      'Every route of a node, with the least role that may call it. A node serves the same as an OpenAPI 3.1 document under',
      '`/openapi.json`, with the schemas of all bodies, and as a page to try it under `/docs`. Errors are RFC 9457 problems',
      '(`application/problem+json`) with a `code` of [errors.md](errors.md). Made from the table of routes by',
      '`npx vitest run test/api/document -u`.',
      '',
      `Any route may answer ${everywhere}.`,
      '',
      ...tags.flatMap((tag) => [
        `## ${tag}`,
        '',
        ...routes.filter((route) => route.tag === tag).flatMap(sectionOf),
      ]),
    ].join('\n');
    await expect(page).toMatchFileSnapshot(join(projectRoot(), 'docs/api.md'));
  });
});
