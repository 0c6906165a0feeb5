import type { Request, Response } from 'express';
import { addressKey, roleAllows } from '../auth/index.js';
import { ProvChainError } from '../errors.js';
import { addressOf, refuseForeignPages } from './client.js';
import type { ApiDependencies, Principal } from './dependencies.js';
import type { PathMatch } from './match.js';
import { parseBy } from './parse.js';
import { problemOf, withExtras } from './problem.js';
import { queryOf } from './query.js';
import { authorizationOfCookie } from './queue-cookie.js';
import { abandonBody, checkMediaType, hasBody, type MediaType, readBody } from './request-body.js';
import { requestIdOf } from './request-id.js';
import type { ApiRequest, Method, Reply, Route } from './route.js';
import { type HeadFields, sendProblem, sendReply, setFields } from './send.js';
import { parseStrictJson } from './strict-json.js';

/** JSON bodies are small commands; only documents may be as long as the configuration allows. */
const MAX_JSON_BYTES = 256 << 10;
const NOBODY: Principal = { name: 'anonymous', role: 'viewer' };
/** Who acts where nobody is asked who they are. */
const LOCAL: Principal = { name: 'local', role: 'admin' };
const NO_BODY: MediaType = { name: '', charset: undefined };

/**
 * One request and its answer. States: received → admitted (rate, path, method, user) → read (body) → handled →
 * answered. A failure anywhere goes straight to answered. It ends when the connection lets go of the response; nothing
 * of it stays behind then.
 */
export class Exchange {
  readonly id: string;
  readonly ip: string;
  route: Route | undefined;
  #principal: Principal = NOBODY;
  #auditDetails: Readonly<Record<string, unknown>> | undefined;
  /** Made when somebody asks for it: most answers are out before anybody could. */
  #controller: AbortController | undefined;
  #aborted = false;
  readonly #startedAt = performance.now();
  #deadline: NodeJS.Timeout;
  #ended = false;
  #failed = false;

  constructor(
    private readonly request: Request,
    private readonly response: Response,
    private readonly node: ApiDependencies,
    /** Of every answer. */
    private readonly fields: HeadFields,
  ) {
    this.id = requestIdOf(request.headers['x-request-id']);
    this.ip = addressOf(request, node.options.trustProxyHops);
    this.#deadline = setTimeout(this.#expire, node.options.requestTimeoutMs);
    response.once('close', this.#end);
  }

  /** Answers the request, whatever happens. `match` is undefined where no route has this path. */
  async answer(find: () => PathMatch | undefined): Promise<void> {
    try {
      const match = find();
      const reply = await this.#handle(match);
      await this.#finish(reply);
    } catch (thrown) {
      await this.fail(thrown);
    }
  }

  async fail(thrown: unknown): Promise<void> {
    const error = ProvChainError.from(thrown);
    if (this.response.headersSent) {
      // Half an answer is out already: only cutting the connection tells the client that it is not whole.
      if (!this.response.writableEnded) this.response.destroy();
      return;
    }
    if (this.#failed) return;
    this.#failed = true;
    const problem = problemOf(thrown, this.id, this.node.log);
    await this.#audit(problem.status, error.code);
    if (this.response.headersSent || this.response.destroyed) return;
    if (error.code === 'REQUEST_TIMEOUT') this.response.setHeader('Connection', 'close');
    sendProblem(this.request, this.response, problem, this.#head());
    abandonBody(this.request);
  }

  async #handle(match: PathMatch | undefined): Promise<Reply> {
    const { node, request } = this;
    const method = request.method === 'HEAD' ? 'GET' : (request.method as Method);
    const route = match?.methods.get(method);
    this.route = route;
    if (!route?.always) await this.#admit();
    if (match === undefined) throw new ProvChainError('NOT_FOUND', `there is no ${request.path} here`);
    if (method === ('OPTIONS' as string)) return { status: 204, headers: { Allow: match.allow } };
    if (route === undefined) {
      const error = new ProvChainError('METHOD_NOT_ALLOWED', `${match.path} takes ${match.allow}`);
      throw withExtras(error, { headers: { Allow: match.allow } });
    }
    await this.#authorize(route);
    return route.handle((await this.#read(route, match)) as ApiRequest<never, never, never>, node);
  }

  async #admit(): Promise<void> {
    const { node } = this;
    if (node.stopping?.aborted) {
      this.response.setHeader('Connection', 'close');
      throw new ProvChainError('SHUTTING_DOWN', 'this node is about to stop');
    }
    if (node.auth === undefined) refuseForeignPages(this.request, this.route, node.options);
    if (node.rateLimit === undefined) return;
    const { allowed, retryAfterSeconds } = await node.rateLimit.consume(addressKey(this.ip));
    if (allowed) return;
    const error = new ProvChainError('RATE_LIMITED', 'too many requests from this address');
    throw withExtras(error, { retryAfterSeconds });
  }

  async #authorize(route: Route): Promise<void> {
    if (route.role === 'public') return;
    const { auth } = this.node;
    const { authorization, cookie } = this.request.headers;
    const credentials = authorization ?? (route.byCookie ? authorizationOfCookie(cookie) : undefined);
    this.#principal = auth === undefined ? LOCAL : await auth.authenticate(credentials);
    if (!roleAllows(this.#principal.role, route.role)) {
      throw new ProvChainError(
        'FORBIDDEN',
        `this needs the role ${route.role}, and you have ${this.#principal.role}`,
      );
    }
  }

  async #read(route: Route, { params }: PathMatch): Promise<ApiRequest<unknown, unknown, unknown>> {
    const { url } = this.request;
    const mark = url.indexOf('?');
    const parsedParams = route.params === undefined ? params : parseBy(route.params, params, 'path');
    const parsedQuery =
      route.query === undefined ? {} : queryOf(route.query, mark < 0 ? '' : url.slice(mark + 1));
    const { body, mediaType } = await this.#readBody(route);
    return {
      params: parsedParams,
      query: parsedQuery,
      body,
      mediaType,
      principal: this.#principal,
      requestId: this.id,
      ip: this.ip,
      header: (name) => {
        const value = this.request.headers[name.toLowerCase()];
        return Array.isArray(value) ? value.join(', ') : value;
      },
      accepts: (offered) => this.request.accepts([...offered]) || undefined,
      signal: () => this.#signal(),
      extendDeadline: (ms) => {
        // Of a client that has left meanwhile nothing would ever take the new one away.
        if (this.#ended) return;
        clearTimeout(this.#deadline);
        this.#deadline = setTimeout(this.#expire, this.node.options.requestTimeoutMs + ms);
      },
      noteForAudit: (details) => {
        this.#auditDetails = { ...this.#auditDetails, ...details };
      },
    };
  }

  async #readBody({ body: rule }: Route): Promise<{ body: unknown; mediaType: MediaType }> {
    const { request } = this;
    const { maxRequestBytes } = this.node.options;
    if (rule === undefined) return { body: undefined, mediaType: NO_BODY };
    if (rule.kind === 'bytes') {
      const mediaType = checkMediaType(request, rule.mediaTypes);
      return { body: await readBody(request, maxRequestBytes), mediaType };
    }
    if (rule.optional && !hasBody(request)) {
      return { body: parseBy(rule.schema, {}, 'body'), mediaType: NO_BODY };
    }
    const mediaType = checkMediaType(request, ['application/json']);
    const bytes = await readBody(request, Math.min(maxRequestBytes, MAX_JSON_BYTES));
    return { body: parseBy(rule.schema, parseStrictJson(bytes), 'body', rule.refusedWith), mediaType };
  }

  async #finish(reply: Reply): Promise<void> {
    const { request, response } = this;
    if (this.#failed) return;
    await this.#audit('stream' in reply ? 200 : reply.status);
    if (this.#failed || response.headersSent || response.destroyed) return;
    if ('stream' in reply) {
      clearTimeout(this.#deadline);
      setFields(response, this.#head());
      await reply.stream(request, response);
    } else {
      sendReply(request, response, reply, this.#head());
      abandonBody(request);
    }
  }

  #head(): HeadFields {
    return [...this.fields, 'X-Request-Id', this.id];
  }

  #signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  #abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }

  async #audit(status: number, code?: string): Promise<void> {
    const { node, route, request } = this;
    const denied = status === 401 || status === 403;
    if (!denied && route?.audit === undefined && !node.options.auditAll) return;
    const outcome = denied ? 'denied' : status < 400 ? 'success' : 'failure';
    const event = {
      action: route?.audit ?? route?.id ?? 'unmatched',
      outcome,
      ...(this.#principal === NOBODY ? {} : { user: this.#principal.name }),
      ip: this.ip,
      requestId: this.id,
      method: request.method,
      path: request.path,
      status,
      ...(code === undefined ? {} : { code }),
      ...(this.#auditDetails === undefined ? {} : { details: this.#auditDetails }),
    } as const;
    try {
      await node.audit(event);
    } catch (thrown) {
      // What was done is done, and saying that it failed would have it done twice.
      node.log.error('the audit log could not be written', { requestId: this.id, error: String(thrown) });
    }
  }

  readonly #expire = (): void => {
    const { requestTimeoutMs } = this.node.options;
    this.#abort();
    void this.fail(new ProvChainError('REQUEST_TIMEOUT', `no answer after ${requestTimeoutMs / 1000} s`));
  };

  readonly #end = (): void => {
    this.#ended = true;
    clearTimeout(this.#deadline);
    if (!this.response.writableFinished) this.#abort();
    const { headersSent, statusCode } = this.response;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    // 499: the client left before there was an answer, as nginx calls it.
    const status = headersSent ? statusCode : 499;
    const { method } = this.request;
    const route = this.route?.path ?? 'unmatched';
    this.node.observe(route, method, status, seconds);
    this.node.log.debug('a request was answered', { requestId: this.id, method, route, status, seconds });
  };
}
