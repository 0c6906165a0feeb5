import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from './problem.js';
import type { EmptyReply, JsonReply, RawReply } from './route.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Whether an If-None-Match field names this entity tag, by the weak comparison (RFC 9110 §8.8.3.2, §13.1.2). */
function namesTag(field: string | undefined, tag: string): boolean {
  if (field === undefined) return false;
  if (field.trim() === '*') return true;
  const bare = tag.replace(/^W\//, '');
  return field.split(',').some((each) => each.trim().replace(/^W\//, '') === bare);
}

/** Sends what a handler has answered. Without a word on caching in it, nothing may keep the answer. */
export function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  reply: JsonReply | RawReply | EmptyReply,
): void {
  response.statusCode = reply.status;
  response.setHeader('Cache-Control', 'no-store');
  for (const name in reply.headers) response.setHeader(name, reply.headers[name]!);
  const tag = reply.headers?.ETag;
  const reading = request.method === 'GET' || request.method === 'HEAD';
  if (
    reading &&
    reply.status === 200 &&
    tag !== undefined &&
    namesTag(request.headers['if-none-match'], tag)
  ) {
    response.statusCode = 304;
    response.end();
  } else if ('raw' in reply) {
    sendBody(request, response, reply.type, reply.raw);
  } else if ('json' in reply) {
    sendBody(request, response, JSON_TYPE, JSON.stringify(reply.json));
  } else {
    response.end();
  }
}

export function sendProblem(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
  response.statusCode = problem.status;
  response.setHeader('Cache-Control', 'no-store');
  for (const name in problem.headers) response.setHeader(name, problem.headers[name]!);
  sendBody(request, response, 'application/problem+json', problem.body);
}

function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  type: string,
  body: string | Uint8Array,
): void {
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', typeof body === 'string' ? Buffer.byteLength(body) : body.length);
  if (request.method === 'HEAD') response.end();
  else response.end(body);
}
