import type { Command } from 'commander';
import { EXIT } from '../errors.js';
import type { SettingsProblem } from '../settings/index.js';
import { formatAmount } from './format.js';
import { describeCommand, describeGroup } from './help.js';
import { createTerminal, formatPlace, printable, type Terminal } from './terminal.js';

interface ConfigFlags {
  readonly config?: string;
  readonly json?: boolean;
}

export function registerConfig(program: Command): void {
  const command = program.command('config').description('check or print the settings of a node');
  const check = command
    .command('check')
    .description('name everything that is wrong with a settings file, and what has no effect')
    .argument('<file>', 'the settings, TOML')
    .action(checkFile);
  const print = command
    .command('print')
    .description('print the settings in force as TOML, with every default and without secrets')
    .option('-c, --config <file>', 'the settings, TOML (default: none, only defaults and the environment)')
    .action(printSettings);
  const valid = { [EXIT.healthy]: 'done; the settings are valid' };
  const checking: Example = [
    'config check /etc/provchain/config.toml',
    'every problem with file, line and column',
  ];
  const printing: Example = [
    'config print --config config/staging.toml',
    'what a node with this file works with',
  ];
  const exits = [EXIT.inputRefused];
  describeGroup(command, { examples: [checking, printing], exits, meanings: valid });
  describeCommand(check, { examples: [checking], exits, meanings: valid });
  describeCommand(print, {
    examples: [printing, ['config print', 'the defaults'], ['config print --json', 'the same for programs']],
    exits,
    meanings: valid,
  });
}

type Example = readonly [command: string, purpose: string];

async function checkFile(file: string, flags: ConfigFlags): Promise<void> {
  const { readSettings } = await import('../settings/index.js');
  const terminal = createTerminal(flags);
  const { settings, problems, warnings } = readSettings({ file, env: process.env });
  const { red, yellow, green } = terminal.out;
  printAll(terminal, red('error'), problems);
  printAll(terminal, yellow('warning'), warnings);
  const counts = `${formatAmount(problems.length, 'error')}, ${formatAmount(warnings.length, 'warning')}`;
  terminal.print(settings ? `${green('valid')}: ${printable(file)} (${counts})` : counts);
  terminal.document({ file, valid: settings !== undefined, problems, warnings });
  process.exitCode = settings ? EXIT.healthy : EXIT.inputRefused;
}

function printAll(terminal: Terminal, kind: string, problems: readonly SettingsProblem[]): void {
  for (const { place, message } of problems) {
    const where = formatPlace(place);
    const prefix = where === '' ? '' : `${terminal.out.bold(printable(where))}: `;
    terminal.print(`${prefix}${kind}: ${printable(message)}`);
  }
}

async function printSettings(flags: ConfigFlags): Promise<void> {
  const { stringify } = await import('smol-toml');
  const { loadSettings, redactSettings } = await import('../settings/index.js');
  const terminal = createTerminal(flags);
  const settings = redactSettings(loadSettings({ file: flags.config, env: process.env }));
  // A table with nothing in it but other tables needs no line of its own.
  terminal.print(
    stringify(settings)
      .replace(/^\[[^\]]+\]\n(?=\[)/gm, '')
      .trimEnd(),
  );
  terminal.document(settings);
}
