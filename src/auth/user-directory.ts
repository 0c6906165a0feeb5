import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import { stampOfFile } from './private-file.js';
import type { Role } from './roles.js';
import { readUserFile } from './user-file.js';
import { userEpoch } from './user-records.js';

/** A user with the role that is in force now. */
export interface User {
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
  /** Tokens of another epoch are void. */
  readonly epoch: string;
}

export interface UserDirectoryOptions {
  readonly file: string;
  /** Role of users whose entry names none. */
  readonly defaultRole: Role;
  /** Names that are admin whatever their entry says; a name without an entry is nobody. */
  readonly adminUsers: readonly string[];
  readonly log: Log;
  /** Whether the file changed is looked up at most this often. */
  readonly checkEveryMs?: number;
}

/**
 * The users of the file, in memory. States: usable (of one stamp of the file) and unusable (the file went away, was
 * made readable for others, or holds something else). While unusable nobody is let in: to go on with the old users
 * would keep somebody in whom the operator has just removed. Every look-up checks the stamp, at most every second.
 */
export class UserDirectory {
  readonly #options: UserDirectoryOptions;
  #users: ReadonlyMap<string, User> = new Map();
  #stamp: string | undefined;
  #failure: ProvChainError | undefined;
  #checkedAtMs = Number.NEGATIVE_INFINITY;

  /** Errors: FILE_UNREADABLE, CONFIG_INVALID; STORE_UNAVAILABLE is for later look-ups only. */
  constructor(options: UserDirectoryOptions) {
    this.#options = options;
    this.#checkedAtMs = performance.now();
    this.#refresh();
    if (this.#failure) throw this.#failure;
  }

  /** Errors: STORE_UNAVAILABLE while the file cannot be used. */
  find(name: string): User | undefined {
    this.requireUsable();
    return this.#users.get(name);
  }

  /** Errors: STORE_UNAVAILABLE. */
  requireUsable(): void {
    const nowMs = performance.now();
    if (nowMs - this.#checkedAtMs >= (this.#options.checkEveryMs ?? 1000)) {
      this.#checkedAtMs = nowMs;
      this.#refresh();
    }
    if (this.#failure) {
      throw new ProvChainError('STORE_UNAVAILABLE', 'the users file cannot be used now', {
        cause: this.#failure,
        retryAfterMs: 1000,
      });
    }
  }

  get size(): number {
    return this.#users.size;
  }

  #refresh(): void {
    const { file, log } = this.#options;
    try {
      if (this.#stamp !== undefined && stampOfFile(file) === this.#stamp) return;
      const { users, stamp } = readUserFile(file);
      const before = this.#users;
      this.#users = new Map(users.map((record) => [record.name, this.#userOf(record)]));
      if (this.#stamp !== undefined || this.#failure)
        log.info('users read again', changes(before, this.#users));
      this.#stamp = stamp;
      this.#failure = undefined;
    } catch (thrown) {
      const failure = ProvChainError.from(thrown);
      if (this.#failure?.message !== failure.message) {
        log.error('users file unusable, nobody is let in', { file, error: failure.message });
      }
      this.#failure = failure;
      this.#stamp = undefined;
    }
  }

  #userOf(record: ReturnType<typeof readUserFile>['users'][number]): User {
    const isAdmin = this.#options.adminUsers.some((name) => name.toLowerCase() === record.name);
    const role = isAdmin ? 'admin' : (record.role ?? this.#options.defaultRole);
    return { name: record.name, role, passwordHash: record.passwordHash, epoch: userEpoch(record, role) };
  }
}

function changes(before: ReadonlyMap<string, User>, after: ReadonlyMap<string, User>) {
  const names = (from: ReadonlyMap<string, User>, missingIn: ReadonlyMap<string, User>) =>
    [...from.keys()].filter((name) => !missingIn.has(name));
  const changed = [...after.values()].filter(({ name, epoch }) => {
    const old = before.get(name);
    return old !== undefined && old.epoch !== epoch;
  });
  return {
    users: after.size,
    added: names(after, before),
    removed: names(before, after),
    changed: changed.map(({ name }) => name),
  };
}
