import { type Command, Option } from 'commander';
import { ALERT_RULES, ALERT_SEVERITIES, CHANNELS } from '../alerts/index.js';
import { EXIT, ProvChainError } from '../errors.js';
import { printAlerts, printChannelTests, printSilence } from './alert-list.js';
import { describeCommand, describeGroup } from './help.js';
import { parseCount } from './options.js';
import { addRemoteOptions, connect, type RemoteFlags } from './remote.js';
import { createTerminal, printable } from './terminal.js';

interface ListFlags extends RemoteFlags {
  readonly state?: string;
  readonly limit?: number;
}

interface AckFlags extends RemoteFlags {
  readonly comment?: string;
}

interface SilenceFlags extends RemoteFlags {
  readonly rule?: string;
  readonly severity?: string;
  readonly replica?: string;
  readonly fingerprint?: string;
  readonly minutes?: number;
  readonly reason?: string;
  readonly end?: string;
}

const EXITS = [EXIT.incomplete, EXIT.inputRefused];
const MEANINGS = {
  [EXIT.incomplete]: 'the server does not answer or takes no more for now',
  [EXIT.inputRefused]: 'refused: no such alert, silence or channel, no valid token, or not allowed',
};

export function registerAlerts(program: Command): void {
  const group = program.command('alerts').description('alerts of a node or a fleet, over its REST interface');
  registerList(group);
  registerAck(group);
  registerSilence(group);
  registerTest(group);
  describeGroup(group, {
    examples: [
      ['alerts list', 'what is open, and how the channels fare'],
      ['alerts ack ALERT --comment "looking at it"', 'no reminders and no escalation from then on'],
      ['alerts test', 'a message over every channel that is enabled'],
    ],
    exits: EXITS,
    meanings: MEANINGS,
  });
}

function registerList(group: Command): void {
  const state = new Option('--state <state>', 'which ones (default: open, acknowledged ones among them)');
  const command = addRemoteOptions(
    group
      .command('list')
      .description('list alerts, silences and channels')
      .addOption(state.choices(['open', 'resolved', 'all']))
      .option('-n, --limit <n>', 'at most so many alerts (default: 50)', parseCount),
  ).action(listAlerts);
  describeCommand(command, {
    examples: [
      ['alerts list', 'what is open'],
      ['alerts list --state all --json', 'everything that is kept, for programs'],
    ],
    exits: EXITS,
    meanings: MEANINGS,
  });
}

function registerAck(group: Command): void {
  const command = addRemoteOptions(
    group
      .command('ack')
      .description('say that you deal with an alert; it stays open until it is well')
      .argument('<alert>', 'id of the alert')
      .option('--comment <text>', 'what the others should know'),
  ).action(acknowledge);
  describeCommand(command, {
    examples: [['alerts ack 3f2a9c01d4e5b6a7c8d9 --comment "restoring from node 2"', 'and why']],
    exits: EXITS,
    meanings: MEANINGS,
  });
}

function registerSilence(group: Command): void {
  const command = addRemoteOptions(
    group
      .command('silence')
      .description('send no messages for some alerts for a while; they are shown all the same')
      .addOption(new Option('--rule <rule>', 'of this rule').choices(ALERT_RULES))
      .addOption(new Option('--severity <severity>', 'of this severity').choices(ALERT_SEVERITIES))
      .option('--replica <replica>', 'about this replica')
      .option('--fingerprint <fingerprint>', 'this one')
      .option('--minutes <n>', 'how long (default: 60)', parseCount)
      .option('--reason <text>', 'why; needed')
      .addOption(
        new Option('--end <silence>', 'end a silence before its time instead').conflicts([
          ...['rule', 'severity', 'replica', 'fingerprint', 'minutes', 'reason'],
        ]),
      ),
  ).action(silence);
  describeCommand(command, {
    examples: [
      ['alerts silence --rule disk-space --minutes 120 --reason "volume is being enlarged"', 'for two hours'],
      ['alerts silence --end 4c1f0f6e-7a63-4d3e-9a57-0f2f6f1f9c11', 'its id is in "alerts list"'],
    ],
    exits: EXITS,
    meanings: MEANINGS,
  });
}

function registerTest(group: Command): void {
  const channel = group
    .command('test')
    .description('send a message that says that it is a test')
    .argument('[channel]', `${CHANNELS.join(', ')} (default: all that are enabled)`, parseChannel);
  const command = addRemoteOptions(channel).action(test);
  describeCommand(command, {
    examples: [
      ['alerts test', 'over every channel'],
      ['alerts test slack', 'over one'],
    ],
    exits: EXITS,
    meanings: {
      ...MEANINGS,
      [EXIT.incomplete]: 'a channel did not take it, none is enabled, or the server does not answer',
    },
  });
}

function parseChannel(text: string): string {
  if ((CHANNELS as readonly string[]).includes(text)) return text;
  throw new ProvChainError('USAGE', `"${printable(text)}" is no channel; there are ${CHANNELS.join(', ')}`);
}

async function listAlerts({ state, limit, ...flags }: ListFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const { client } = await connect(terminal, flags);
  const listed = await client.alerts.list({ state, limit });
  printAlerts(terminal, listed, state ?? 'open');
  terminal.document(listed);
}

async function acknowledge(id: string, { comment, ...flags }: AckFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const { client } = await connect(terminal, flags);
  const alert = await client.alerts.acknowledge(id, comment);
  const done = alert.state === 'resolved' ? 'It is resolved already.' : 'Acknowledged.';
  terminal.print(`${done} ${printable(alert.title)}`);
  terminal.document(alert);
}

async function silence(flags: SilenceFlags): Promise<void> {
  const { rule, severity, replica, fingerprint, minutes = 60, reason, end } = flags;
  const terminal = createTerminal(flags);
  const chosen = { rule, severity, replica, fingerprint };
  const match = Object.fromEntries(
    Object.entries(chosen).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  if (end === undefined && Object.keys(match).length === 0) {
    throw new ProvChainError('USAGE', 'say what to silence: --rule, --severity, --replica or --fingerprint');
  }
  if (end === undefined && reason === undefined) throw new ProvChainError('USAGE', 'say why: --reason');
  const { client } = await connect(terminal, flags);
  if (end !== undefined) {
    await client.alerts.endSilence(end);
    terminal.print('The silence has ended.');
    terminal.document({ ended: end });
    return;
  }
  const made = await client.alerts.silence({ match, minutes, reason: reason ?? '' });
  printSilence(terminal, made);
  terminal.document(made);
}

async function test(channel: string | undefined, flags: RemoteFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const { client } = await connect(terminal, flags);
  const outcome = await client.alerts.test(channel);
  printChannelTests(terminal, outcome);
  terminal.document(outcome);
  const works = outcome.results.length > 0 && outcome.results.every(({ ok }) => ok);
  if (!works) process.exitCode = EXIT.incomplete;
}
