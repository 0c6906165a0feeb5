import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AlertService, AlertStore, type Channel } from '../../src/alerts/index.js';
import {
  type ApiAuditEvent,
  type ApiAuth,
  type ApiDependencies,
  apiRoutes,
  createApi,
  type FreezeState,
  type HealthCheck,
  type LastResult,
  type NodeEntry,
  type PerformanceSnapshot,
  type RuntimeDocument,
} from '../../src/api/index.js';
import { ProvChainError } from '../../src/errors.js';
import { silentLog } from '../../src/logging/index.js';
import { mergeRuntime, type RuntimeSettings } from '../../src/settings/index.js';
import { MemoryDocuments } from '../support/memory-documents.js';
import { ChainInMemory } from './chain-in-memory.js';
import { checkAnswer } from './contract.js';
import { inspectorOf } from './inspector-in-memory.js';
import { JobsInMemory } from './jobs-in-memory.js';
import { MonitorInMemory } from './monitor-in-memory.js';

export const NOW = Date.parse('2025-11-23T12:10:00.000Z');

export const RUNTIME: RuntimeSettings = {
  validation_level: 'Standard',
  enable_caching: true,
  cache_ttl_seconds: 300,
  enable_parallel_validation: true,
  enable_incremental_validation: true,
  enable_profiling: false,
  max_validation_time: 300,
  batch_size: 1000,
  max_memory_mb: 1024,
  max_cpu_percent: 100,
  max_validation_time_seconds: 600,
  max_concurrent_validations: 4,
};

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
  readonly json: any;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes as they are, anything else as JSON. */
  readonly body?: unknown;
  readonly token?: string;
}

export const TOKENS: Readonly<Record<string, string>> = {
  viewer: 'viewer-token',
  operator: 'operator-token',
  admin: 'admin-token',
};

/** Tokens that say who they are for: what a token is worth is another folder's business. */
export const testAuth: ApiAuth = {
  authenticate(header) {
    const role = (['viewer', 'operator', 'admin'] as const).find(
      (each) => header === `Bearer ${TOKENS[each]}`,
    );
    if (role === undefined)
      throw new ProvChainError('UNAUTHENTICATED', 'no valid token came with the request');
    return { name: `${role}@example.org`, role };
  },
  async login(name, password) {
    if (password === 'locked') throw new ProvChainError('LOCKED_OUT', 'locked', { retryAfterMs: 90_000 });
    if (password !== 'right') throw new ProvChainError('LOGIN_FAILED', 'the name or the password is wrong');
    return { accessToken: 'a', refreshToken: 'r', expiresIn: 60, user: { name, role: 'viewer' } };
  },
  async refresh(token) {
    if (token !== 'r') throw new ProvChainError('UNAUTHENTICATED', 'the refresh token is not valid');
    return { accessToken: 'b', expiresIn: 60, user: { name: 'ann', role: 'viewer' } };
  },
  async logout() {},
};

/** A node with parts that do what a test tells them, behind a real server on loopback. */
export class TestNode {
  readonly jobs = new JobsInMemory();
  readonly chain = new ChainInMemory();
  readonly monitor = new MonitorInMemory(NOW);
  readonly audited: ApiAuditEvent[] = [];
  readonly observed: (readonly [route: string, method: string, status: number])[] = [];
  readonly stopping = new AbortController();
  readonly cleared: string[] = [];
  checks: HealthCheck[] = [{ name: 'store', ok: true, required: true }];
  results: LastResult[] = [];
  figures: PerformanceSnapshot = { since: '2025-11-23T12:00:00.000Z', levels: [] };
  nodes: NodeEntry[] = [];
  hits = { hits: 0, misses: 0, entries: 0, bytes: 0, perLevel: {} };
  freeze: FreezeState = { frozen: false };
  config: RuntimeDocument = { revision: 1, value: RUNTIME };
  readonly dependencies: ApiDependencies;
  /** What was sent over the one channel that there is. */
  readonly messages: string[] = [];
  readonly alerts = new AlertService({
    store: new AlertStore({ documents: new MemoryDocuments(), by: 'node-1' }),
    channels: [this.#webhook()],
    book: { cooldownMs: 300_000, groupWaitMs: 0, escalateAfterMs: 0, repeatMs: 0 },
    thresholds: { critical: 3, warning: 5 },
    context: { chain: 'test-chain', node: 'node-1' },
    log: silentLog,
    now: () => NOW,
    chance: () => 0.5,
  });
  readonly #server: Server;

  #webhook(): Channel {
    return {
      name: 'webhook',
      timeoutMs: 1000,
      send: async ({ subject }) => {
        this.messages.push(subject);
      },
    };
  }

  private constructor(part: Partial<ApiDependencies> & { options?: Partial<ApiDependencies['options']> }) {
    this.dependencies = {
      about: { nodeId: 'node-1', version: '0.1.0', mode: 'embedded' },
      jobs: this.jobs,
      chain: this.chain,
      inspector: inspectorOf(this.chain),
      alerts: this.alerts,
      cache: {
        stats: () => this.hits,
        clear: async (by) => {
          this.cleared.push(by);
          return { entries: 3, bytes: 400 };
        },
      },
      monitor: this.monitor,
      runtimeConfig: {
        get: () => this.config,
        update: async (patch, by, expected) => {
          if (expected !== undefined && expected !== this.config.revision) {
            throw new ProvChainError('REVISION_CONFLICT', `the revision is ${this.config.revision}`);
          }
          return this.#setConfig(mergeRuntime(this.config.value, patch), by);
        },
        rollback: async (by) => {
          if (this.config.previous === undefined)
            throw new ProvChainError('NOT_FOUND', 'nothing was changed yet');
          return this.#setConfig(this.config.previous.value, by);
        },
      },
      freeze: {
        get: () => this.freeze,
        set: async (reason, by) => {
          this.freeze = { frozen: true, source: 'operator', reason, by, since: '2025-11-23T12:00:00.000Z' };
          return this.freeze;
        },
        clear: async () => {
          this.freeze = { frozen: false };
          return this.freeze;
        },
      },
      log: silentLog,
      now: () => NOW,
      health: () => ({
        nodeId: 'node-1',
        version: '0.1.0',
        mode: 'embedded',
        startedAt: '2025-11-23T12:00:00.000Z',
        uptimeSeconds: 600.4,
        checks: this.checks,
      }),
      lastResults: () => this.results,
      performance: () => this.figures,
      nodes: () => this.nodes,
      observe: (route, method, status) => {
        this.observed.push([route, method, status]);
      },
      audit: (event) => {
        this.audited.push(event);
      },
      stopping: this.stopping.signal,
      ...part,
      options: {
        corsOrigins: [],
        maxRequestBytes: 1 << 20,
        requestTimeoutMs: 5000,
        trustProxyHops: 0,
        tls: false,
        detailedHealth: true,
        heartbeatMs: 20,
        ...part.options,
      },
    };
    this.#server = createServer(createApi(this.dependencies));
  }

  static async start(
    part: Omit<Partial<ApiDependencies>, 'options'> & { options?: Partial<ApiDependencies['options']> } = {},
  ): Promise<TestNode> {
    const node = new TestNode(part as never);
    node.#server.listen(0, '127.0.0.1');
    await once(node.#server, 'listening');
    return node;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Sends a request and holds the answer against what the route declares. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await this.send(method, path, options);
    checkAnswer(apiRoutes(this.dependencies.options.healthPath), method, path, answer);
    return answer;
  }

  async send(method: string, path: string, { headers, body, token }: CallOptions = {}): Promise<Answer> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const content = body === undefined || raw ? (body as string | undefined) : JSON.stringify(body);
    const request = httpRequest({
      host: '127.0.0.1',
      port: this.port,
      method,
      path,
      agent: false,
      headers: {
        ...(body !== undefined && !raw ? { 'Content-Type': 'application/json' } : {}),
        ...(content === undefined || headers?.['Transfer-Encoding']
          ? {}
          : { 'Content-Length': Buffer.byteLength(content) }),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...headers,
      },
    });
    request.end(content);
    const [response] = await once(request, 'response');
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const text = bytes.toString();
    const isJson = /json/.test(response.headers['content-type'] ?? '') && text !== '';
    return {
      status: response.statusCode,
      headers: response.headers,
      bytes,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    };
  }

  #setConfig(value: RuntimeSettings, by: string): RuntimeDocument {
    const { previous: _, ...current } = this.config;
    const at = new Date(NOW).toISOString();
    this.config = { revision: current.revision + 1, value, by, at, previous: current };
    return this.config;
  }
}
