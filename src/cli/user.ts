import { type Command, Option } from 'commander';
import type { Role, UserEntry } from '../auth/index.js';
import { EXIT } from '../errors.js';
import { describeCommand, describeGroup } from './help.js';
import { readNewPassword } from './password.js';
import { formatTable } from './table.js';
import { createTerminal, printable } from './terminal.js';

interface UserFlags {
  readonly usersFile?: string;
  readonly config?: string;
  readonly role?: Role;
  readonly json?: boolean;
}

const EXITS = [EXIT.inputRefused, EXIT.locked];
const MEANINGS = {
  [EXIT.inputRefused]: 'refused: the name, the password or the file',
  [EXIT.locked]: 'locked: another process is changing the file',
};
const PIPED = 'user add robot --users-file /etc/provchain/users.json < password.txt';

export function registerUser(program: Command): void {
  const group = program.command('user').description('the users of a node: who may log in, and as what');
  registerAdd(group);
  registerList(group);
  registerRemove(group);
  describeGroup(group, {
    examples: [
      ['user add alice --role operator', 'asks for the password'],
      ['user list', 'names and roles'],
      ['user remove alice', 'her tokens end within a second'],
    ],
    exits: EXITS,
    meanings: MEANINGS,
  });
}

function registerAdd(group: Command): void {
  const role = new Option(
    '-r, --role <role>',
    'what they may do (default: security.authorization.default_role)',
  );
  const command = withFile(group.command('add'))
    .description('add a user; the password is asked for, or read from standard input')
    .argument('<name>', 'lower case letters, digits and . _ + @ -')
    .addOption(role.choices(['viewer', 'operator', 'admin'] satisfies Role[]))
    .action(add);
  describeCommand(command, {
    examples: [
      ['user add alice --role operator', 'into the file that the default settings name'],
      ['user add bob@example.com --config /etc/provchain/config.toml', 'into the one that this node uses'],
      [PIPED, 'without a terminal'],
    ],
    exits: EXITS,
    meanings: MEANINGS,
  }).addHelpText(
    'after',
    '\nA viewer reads, an operator also submits jobs and appends blocks, an admin also changes settings. A password has' +
      '\nat least 12 characters, is not the name and none of those that are tried first. It is never an argument, and is' +
      '\nstored as Argon2id. A running node knows the user within a second. Nodes of a fleet need the same users file.',
  );
}

function registerList(group: Command): void {
  const command = withFile(group.command('list')).description('list the users and their roles').action(list);
  describeCommand(command, {
    examples: [['user list --config /etc/provchain/config.toml', 'the users of this node']],
    exits: [EXIT.inputRefused],
    meanings: MEANINGS,
  });
}

function registerRemove(group: Command): void {
  const command = withFile(group.command('remove'))
    .description('remove a user; their tokens end within a second')
    .argument('<name>', 'the user')
    .action(remove);
  describeCommand(command, {
    examples: [['user remove alice', 'from the file that the default settings name']],
    exits: EXITS,
    meanings: MEANINGS,
  });
}

function withFile(command: Command): Command {
  const file = new Option('-u, --users-file <file>', 'the users file').conflicts('config');
  return command
    .addOption(file)
    .option(
      '-c, --config <file>',
      'settings that name it (default: none, only defaults and the environment)',
    );
}

async function add(name: string, flags: UserFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const { addUser } = await import('../auth/index.js');
  const { file, defaultRole } = await usersFile(flags);
  const password = await readNewPassword();
  const entry = await addUser(file, { name, password, role: flags.role, now: new Date() });
  const { green, bold } = terminal.out;
  const role = entry.role ?? defaultRole;
  terminal.print(`${green('Added')} ${bold(entry.name)} as ${role} to ${printable(file)}.`);
  terminal.print('A running node knows within a second.');
  terminal.document({ file, ...shown(entry) });
}

async function list(flags: UserFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const { listUsers } = await import('../auth/index.js');
  const { file, defaultRole, adminUsers } = await usersFile(flags);
  const users = listUsers(file);
  const roleOf = ({ name, role }: UserEntry) => {
    if (adminUsers.includes(name)) return 'admin (by admin_users)';
    return role ?? defaultRole;
  };
  const rows = users.map((user) => [user.name, roleOf(user), printable(user.createdAt)]);
  const empty = `There are no users in ${printable(file)}.`;
  terminal.print(rows.length === 0 ? empty : formatTable(terminal, ['name', 'role', 'added'], rows));
  terminal.document({ file, users: users.map(shown) });
}

async function remove(name: string, flags: UserFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const { removeUser } = await import('../auth/index.js');
  const { file } = await usersFile(flags);
  const entry = await removeUser(file, name);
  terminal.print(
    `Removed ${terminal.out.bold(entry.name)} from ${printable(file)}. Tokens end within a second.`,
  );
  terminal.document({ file, ...shown(entry) });
}

/** `role` is null for a user who follows the default role. */
function shown({ name, role, createdAt }: UserEntry) {
  return { name, role: role ?? null, createdAt };
}

/** The file, and what the settings say of roles as far as they were asked. */
async function usersFile(flags: UserFlags) {
  if (flags.usersFile !== undefined) {
    return { file: flags.usersFile, defaultRole: 'the default role', adminUsers: [] as string[] };
  }
  const { loadSettings } = await import('../settings/index.js');
  const { authentication, authorization } = loadSettings({ file: flags.config, env: process.env }).security;
  return {
    file: authentication.users_file,
    defaultRole: `${authorization.default_role} (the default role)`,
    adminUsers: authorization.admin_users.map((name) => name.toLowerCase()),
  };
}
