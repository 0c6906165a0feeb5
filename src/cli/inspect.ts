import type { Command } from 'commander';
import { EXIT, ProvChainError } from '../errors.js';
import { differLines, type LineChange } from '../rdf/index.js';
import { exitCodeOf, type Report } from '../validation/index.js';
import { printBlock } from './block-report.js';
import { describeCommand } from './help.js';
import { parseIndex } from './options.js';
import { readStoredBlock, textOf, viewHeader, viewPayload } from './stored-block.js';
import { createTerminal } from './terminal.js';
import { runValidation } from './validate.js';

const SHOWN_QUADS = 100;

interface InspectFlags {
  readonly against?: string;
  readonly quads: number;
  readonly json?: boolean;
}

export function registerInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('show one block: header, quads, and what each check says of it')
    .argument('<dir>', 'the chain directory')
    .argument('<index>', 'number of the block, from 0', parseIndex)
    .option('-a, --against <dir>', 'another copy of the chain: show which lines of the payload differ')
    .option('-q, --quads <n>', 'quads to show', parseIndex, SHOWN_QUADS)
    .action(inspect);
  describeCommand(command, {
    examples: [
      ['inspect ./chain 4711', 'one block, damaged or not'],
      ['inspect ./chain 4711 --against /mnt/replica', 'what this copy has and the other has not'],
      ['inspect ./chain 0 --json', 'the genesis block for programs'],
    ],
    exits: [EXIT.inputRefused, EXIT.warning, EXIT.tampered, EXIT.incomplete],
  });
}

async function inspect(directory: string, index: number, flags: InspectFlags): Promise<void> {
  const terminal = createTerminal(flags);
  // In a process of its own, and first: if the store is damaged so that reading ends the process, it ends that one.
  const report = await validateBlock(directory, index);
  const { format, header, payload } = await readStoredBlock(directory, index);
  const view = { header: viewHeader(header, format), payload: viewPayload(payload) };
  const comparison = flags.against === undefined ? undefined : await compare(directory, flags.against, index);
  printBlock(
    terminal,
    { directory, index, ...view, report, against: flags.against, comparison },
    flags.quads,
  );
  terminal.document({ directory, block: index, ...view, against: flags.against, comparison, report });
  process.exitCode = exitCodeOf(report.status);
}

/** Every check of level Full on this one block. Errors: OUT_OF_RANGE and what keeps the store from being opened. */
async function validateBlock(directory: string, index: number): Promise<Report> {
  try {
    return await runValidation(
      directory,
      { level: 'Full', from: index, to: index + 1, workers: 1 },
      'inspect',
    );
  } catch (thrown) {
    const error = ProvChainError.from(thrown);
    if (error.code !== 'OUT_OF_RANGE') throw thrown;
    const message = `there is no block ${index}: ${error.message}`;
    throw new ProvChainError(error.code, message, { cause: thrown, place: { source: directory } });
  }
}

/** Lines that the payload here has and the other has not (removed), and the other way round (added). */
async function compare(directory: string, against: string, index: number): Promise<LineChange[]> {
  const [here, there] = [await readStoredBlock(directory, index), await readStoredBlock(against, index)];
  const text = ({ payload }: typeof here) => (payload.state === 'present' ? textOf(payload.bytes) : '');
  return differLines(text(here), text(there));
}
