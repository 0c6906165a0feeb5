import { z } from 'zod';
import { ROLES } from '../auth/index.js';
import { ProvChainError } from '../errors.js';
import type { ApiAuth, ApiDependencies, Tokens } from './dependencies.js';
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

const tokensReply = ({ accessToken, refreshToken, expiresIn, user }: Tokens): Reply => ({
  status: 200,
  json: {
    accessToken,
    tokenType: 'Bearer',
    expiresIn,
    refreshToken: refreshToken ?? null,
    user: { name: user.name, role: user.role },
  },
});

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
  responses: { 200: { description: 'Tokens.', schema: tokensSchema } },
  errors: ['LOGIN_FAILED', 'LOCKED_OUT', 'NOT_FOUND'],
  audit: 'auth.login',
  async handle({ body, ip, noteForAudit }, node) {
    noteForAudit({ username: body.username });
    return tokensReply(await authOf(node).login(body.username, body.password, ip));
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
  responses: { 200: { description: 'Tokens.', schema: tokensSchema } },
  errors: ['UNAUTHENTICATED', 'NOT_FOUND'],
  audit: 'auth.refresh',
  async handle({ body, noteForAudit }, node) {
    const tokens = await authOf(node).refresh(body.refreshToken);
    noteForAudit({ username: tokens.user.name });
    return tokensReply(tokens);
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
    return { status: 204 };
  },
});

export const authRoutes: readonly Route[] = [login, refresh, logout];
