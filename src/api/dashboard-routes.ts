import { z } from 'zod';
import { ProvChainError } from '../errors.js';
import { chooseEncoding } from './dashboard-files.js';
import type { ApiDependencies } from './dependencies.js';
import { type ApiRequest, type Reply, type Route, route } from './route.js';

const tag = 'Dashboard';

/** The dashboard runs only what this node sends, asks only this node, and can be put into no other page. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The name of such a file changes with its content. */
const FOREVER = 'public, max-age=31536000, immutable';
const ASK_AGAIN = 'no-cache';

const NOT_BUILT = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>ProvChain Validator</title>
  </head>
  <body>
    <h1>ProvChain Validator</h1>
    <p>This node runs without its dashboard: it was not built (<code>npm run build</code> does).</p>
    <p>The <a href="/docs">REST interface</a> is all here.</p>
  </body>
</html>
`;

const fileHeaders = {
  ETag: 'Of the file, in the encoding that it is sent in.',
  Vary: '`Accept-Encoding`: files are sent compressed to who takes that.',
};
const requestHeaders = { 'Accept-Encoding': '`br` and `gzip` are used.' };
const responsesOf = (description: string, mediaTypes: readonly string[]) => ({
  200: { description, mediaTypes, headers: fileHeaders },
  304: { description: 'It is the file that the client has.' },
});

/** A file by its name among those that were read at the start; the name is the client's. */
function fileReply(
  request: ApiRequest<unknown, unknown, unknown>,
  node: ApiDependencies,
  name: string,
  caching: string,
): Reply {
  const file = node.dashboard?.get(name);
  if (file === undefined) throw new ProvChainError('NOT_FOUND', 'the dashboard has no file of this name');
  const encoding = chooseEncoding(request.header('Accept-Encoding'), file);
  const encoded = encoding !== 'identity';
  return {
    status: 200,
    headers: {
      'Content-Security-Policy': PAGE_POLICY,
      'Cache-Control': caching,
      ETag: `"${file.digest}${encoded ? `-${encoding}` : ''}"`,
      Vary: 'Accept-Encoding',
      ...(encoded ? { 'Content-Encoding': encoding } : {}),
    },
    type: file.type,
    raw: file.bodies[encoding]!,
  };
}

const page = route({
  id: 'dashboardPage',
  method: 'GET',
  path: '/',
  role: 'public',
  tag,
  summary: 'The dashboard',
  description: 'Its views are told apart behind the `#`, so that this is its only page.',
  requestHeaders,
  responses: responsesOf('The page; where it was not built, one that says so.', ['text/html']),
  errors: [],
  handle(request, node) {
    if (node.dashboard !== undefined) return fileReply(request, node, 'index.html', ASK_AGAIN);
    const headers = { 'Content-Security-Policy': PAGE_POLICY, 'Cache-Control': ASK_AGAIN };
    return { status: 200, headers, type: 'text/html; charset=utf-8', raw: NOT_BUILT };
  },
});

const asset = route({
  id: 'dashboardFile',
  method: 'GET',
  path: '/assets/:file',
  role: 'public',
  tag,
  summary: 'A file of the dashboard',
  params: z.strictObject({ file: z.string() }),
  requestHeaders,
  responses: responsesOf('The file.', ['text/javascript', 'text/css', 'image/svg+xml']),
  errors: ['NOT_FOUND'],
  handle: (request, node) => fileReply(request, node, `assets/${request.params.file}`, FOREVER),
});

const icon = route({
  id: 'favicon',
  method: 'GET',
  path: '/favicon.svg',
  role: 'public',
  tag,
  summary: 'The icon of the dashboard',
  requestHeaders,
  responses: responsesOf('The icon.', ['image/svg+xml']),
  errors: ['NOT_FOUND'],
  handle: (request, node) => fileReply(request, node, 'favicon.svg', ASK_AGAIN),
});

export const dashboardRoutes: readonly Route[] = [page, asset, icon];
