import type { Command } from 'commander';
import { EXIT } from '../errors.js';
import type { Diagnosis } from './diagnosis.js';
import { checkChainFiles, checkDisk } from './doctor-disk.js';
import { checkMachine } from './doctor-machine.js';
import { checkModules } from './doctor-modules.js';
import { describeCommand } from './help.js';
import { formatTable } from './table.js';
import { createTerminal, printable, type Terminal } from './terminal.js';

export function registerDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('check that this machine can validate: native modules, threads, disk, cores, limits')
    .argument(
      '[dir]',
      'the chain directory, or any directory on the disk to measure (default: the temporary one)',
    )
    .action(async (directory: string | undefined, options: { json?: boolean }) => {
      const terminal = createTerminal(options);
      const diagnoses = await diagnose(directory);
      print(terminal, diagnoses);
      process.exitCode = exitCodeFor(diagnoses);
    });
  describeCommand(command, {
    examples: [
      ['doctor', 'look at this machine'],
      ['doctor /var/lib/provchain', 'also at the disk and the files of a chain'],
    ],
    exits: [EXIT.inputRefused, EXIT.warning, EXIT.incomplete],
    meanings: {
      [EXIT.healthy]: 'all is well',
      [EXIT.warning]: 'works, with something to look at',
      [EXIT.incomplete]: 'chains cannot be validated on this machine',
    },
  });
}

async function diagnose(directory: string | undefined): Promise<Diagnosis[]> {
  return [
    ...checkMachine(),
    ...(await checkModules()),
    ...(await checkDisk(directory)),
    ...(directory === undefined ? [] : await checkChainFiles(directory)),
  ];
}

function exitCodeFor(diagnoses: readonly Diagnosis[]): number {
  if (diagnoses.some(({ state }) => state === 'fail')) return EXIT.incomplete;
  return diagnoses.some(({ state }) => state === 'warn') ? EXIT.warning : EXIT.healthy;
}

function print(terminal: Terminal, diagnoses: readonly Diagnosis[]): void {
  const { green, yellow, red, dim } = terminal.out;
  const marks = { ok: green('ok'), warn: yellow('warn'), fail: red('FAIL') };
  terminal.print(
    formatTable(
      terminal,
      [],
      diagnoses.map(({ name, state, value }) => [marks[state], name, printable(value)]),
    ),
  );
  for (const { name, state, action } of diagnoses) {
    if (action) terminal.print(`\n${marks[state]} ${name}: ${action}`);
  }
  if (exitCodeFor(diagnoses) === EXIT.healthy) terminal.print(dim('\nThis machine can validate chains.'));
  const count = (wanted: Diagnosis['state']) => diagnoses.filter(({ state }) => state === wanted).length;
  terminal.document({ ok: count('ok'), warn: count('warn'), fail: count('fail'), diagnoses });
}
