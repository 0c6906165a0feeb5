import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Queue } from 'bullmq';
import express, { type RequestHandler } from 'express';
import helmet from 'helmet';
import { Redis } from 'ioredis';

/**
 * The peers of the REST rows, as a process: Express routes with nothing behind them. They answer the bodies that a node
 * answered, through middleware of the same kinds; `/enqueue` adds to a queue and has no other middleware than the parser
 * of its body.
 */
export interface BareJob {
  readonly routes: readonly BareRoute[];
  /** With it there is a route POST /enqueue. */
  readonly redisUrl?: string;
}

export interface BareRoute {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** How a body is read: as JSON, as bytes, or not at all. */
  readonly reads: 'json' | 'bytes' | 'nothing';
}

const REQUEST_LIMIT_MS = 30_000;
const PARSERS: Readonly<Record<BareRoute['reads'], readonly RequestHandler[]>> = {
  json: [express.json({ limit: '256kb' })],
  bytes: [express.raw({ type: () => true, limit: '10mb' })],
  nothing: [],
};

const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  strictTransportSecurity: false,
});

const requestId: RequestHandler = (_request, response, next) => {
  response.setHeader('X-Request-Id', randomUUID());
  next();
};

const deadline: RequestHandler = (_request, response, next) => {
  const timer = setTimeout(() => response.destroy(), REQUEST_LIMIT_MS);
  response.once('close', () => clearTimeout(timer));
  next();
};

function serve({ routes, redisUrl }: BareJob): void {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  for (const { method, path, status, type, body, reads } of routes) {
    app[method](path, securityHeaders, requestId, deadline, ...PARSERS[reads], (_request, response) => {
      response.status(status).setHeader('Cache-Control', 'no-store').type(type).send(body);
    });
  }
  if (redisUrl !== undefined) {
    const queue = new Queue('bare', { connection: new Redis(redisUrl, { maxRetriesPerRequest: null }) });
    app.post('/enqueue', ...PARSERS.json, async (request, response) => {
      const job = await queue.add('validate', request.body);
      response.status(202).json({ jobId: job.id, state: 'queued' });
    });
  }
  const server = app.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
  });
}

serve(JSON.parse(process.argv[2]!) as BareJob);
