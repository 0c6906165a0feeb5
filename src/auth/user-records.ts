import { hash } from 'node:crypto';
import { ProvChainError } from '../errors.js';
import { isPasswordHash } from './password-hash.js';
import { isRole, ROLES, type Role } from './roles.js';

/** One user as the file holds it. */
export interface UserRecord {
  readonly name: string;
  /** Absent: `security.authorization.default_role` at the time of asking. */
  readonly role?: Role;
  /** PHC string of Argon2id. */
  readonly passwordHash: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

const USERS_FORMAT = 'provchain-users/1';

/** The name doubles as an e-mail address where people like that; lower case, so that no two look alike. */
const NAME = /^[a-z0-9][a-z0-9._+@-]{0,63}$/;
const FIELDS = ['name', 'role', 'passwordHash', 'createdAt'];

/** Why a name is refused, or undefined. */
export function userNameProblem(name: string): string | undefined {
  if (NAME.test(name)) return undefined;
  return 'a user name has 1 to 64 of a-z 0-9 . _ + @ - and begins with a letter or digit';
}

/**
 * The users of a file's text, in its order. The operator writes this file, sometimes by hand, so everything in it is
 * checked; nothing is skipped. Errors: CONFIG_INVALID with `source`.
 */
export function parseUsers(text: string, source: string): UserRecord[] {
  const document = parseDocument(text, source);
  const { format, users, ...rest } = document;
  if (format !== USERS_FORMAT) throw invalid(`its format is not ${USERS_FORMAT}`, source);
  if (Object.keys(rest).length > 0)
    throw invalid(`it has an unknown field "${Object.keys(rest)[0]}"`, source);
  if (!Array.isArray(users)) throw invalid('"users" is no list', source);
  const records = users.map((user, i) => parseUser(user, `user ${i + 1}`, source));
  const names = new Set<string>();
  for (const { name } of records) {
    if (names.has(name)) throw invalid(`the user ${name} is in it twice`, source);
    names.add(name);
  }
  return records;
}

export function formatUsers(users: readonly UserRecord[]): string {
  return `${JSON.stringify({ format: USERS_FORMAT, users }, null, 2)}\n`;
}

/**
 * What a user's tokens are bound to: it differs as soon as role or password do, also when the user was removed and
 * added again, because a new hash has a new salt.
 */
export function userEpoch(user: UserRecord, role: Role): string {
  return hash('sha256', JSON.stringify([user.name, role, user.passwordHash]), 'base64url').slice(0, 16);
}

function parseDocument(text: string, source: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new ProvChainError('CONFIG_INVALID', 'the users file is no JSON', { cause, place: { source } });
  }
  if (!isObject(document)) throw invalid('it is no object', source);
  return document;
}

function parseUser(value: unknown, which: string, source: string): UserRecord {
  if (!isObject(value)) throw invalid(`${which} is no object`, source);
  const unknown = Object.keys(value).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw invalid(`${which} has an unknown field "${unknown}"`, source);
  const { name, role, passwordHash, createdAt } = value;
  if (typeof name !== 'string') throw invalid(`${which} has no name`, source);
  const problem = userNameProblem(name);
  if (problem) throw invalid(`${which}: ${problem}`, source);
  if (role !== undefined && !isRole(role)) {
    throw invalid(`the role of ${name} is none of ${ROLES.join(', ')}`, source);
  }
  if (typeof passwordHash !== 'string' || !isPasswordHash(passwordHash)) {
    throw invalid(`the password of ${name} is not stored as Argon2id`, source);
  }
  if (typeof createdAt !== 'string') throw invalid(`"createdAt" of ${name} is no text`, source);
  return { name, ...(role === undefined ? {} : { role }), passwordHash, createdAt };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(what: string, source: string): ProvChainError {
  return new ProvChainError('CONFIG_INVALID', `the users file cannot be used: ${what}`, {
    place: { source },
  });
}
