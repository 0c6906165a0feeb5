import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived, to the byte. */
interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Behaviour = (request: Received, response: ServerResponse) => void;

/** A real HTTP server that keeps what it gets; by default it answers 200. */
export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  /** What it does from now on with what it gets. */
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

const ok: Behaviour = (_request, response) => void response.end('ok');

export async function startReceiver(behaviour: Behaviour = ok, port = 0): Promise<Receiver> {
  const received: Received[] = [];
  let current = behaviour;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const one = { method: request.method!, path: request.url!, headers: request.headers, body };
      received.push(one);
      current(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    received,
    behave(next) {
      current = next;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
