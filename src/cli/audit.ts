import { type Command, InvalidArgumentError } from 'commander';
import type { AuditVerdict } from '../audit/index.js';
import { EXIT } from '../errors.js';
import { formatAmount, formatCount } from './format.js';
import { describeCommand, describeGroup } from './help.js';
import { createTerminal, formatPlace, printable, type Terminal } from './terminal.js';

interface VerifyFlags {
  readonly archived?: boolean;
  readonly contains?: string;
  readonly json?: boolean;
}

const EXITS = [EXIT.tampered, EXIT.inputRefused];
const MEANINGS = {
  [EXIT.healthy]: 'the log is intact',
  [EXIT.tampered]: 'the log was altered',
  [EXIT.inputRefused]: 'input refused: there is no such log',
};

export function registerAudit(program: Command): void {
  const group = program.command('audit').description('the audit log of a node');
  const example = ['audit verify /var/log/provchain/audit.log', 'the log and its older files'] as const;
  registerVerify(group, example);
  describeGroup(group, { examples: [example], exits: EXITS, meanings: MEANINGS });
}

function registerVerify(group: Command, example: readonly [string, string]): void {
  const command = group
    .command('verify')
    .description('check that no line of an audit log was altered, removed or moved')
    .argument('<file>', 'the newest file; the older ones and the head file are found beside it')
    .option('--archived', 'the oldest files were moved away: the log may begin in the middle')
    .option('--contains <hash>', 'hash of a line that is known from elsewhere: it has to be there', parseHash)
    .action(verify);
  describeCommand(command, {
    examples: [
      example,
      ['audit verify audit.log --archived --json', 'what is left after archiving, for programs'],
    ],
    exits: EXITS,
    meanings: MEANINGS,
  }).addHelpText(
    'after',
    '\nFinds any changed byte of any line, removed, repeated and swapped lines, missing files and an end that was cut' +
      '\noff. The chain has no secret: whoever may write to the folder could write the log anew from some line on, with' +
      '\nall hashes and the head file, or add lines at its end. To find that, keep hashes elsewhere (ship the log, or' +
      '\nnote the last hash) and give one with --contains. What was never recorded, nothing shows.',
  );
}

function parseHash(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('It must be 64 hex digits.');
}

async function verify(file: string, flags: VerifyFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const { verifyAudit } = await import('../audit/index.js');
  const verdict = await verifyAudit(file, { archived: flags.archived, contains: flags.contains });
  print(terminal, verdict);
  terminal.document(verdict);
  process.exitCode = verdict.intact ? EXIT.healthy : EXIT.tampered;
}

function print(terminal: Terminal, verdict: AuditVerdict): void {
  const { green, red, bold, dim } = terminal.out;
  for (const { message, source, line } of verdict.problems) {
    terminal.print(
      `${red('AUDIT_BROKEN')} ${bold(printable(formatPlace({ source, line })))}: ${printable(message)}`,
    );
  }
  const unlisted = verdict.problemCount - verdict.problems.length;
  if (unlisted > 0) terminal.print(`… and ${formatAmount(unlisted, 'more problem')}`);
  for (const { action, time, source, line } of verdict.incidents) {
    terminal.print(`${dim('note')} ${formatPlace({ source, line })}: ${action} at ${printable(time)}`);
  }
  if (verdict.unfinishedBytes > 0) {
    terminal.print(
      `${dim('note')} the last line is being written, or the process died there; it counts for nothing`,
    );
  }
  const range =
    verdict.firstSeq === null
      ? ''
      : `, ${formatCount(verdict.firstSeq)} to ${formatCount(verdict.last?.seq ?? 0)}`;
  const amount = `${formatAmount(verdict.lines, 'line')} in ${formatAmount(verdict.files.length, 'file')}${range}`;
  terminal.print(`${verdict.intact ? green('intact') : red('altered')}: ${amount}`);
  if (verdict.last) terminal.print(dim(`last hash ${verdict.last.hash}`));
}
