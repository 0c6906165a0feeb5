import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ProvChainError } from '../errors.js';
import { hashPassword } from './password-hash.js';
import { passwordProblem } from './password-rules.js';
import { readPrivateFile, replacePrivateFile, withFileLock } from './private-file.js';
import type { Role } from './roles.js';
import { formatUsers, parseUsers, type UserRecord, userNameProblem } from './user-records.js';

/** Tens of thousands of users; more want a directory service. */
const LONGEST_FILE_BYTES = 8 * 1024 * 1024;

/** What a caller may see of a user. */
export interface UserEntry {
  readonly name: string;
  readonly role?: Role;
  readonly createdAt: string;
}

export interface UserFile {
  readonly users: readonly UserRecord[];
  readonly stamp: string;
}

/** The users of a file. Errors: FILE_UNREADABLE, CONFIG_INVALID. */
export function readUserFile(path: string): UserFile {
  const { text, stamp } = readPrivateFile(path, { mostBytes: LONGEST_FILE_BYTES });
  return { users: parseUsers(text, path), stamp };
}

/** The users of a file, or none when it does not exist; without their password hashes. */
export function listUsers(path: string): UserEntry[] {
  return readOrNone(path).map(({ passwordHash: _, ...entry }) => entry);
}

/**
 * Adds a user; file and folder are made when they do not exist. `role` undefined: the user follows
 * `security.authorization.default_role`. A running node sees the change within a second.
 * Errors: USAGE for a name that cannot be; USER_EXISTS; PASSWORD_REFUSED for a password against the rules; LOCKED;
 * FILE_UNREADABLE; CONFIG_INVALID when the file holds anything else.
 */
export async function addUser(
  path: string,
  user: { name: string; password: string; role?: Role; now: Date },
): Promise<UserEntry> {
  const { name, password, role, now } = user;
  const problem = userNameProblem(name);
  if (problem) throw new ProvChainError('USAGE', problem);
  const weakness = passwordProblem(password, name);
  if (weakness) throw new ProvChainError('PASSWORD_REFUSED', weakness);
  // Before the lock, because it takes its time.
  const passwordHash = await hashPassword(password);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const entry: UserEntry = { name, ...(role === undefined ? {} : { role }), createdAt: now.toISOString() };
  await withFileLock(path, async () => {
    const users = readOrNone(path);
    if (users.some((one) => one.name === name)) {
      throw new ProvChainError('USER_EXISTS', `there is a user ${name} already`, { place: { source: path } });
    }
    await replacePrivateFile(path, formatUsers([...users, { ...entry, passwordHash }]));
  });
  return entry;
}

/** Removes a user, whose tokens end within a second. Errors: NOT_FOUND, and those of {@link addUser}. */
export async function removeUser(path: string, name: string): Promise<UserEntry> {
  return withFileLock(path, async () => {
    const { users } = readUserFile(path);
    const user = users.find((one) => one.name === name);
    if (!user) {
      throw new ProvChainError('NOT_FOUND', `there is no user ${name}`, { place: { source: path } });
    }
    await replacePrivateFile(path, formatUsers(users.filter((one) => one !== user)));
    const { passwordHash: _, ...entry } = user;
    return entry;
  });
}

function readOrNone(path: string): readonly UserRecord[] {
  try {
    return readUserFile(path).users;
  } catch (cause) {
    const missing = ((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    if (missing) return [];
    throw cause;
  }
}
