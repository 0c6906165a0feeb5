import { join } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../errors.js';
import { describeCommand } from './help.js';
import { shellWord } from './shell-word.js';
import { formatTable } from './table.js';
import { createTerminal } from './terminal.js';

export function registerInit(program: Command): void {
  const command = program
    .command('init')
    .description('make a chain directory with a producer key (mode 0600) and the genesis block')
    .argument('<dir>', 'the directory; made if it does not exist')
    .option('--id <id>', 'the chain id (default: a random UUID)')
    .action(initialize);
  describeCommand(command, {
    examples: [
      ['init ./chain', 'a chain with a random id'],
      ['init ./chain --id pharma-eu-1', 'a chain with an id that people know'],
    ],
    exits: [EXIT.inputRefused, EXIT.incomplete],
    meanings: { [EXIT.incomplete]: 'the directory could not be written' },
  });
}

async function initialize(directory: string, options: { id?: string; json?: boolean }): Promise<void> {
  const terminal = createTerminal(options);
  const { createChain } = await import('../ledger/index.js');
  const { chainId, replicaId, producer, genesisHash, height } = await createChain(directory, {
    chainId: options.id,
  });
  const { bold, dim } = terminal.out;
  terminal.print(`Made a chain in ${bold(directory)}.\n`);
  terminal.print(
    formatTable(
      terminal,
      [],
      [
        [dim('chain'), chainId],
        [dim('replica'), replicaId],
        [dim('producer'), producer],
        [dim('genesis'), genesisHash],
      ],
    ),
  );
  terminal.print(
    `\nThe producer key is in ${join(directory, 'keys')}: whoever reads it can sign blocks. Keep a copy of it`,
  );
  terminal.print(
    `and of chain.json away from this machine.\n\nNext: provchain append ${shellWord(directory)} FILE`,
  );
  terminal.document({ directory, chainId, replicaId, producer, genesisHash, height });
}
