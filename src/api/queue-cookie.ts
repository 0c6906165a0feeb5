import { roleAllows } from '../auth/index.js';
import type { ApiDependencies, Tokens } from './dependencies.js';

const NAME = 'provchain-queues';
/** Sent by browsers with requests below this path only, and never with those that another site begins. */
const ATTRIBUTES = 'Path=/queues; HttpOnly; SameSite=Strict';

type Node = Pick<ApiDependencies, 'options' | 'queues'>;

/** Encrypted here, or by a proxy in front. */
const encrypted = ({ options: { tls, publicUrl } }: Node): boolean =>
  tls || publicUrl?.startsWith('https:') === true;

const cookie = (node: Node, value: string, seconds: number): string =>
  `${NAME}=${value}; Max-Age=${seconds}; ${ATTRIBUTES}${encrypted(node) ? '; Secure' : ''}`;

/** The field that gives a browser the token for the page of the queues, if there is one and the user may see it. */
export function grantQueues(node: Node, { accessToken, expiresIn, user }: Tokens): Record<string, string> {
  if (node.queues === undefined || !roleAllows(user.role, 'operator')) return {};
  return { 'Set-Cookie': cookie(node, accessToken, Math.max(0, Math.floor(expiresIn))) };
}

/** The field that takes it away. */
export const withdrawQueues = (node: Node): Record<string, string> =>
  node.queues === undefined ? {} : { 'Set-Cookie': cookie(node, '', 0) };

/** An Authorization field with the token of that cookie; undefined without one. The field is the client's. */
export function authorizationOfCookie(field: string | undefined): string | undefined {
  const prefix = `${NAME}=`;
  const given = field?.split(';').find((each) => each.trimStart().startsWith(prefix));
  return given === undefined ? undefined : `Bearer ${given.trim().slice(prefix.length)}`;
}
