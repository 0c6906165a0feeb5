import { expect } from 'vitest';
import type { Route } from '../../src/api/index.js';
import { errorsOf } from '../../src/api/open-api.js';
import { ERRORS, type ErrorCode } from '../../src/errors.js';
import type { Answer } from './node.js';

const routeOf = (routes: readonly Route[], method: string, path: string): Route | undefined => {
  const bare = path.split('?')[0]!;
  const fits = (pattern: string) =>
    new RegExp(`^${pattern.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+')}/?$`).test(bare);
  const wanted = method === 'HEAD' ? 'GET' : method;
  const fitting = routes.filter((route) => route.method === wanted && fits(route.path));
  return fitting.find((route) => !route.path.includes(':')) ?? fitting[0];
};

/**
 * Holds an answer against its route: the status and the code of an error are declared, a problem has its members, and a
 * JSON body fits its schema. So what the OpenAPI document says is what the tests have seen.
 */
export function checkAnswer(routes: readonly Route[], method: string, path: string, answer: Answer): void {
  const { status, headers, json } = answer;
  expect(headers['x-request-id'], 'every answer has the id of its request').toMatch(/^[\w.-]{8,64}$/);
  expect(headers['x-powered-by']).toBeUndefined();
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  const route = routeOf(routes, method, path);
  if (String(headers['content-type']).startsWith('application/problem+json')) {
    if (method !== 'HEAD') checkProblem(route, answer);
    return;
  }
  if (route === undefined) return;
  const declared = route.responses[status];
  expect(declared, `${route.method} ${route.path} declares ${status}`).toBeDefined();
  if (declared?.schema !== undefined && method !== 'HEAD') {
    const result = declared.schema.safeParse(json);
    expect(result.error?.issues ?? [], `the body of ${route.method} ${route.path}`).toEqual([]);
  }
}

function checkProblem(route: Route | undefined, { status, headers, json, text }: Answer): void {
  expect(ERRORS).toHaveProperty(json.code);
  const code = json.code as ErrorCode;
  expect(json).toMatchObject({
    type: `urn:provchain:error:${code}`,
    title: ERRORS[code].meaning,
    status,
    instance: headers['x-request-id'],
  });
  expect(status).toBe(ERRORS[code].http);
  expect(typeof json.detail).toBe('string');
  expect(text, 'a stack never leaves the node').not.toMatch(/\n\s+at |node_modules|\.[jt]s:\d/);
  expect(headers['retry-after']).toBe(json.retryAfterSeconds?.toString());
  if (route !== undefined) expect(errorsOf(route), `errors of ${route.method} ${route.path}`).toContain(code);
}
