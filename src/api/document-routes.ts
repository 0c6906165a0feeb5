import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ProvChainError } from '../errors.js';
import { openApiDocument } from './open-api.js';
import { type Reply, type Route, route } from './route.js';

const tag = 'Documents';

/** The page asks only this server, and runs only what this server sends; it draws its icons from data: URLs. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>ProvChain Validator: API</title>
    <link rel="icon" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#ui',
  deepLinking: true,
  validatorUrl: null,
  queryConfigEnabled: false,
  supportedSubmitMethods: ['get', 'post', 'put', 'delete'],
});
`;

/** The files of the page that come from the package, and no other of its files. */
const PACKAGE_FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const packageFolder = (): string =>
  dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const pageReply = (type: string, raw: string | Uint8Array): Reply => ({
  status: 200,
  headers: { 'Content-Security-Policy': PAGE_POLICY, 'Cache-Control': 'no-cache' },
  type,
  raw,
});

async function fileReply(name: string): Promise<Reply> {
  if (name === 'start.js') return pageReply('text/javascript; charset=utf-8', START);
  const type = Object.hasOwn(PACKAGE_FILES, name) ? PACKAGE_FILES[name] : undefined;
  if (type === undefined) throw new ProvChainError('NOT_FOUND', `there is no file of this name under /docs`);
  return pageReply(type, await readFile(join(packageFolder(), name)));
}

/** The description of the other routes, and the page that shows it. */
export function documentRoutes(described: readonly Route[]): readonly Route[] {
  const texts = new Map<string | undefined, string>();

  const document: Route = route({
    id: 'openApi',
    method: 'GET',
    path: '/openapi.json',
    role: 'public',
    tag,
    summary: 'These routes as an OpenAPI 3.1 document',
    responses: { 200: { description: 'The document.', schema: z.looseObject({ openapi: z.string() }) } },
    errors: [],
    handle(_request, node) {
      const { publicUrl } = node.options;
      let text = texts.get(publicUrl);
      if (text === undefined) {
        text = JSON.stringify(openApiDocument([...described, ...own], publicUrl));
        texts.set(publicUrl, text);
      }
      const headers = { 'Cache-Control': 'no-cache' };
      return { status: 200, headers, type: 'application/json; charset=utf-8', raw: text };
    },
  });

  const page = route({
    id: 'docs',
    method: 'GET',
    path: '/docs',
    role: 'public',
    tag,
    summary: 'The same as a page to read and to try',
    responses: { 200: { description: 'The page.', mediaTypes: ['text/html'] } },
    errors: [],
    handle: () => pageReply('text/html; charset=utf-8', PAGE),
  });

  const file = route({
    id: 'docsFile',
    method: 'GET',
    path: '/docs/:file',
    role: 'public',
    tag,
    summary: 'A file of that page',
    params: z.strictObject({ file: z.string() }),
    responses: {
      200: { description: 'The file.', mediaTypes: ['text/css', 'text/javascript', 'image/png'] },
    },
    errors: ['NOT_FOUND'],
    handle: ({ params }) => fileReply(params.file),
  });

  const own: readonly Route[] = [document, page, file];
  return own;
}
