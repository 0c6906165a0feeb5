import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from 'cors';
import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import helmet from 'helmet';
import type { ApiDependencies, ApiOptions } from './dependencies.js';
import { Exchange } from './exchange.js';
import { RouteTable } from './match.js';
import { apiRoutes } from './routes.js';
import { type HeadFields, setFields } from './send.js';

const ONE_YEAR_SECONDS = 31_536_000;
const PREFLIGHT_SECONDS = 600;
/** What a page of another origin may read of an answer's head, beside what it always may. */
const EXPOSED_HEADERS = ['ETag', 'Link', 'Location', 'Retry-After', 'X-Request-Id'];

/**
 * The HTTP interface of a node. A request passes, in this order: security headers, CORS, its id and deadline, the rate
 * limit, its path and method, authentication and role, path, query and body by their schemas, and then the handler of
 * the one table of routes. The body is read only after the role is checked, so that nobody without one can make the
 * node hold and parse ten megabytes.
 *
 * The caller makes the server, and with it the limits on heads, headers' time and sockets.
 */
export function createApi(node: ApiDependencies): Express {
  const { options } = node;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', options.trustProxyHops);
  const fields = securityFields(options);
  if (options.corsOrigins.length > 0) app.use(setBefore(fields), crossOrigin(options));

  const table = new RouteTable(apiRoutes(options.healthPath));
  app.use((request: Request, response: Response) => {
    const exchange = new Exchange(request, response, node, fields);
    return exchange.answer(() => table.find(request.path));
  });
  // Express calls it, with four parameters, for what the layers above throw themselves.
  app.use((thrown: unknown, request: Request, response: Response, _next: NextFunction) =>
    new Exchange(request, response, node, fields).fail(thrown),
  );
  return app;
}

/**
 * What helmet sets on an answer. It is the same for every one, so helmet is asked once: its thirteen layers took as long
 * as parsing and checking the body of a request.
 *
 * Nothing that this server sends is a page, except /docs, which has a policy of its own.
 */
function securityFields(options: ApiOptions): HeadFields {
  const set = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    strictTransportSecurity: options.tls ? { maxAge: ONE_YEAR_SECONDS } : false,
  });
  const kept = new Map<string, string>();
  const answer = {
    setHeader: (name: string, value: string) => kept.set(name, value),
    removeHeader: (name: string) => kept.delete(name),
  };
  set({} as IncomingMessage, answer as unknown as ServerResponse, (error?: unknown) => {
    if (error) throw error;
  });
  return [...kept].flat();
}

/** A preflight request is answered by the layer for CORS itself. */
const setBefore =
  (fields: HeadFields): RequestHandler =>
  (_request, response, next) => {
    setFields(response, fields);
    next();
  };

const crossOrigin = (options: ApiOptions) =>
  cors({
    origin: [...options.corsOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
  });
