import { z } from 'zod';
import { ROLES } from '../auth/index.js';
import { ProvChainError } from '../errors.js';
import type { ApiAuth, ApiDependencies, Principal, Tokens } from './dependencies.js';
import { grantQueues, withdrawQueues } from './queue-cookie.js';
import { type Reply, type Route, route } from './route.js';

const tag = 'Authentication';
/** Longer ones are no passwords: hashing them would be the client's way to make this node work. */
const LONGEST_PASSWORD = 1024;
const LONGEST_TOKEN = 8192;

const tokenSchema = z.string().min(1).max(LONGEST_TOKEN);

const tokensSchema = z
  .object({
    accessToken: z.string().meta({ description: 'Sent as `Authorization: Bearer …`.' }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.number().meta({ description: 'Seconds.' }),
    refreshToken: z
      .string()
      .nullable()
      .meta({ description: 'Good for one refresh; null when switched off.' }),
    user: z.object({ name: z.string(), role: z.enum(ROLES) }),
  })
  .meta({ id: 'Tokens' });

function authOf(node: ApiDependencies): ApiAuth {
  if (node.auth !== undefined) return node.auth;
  throw new ProvChainError('NOT_FOUND', 'authentication is switched off here, so there is nobody to log in');
}

function tokensReply(node: ApiDependencies, tokens: Tokens): Reply {
  const { accessToken, refreshToken, expiresIn, user } = tokens;
  return {
    status: 200,
    headers: grantQueues(node, tokens),
    json: {
      accessToken,
      tokenType: 'Bearer',
      expiresIn,
      refreshToken: refreshToken ?? null,
      user: { name: user.name, role: user.role },
    },
  };
}

const cookieHeader = {
  'Set-Cookie': 'In a fleet, for operators: the same token for the page under /queues, and for nothing else.',
};

const login = route({
  id: 'login',
  method: 'POST',
  path: '/api/auth/login',
  role: 'public',
  tag,
  summary: 'Log in with a name and a password',
  description: 'After too many failures the account is locked for a while, on every node.',
  body: {
    kind: 'json',
    schema: z.strictObject({
      username: z.string().min(1).max(128),
      password: z.string().min(1).max(LONGEST_PASSWORD),
    }),
  },
  responses: { 200: { description: 'Tokens.', schema: tokensSchema, headers: cookieHeader } },
  errors: ['LOGIN_FAILED', 'LOCKED_OUT', 'NOT_FOUND'],
  audit: 'auth.login',
  async handle({ body, ip, noteForAudit }, node) {
    noteForAudit({ username: body.username });
    return tokensReply(node, await authOf(node).login(body.username, body.password, ip));
  },
});

const refresh = route({
  id: 'refresh',
  method: 'POST',
  path: '/api/auth/refresh',
  role: 'public',
  tag,
  summary: 'Exchange a refresh token for new tokens',
  description:
    'Each refresh token works once. One that comes a second time ends the session that it belongs to.',
  body: { kind: 'json', schema: z.strictObject({ refreshToken: tokenSchema }) },
  responses: { 200: { description: 'Tokens.', schema: tokensSchema, headers: cookieHeader } },
  errors: ['UNAUTHENTICATED', 'NOT_FOUND'],
  audit: 'auth.refresh',
  async handle({ body, noteForAudit }, node) {
    const tokens = await authOf(node).refresh(body.refreshToken);
    noteForAudit({ username: tokens.user.name });
    return tokensReply(node, tokens);
  },
});

const logout = route({
  id: 'logout',
  method: 'POST',
  path: '/api/auth/logout',
  role: 'viewer',
  tag,
  summary: 'Revoke the token of this request, and a refresh token',
  body: { kind: 'json', schema: z.strictObject({ refreshToken: tokenSchema.optional() }), optional: true },
  responses: { 204: { description: 'Both are worthless now, on every node.' } },
  errors: ['NOT_FOUND'],
  audit: 'auth.logout',
  async handle({ body, header }, node) {
    await authOf(node).logout(header('Authorization'), body.refreshToken);
    return { status: 204, headers: withdrawQueues(node) };
  },
});

const sessionSchema = z
  .object({
    authentication: z.boolean().meta({ description: 'False: nobody is asked who they are.' }),
    user: z.string().nullable().meta({ description: 'Null without a valid token.' }),
    role: z.enum(ROLES).nullable().meta({ description: '`admin` where nobody is asked.' }),
    mode: z.enum(['embedded', 'fleet']),
    queues: z.boolean().meta({ description: 'There is a page of the queues under /queues.' }),
    nodeId: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Session' });

/** Who has sent this, or null. A token that is not valid (any more) is as none: this is where a page finds that out. */
async function callerOf(auth: ApiAuth, header: string | undefined): Promise<Principal | null> {
  if (header === undefined) return null;
  try {
    return await auth.authenticate(header);
  } catch (thrown) {
    if (ProvChainError.from(thrown).code === 'UNAUTHENTICATED') return null;
    throw thrown;
  }
}

const session = route({
  id: 'session',
  method: 'GET',
  path: '/api/auth/session',
  role: 'public',
  tag,
  summary: 'Who is asking, and what kind of node answers',
  requestHeaders: { Authorization: 'Without a valid token the answer names nobody.' },
  responses: {
    200: { description: 'What a page needs to know before anything else.', schema: sessionSchema },
  },
  errors: ['STORE_UNAVAILABLE'],
  async handle({ header }, { auth, about, queues }) {
    const caller = auth === undefined ? null : await callerOf(auth, header('Authorization'));
    const json = {
      authentication: auth !== undefined,
      user: caller?.name ?? null,
      role: auth === undefined ? 'admin' : (caller?.role ?? null),
      mode: about.mode,
      queues: queues !== undefined,
      nodeId: about.nodeId,
      version: about.version,
    };
    return { status: 200, json };
  },
});

export const authRoutes: readonly Route[] = [session, login, refresh, logout];
