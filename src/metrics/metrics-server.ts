import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import type { Metrics } from './metrics.js';

export interface MetricsServerOptions {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** Address to listen on. There is nothing secret in metrics, but they need not be public. */
  readonly host: string;
  /** Default 9090; 0: any free one. */
  readonly port?: number;
  readonly log: Log;
}

export interface MetricsServer {
  /** `http://host:port/metrics`. */
  readonly url: string;
  readonly port: number;
  /** Ends connections that are open. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 9090;
const PATH = '/metrics';
const REQUEST_TIMEOUT_MS = 5_000;
/** Far more than a Prometheus and its replica need. */
const MAX_CONNECTIONS = 50;

/**
 * Serves `GET /metrics` on a port of its own, and 404 for everything else. Resolves when it listens.
 *
 * @throws CONFIG_INVALID when the address is in use or not this machine's
 */
export async function createMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { metrics, host, port = DEFAULT_PORT, log } = options;
  const server = createServer({ maxHeaderSize: 8192 }, (request, response) => {
    answer(request, response, metrics).catch((error: unknown) => {
      log.error('the metrics could not be collected', { error });
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, host, port);
  server.on('error', (error) => log.error('the metrics server failed', { error }));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}${PATH}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: MetricsServerOptions['metrics'],
): Promise<void> {
  // A body, if there is one, is not wanted.
  request.resume();
  const [path] = (request.url ?? '').split('?');
  if (path !== PATH) return end(response, 404);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return end(response, 405);
  }
  const text = await metrics.text();
  response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : text);
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(status === 404 ? `only ${PATH} is here\n` : '');
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) =>
      reject(
        new ProvChainError(
          'CONFIG_INVALID',
          `metrics cannot be served on ${host}:${port}: ${error.message}`,
          {
            cause: error,
          },
        ),
      );
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}
