import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { certificateWarning, loadTls, type TlsSettings, watchTls } from '../auth/index.js';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';

interface HttpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls?: TlsSettings;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly log: Log;
  readonly now: () => Date;
}

export interface HttpServer {
  /** As seen from this machine, without a trailing slash. */
  readonly url: string;
  /** Takes no new connections and ends idle ones; resolves when those under way have ended, or after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 10_000;
/** How often connections are looked at that take too long for their head; Node's own 30 s would be added to the limit. */
const LOOK_MS = 1000;

/** Serves `listener` over HTTP, or HTTPS with a certificate. Errors: CONFIG_INVALID when it cannot listen there. */
export async function listen(listener: RequestListener, options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, tls, log, now } = options;
  const limits = {
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: LOOK_MS,
  };
  const loaded = tls && loadTls(tls);
  const secure = loaded && createHttpsServer({ ...loaded.options, ...limits }, listener);
  const server: Server = secure ?? createHttpServer(limits, listener);
  // A limit here would not refuse a head but leave out its last fields, and those are the ones that a proxy has added to
  // what a client sent, such as the client's address. The head's length bounds their number.
  server.maxHeadersCount = 0;
  server.maxConnections = MAX_CONNECTIONS;
  const watch = secure && tls && watchTls(secure, tls, { log, now });
  const warning = loaded && certificateWarning(loaded, now());
  if (warning) log.warn('TLS certificate needs attention', { warning });
  const bound = await bind(server, host, port);
  return {
    url: `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    async close(graceMs) {
      watch?.close();
      await closeServer(server, graceMs);
    },
  };
}

function bind(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'another process listens there' : cause.message;
      reject(new ProvChainError('CONFIG_INVALID', `cannot listen on ${host}:${port}: ${why}`, { cause }));
    });
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
