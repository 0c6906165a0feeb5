import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Role } from '../auth/index.js';
import type { ErrorCode } from '../errors.js';
import type { ApiDependencies, Principal } from './dependencies.js';
import type { MediaType } from './request-body.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface JsonReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json: unknown;
}

/** Text or bytes that are sent as they are. */
export interface RawReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly type: string;
  readonly raw: string | Uint8Array;
}

export interface EmptyReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The handler answers by itself, for as long as it likes, and resolves when it is done. */
interface StreamReply {
  readonly stream: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export type Reply = JsonReply | RawReply | EmptyReply | StreamReply;

/** A request as a handler sees it: everything from outside is parsed. */
export interface ApiRequest<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Of the body, where the route takes several. */
  readonly mediaType: MediaType;
  readonly principal: Principal;
  readonly requestId: string;
  readonly ip: string;
  /** A field of the head; several of one name are joined with commas. */
  header(name: string): string | undefined;
  /** The best of the offered media types by the Accept field, or undefined when none is wanted. */
  accepts(offered: readonly string[]): string | undefined;
  /** Aborted when the client goes away or the request has taken its time. */
  signal(): AbortSignal;
  /** Gives the request more time than usual, because it asked to wait. */
  extendDeadline(ms: number): void;
  /** What the audit log says of this request beside who and when. */
  noteForAudit(details: Readonly<Record<string, unknown>>): void;
}

export type BodyRule =
  /** A JSON body by the route's schema; `optional`: no body stands for `{}`. */
  | {
      readonly kind: 'json';
      readonly schema: z.ZodType;
      readonly optional?: boolean;
      /** The error of a body that does not fit; REQUEST_INVALID when not given. */
      readonly refusedWith?: ErrorCode;
    }
  /** Bytes of one of these media types. */
  | { readonly kind: 'bytes'; readonly mediaTypes: readonly string[]; readonly description: string };

interface ResponseRule {
  readonly description: string;
  /** Of a JSON body. */
  readonly schema?: z.ZodType;
  /** Of any other body. */
  readonly mediaTypes?: readonly string[];
  /** Name → what it says. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One route, as it is declared: the dispatcher, the check of roles, the OpenAPI document and docs/api.md are made of it
 * and of nothing else.
 */
export interface Route {
  readonly id: string;
  readonly method: Method;
  /** Parameters as `:name`; each is one segment. */
  readonly path: string;
  /** The last parameter takes all segments that follow, joined with slashes. */
  readonly deep?: boolean;
  /** A page that browsers open: without an Authorization field the token of the cookie counts. Only for GET. */
  readonly byCookie?: boolean;
  /** The least role that may call it. */
  readonly role: Role | 'public';
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Fields of the request's head that mean something here. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly body?: BodyRule;
  readonly responses: Readonly<Record<number, ResponseRule>>;
  /** What it may answer beside the errors of every route. */
  readonly errors: readonly ErrorCode[];
  /** Name in the audit log; routes without one are logged there only if every request is. */
  readonly audit?: string;
  /** Answered also while the node stops, and not counted against a client's rate. */
  readonly always?: boolean;
  handle(request: ApiRequest<never, never, never>, node: ApiDependencies): Promise<Reply> | Reply;
}

type Parsed<Schema, Otherwise> = Schema extends z.ZodType ? z.output<Schema> : Otherwise;
type ParsedBody<Rule> = Rule extends { kind: 'json'; schema: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : Rule extends { kind: 'bytes' }
    ? Uint8Array
    : undefined;

type NoFields = Readonly<Record<string, never>>;

/** Declares a route; the handler's types follow from the schemas. */
export function route<
  const Params extends z.ZodObject | undefined = undefined,
  const Query extends z.ZodObject | undefined = undefined,
  const Body extends BodyRule | undefined = undefined,
>(
  declared: Omit<Route, 'handle' | 'params' | 'query' | 'body'> & {
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
    handle(
      request: ApiRequest<Parsed<Params, NoFields>, Parsed<Query, NoFields>, ParsedBody<Body>>,
      node: ApiDependencies,
    ): Promise<Reply> | Reply;
  },
): Route {
  return declared as Route;
}
