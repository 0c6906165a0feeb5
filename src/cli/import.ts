import { type Command, Option } from 'commander';
import { EXIT } from '../errors.js';
import { readDocument } from './documents.js';
import { formatAmount, formatCount } from './format.js';
import { describeCommand } from './help.js';
import { shellWord } from './shell-word.js';
import { formatTable } from './table.js';
import { createTerminal } from './terminal.js';

export function registerImport(program: Command): void {
  const command = program
    .command('import')
    .description("make a chain from a dump of this program's predecessor")
    .argument('<dir>', 'the chain directory to make')
    .argument('<file>', 'the dump, N-Quads; "-" is standard input')
    .addOption(new Option('--from <format>', 'who wrote it').choices(['provchain-org']).makeOptionMandatory())
    .action(importDump);
  describeCommand(command, {
    examples: [['import ./old node1.nq --from provchain-org', 'take over a store of a provchain-org node']],
    exits: [EXIT.inputRefused, EXIT.incomplete],
    meanings: { [EXIT.incomplete]: 'the directory could not be written' },
  }).addHelpText(
    'after',
    '\nA height that several runs of the predecessor wrote is ambiguous: all its values are kept and none is chosen.' +
      '\nThe import is sealed by a signature of this program, so that later changes are found; it takes no blocks.',
  );
}

async function importDump(directory: string, file: string, flags: { json?: boolean }): Promise<void> {
  const terminal = createTerminal(flags);
  const { importLegacyDump } = await import('../ledger/index.js');
  const { name, bytes } = await readDocument(file, 'n-quads');
  const summary = await importLegacyDump(directory, bytes, { source: name });
  const { heights, unambiguous, hashReproduced, linksHeld, linksChecked, ambiguous } = summary;
  terminal.print(`Imported ${formatAmount(heights, 'height')} from ${name} into ${directory}.\n`);
  terminal.print(
    formatTable(
      terminal,
      [],
      [
        [formatCount(unambiguous), 'written by one run'],
        [formatCount(ambiguous), 'ambiguous: several runs wrote them'],
        [`${formatCount(hashReproduced)} of ${formatCount(unambiguous)}`, 'hashes reproduced from the data'],
        [`${formatCount(linksHeld)} of ${formatCount(linksChecked)}`, 'links hold'],
      ],
      ['right', 'left'],
    ),
  );
  terminal.print(`\nNext: provchain validate ${shellWord(directory)}`);
  terminal.document({ heights, unambiguous, hashReproduced, linksHeld, linksChecked, ambiguous });
}
