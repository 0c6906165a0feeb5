import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RemoteJob } from '../../src/client/index.js';
import { ERRORS, type ErrorCode } from '../../src/errors.js';

/** A job as a node shows it. */
export const JOB: RemoteJob = {
  jobId: '0198c0de-7000-7000-8000-00000000000a',
  kind: 'replica',
  state: 'queued',
  level: 'Standard',
  profile: null,
  scope: { from: 0, to: 21 },
  pin: { height: 21, headHash: 'ab'.repeat(32) },
  chainId: 'test-chain',
  replica: 'replica-1',
  node: null,
  createdAt: '2026-01-02T03:04:05.678Z',
  startedAt: null,
  finishedAt: null,
  revision: 1,
  progress: null,
  status: null,
  complete: null,
  reportDigest: null,
  error: null,
  replicas: null,
  agree: null,
  notes: [],
};

export const RUNNING: RemoteJob = {
  ...JOB,
  state: 'running',
  revision: 2,
  node: 'node-1',
  startedAt: '2026-01-02T03:04:06.000Z',
  progress: { blocks: 10, totalBlocks: 21, bytes: 4000 },
};

export const DONE: RemoteJob = {
  ...RUNNING,
  state: 'completed',
  revision: 4,
  status: 'Healthy',
  complete: true,
  finishedAt: '2026-01-02T03:04:07.500Z',
};

/** What was asked for, as far as tests look at it. */
interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is a text. */
  readonly body?: unknown;
  /** Events that are sent one after the other; the connection is then ended, or cut. */
  readonly events?: readonly RemoteJob[];
  readonly cut?: boolean;
  /** Nothing more is sent, and the connection stays open. */
  readonly hang?: boolean;
}

type Answer = Reply | ((request: SeenRequest, turn: number) => Reply);

export const problem = (code: ErrorCode, detail: string, more: object = {}): Reply => ({
  status: ERRORS[code].http,
  headers: { 'content-type': 'application/problem+json' },
  body: {
    type: `urn:provchain:error:${code}`,
    title: code,
    status: ERRORS[code].http,
    detail,
    code,
    ...more,
  },
});

/** A server of the jobs' routes that answers what it was told; every route by "METHOD /path" without its query. */
export async function startJobServer(routes: Readonly<Record<string, Answer>>) {
  const seen: SeenRequest[] = [];
  const turns = new Map<string, number>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const path = request.url ?? '';
    const asked = { method: request.method ?? '', path, headers: request.headers, body };
    seen.push(asked);
    const route = `${asked.method} ${path.split('?')[0]}`;
    const turn = turns.get(route) ?? 0;
    turns.set(route, turn + 1);
    const answer = routes[route] ?? problem('NOT_FOUND', `there is nothing at ${path}`);
    await send(response, typeof answer === 'function' ? answer(asked, turn) : answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function send(response: ServerResponse, reply: Reply): Promise<void> {
  if (reply.hang && !reply.events) return;
  if (reply.events) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 1000\n\n:\n\n');
    for (const job of reply.events) {
      const type = job.progress && job.state === 'running' ? 'progress' : 'state';
      response.write(`event: ${type}\nid: ${job.revision}\ndata: ${JSON.stringify(job)}\n\n`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (reply.hang) return;
    if (reply.cut) response.destroy();
    else response.end();
    return;
  }
  const isText = typeof reply.body === 'string';
  response.writeHead(reply.status ?? 200, {
    'content-type': isText ? 'text/html' : 'application/json',
    ...reply.headers,
  });
  response.end(isText ? reply.body : JSON.stringify(reply.body));
}

/** A report as the routes give it, with as much as the client and the command line look at. */
export function reportOf(status: 'Healthy' | 'Critical'): Record<string, unknown> {
  const group = { ran: true, findings: 0, durationMs: 1 };
  return {
    schema: 'provchain-report/1',
    jobId: JOB.jobId,
    chain: { id: 'test-chain', format: 'provchain/1', height: 21, headHash: 'ab'.repeat(32) },
    replica: 'replica-1',
    node: 'node-1',
    level: 'Standard',
    scope: { from: 0, to: 21, partial: false },
    status,
    complete: true,
    anchored: true,
    verifiedAboveAnchor: 0,
    startedAt: '2026-01-02T03:04:06.000Z',
    finishedAt: '2026-01-02T03:04:07.500Z',
    durationMs: 1500,
    checked: {
      headers: 21,
      payloads: 21,
      payloadBytes: 9000,
      quads: 168,
      transactions: 21,
      signatures: 0,
      canonicalized: 0,
    },
    findingCounts: status === 'Critical' ? { LINK_BROKEN: 1 } : {},
    findings:
      status === 'Critical'
        ? [
            {
              code: 'LINK_BROKEN',
              severity: 'Critical',
              block: 7,
              message: 'block 7: broken',
              details: {},
              action: 'Look.',
            },
          ]
        : [],
    checks: {
      blockchain: group,
      transactions: group,
      sparql: { ...group, ran: false },
      canonicalization: { ...group, ran: false },
    },
    recommendations: [],
    engine: { version: '0.1.0', policyHash: 'cd'.repeat(32) },
    shards: [{ from: 0, to: 21, status: 'done', durationMs: 2, cached: false }],
    asOf: '2026-01-02T03:04:06.000Z',
    reportDigest: 'ef'.repeat(32),
  };
}
