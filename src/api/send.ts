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

/** Fields of an answer's head, name after value: Node takes such a list as it is, and each field set by itself is looked up. */
export type HeadFields = readonly string[];

export const setFields = (response: ServerResponse, fields: HeadFields): void => {
  for (let at = 0; at < fields.length; at += 2) response.setHeader(fields[at]!, fields[at + 1]!);
};

/**
 * Sends what a handler has answered. Without a word on caching in it, nothing may keep the answer.
 *
 * @param common fields of every answer
 */
export function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  reply: JsonReply | RawReply | EmptyReply,
  common: HeadFields,
): void {
  const fields = headOf(common, reply.headers);
  const tag = reply.headers?.ETag;
  const reading = request.method === 'GET' || request.method === 'HEAD';
  const known = reading && reply.status === 200 && tag !== undefined;
  if (known && namesTag(request.headers['if-none-match'], tag)) {
    response.writeHead(304, fields).end();
  } else if ('raw' in reply) {
    sendBody(request, response, reply.status, fields, reply.type, reply.raw);
  } else if ('json' in reply) {
    sendBody(request, response, reply.status, fields, JSON_TYPE, JSON.stringify(reply.json));
  } else {
    response.writeHead(reply.status, fields).end();
  }
}

export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Problem,
  common: HeadFields,
): void {
  sendBody(request, response, status, headOf(common, headers), 'application/problem+json', body);
}

/** What an answer says of itself goes before what all say. */
function headOf(common: HeadFields, own: Readonly<Record<string, string>> | undefined): string[] {
  const fields = [...common, 'Cache-Control', 'no-store'];
  for (const name in own) {
    const at = fields.indexOf(name);
    if (at < 0) fields.push(name, own[name]!);
    else fields[at + 1] = own[name]!;
  }
  return fields;
}

function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  fields: string[],
  type: string,
  body: string | Uint8Array,
): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  fields.push('Content-Type', type, 'Content-Length', String(length));
  response.writeHead(status, fields);
  if (request.method === 'HEAD') response.end();
  else response.end(body);
}
