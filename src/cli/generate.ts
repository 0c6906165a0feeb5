import { readdir } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { EXIT } from '../errors.js';
import { WORKLOAD_PROFILES, type WorkloadProfile, workloadDocument } from '../rdf/index.js';
import { formatAmount, formatCount, formatMegabytes, formatSeconds } from './format.js';
import { describeCommand } from './help.js';
import { onInterrupt } from './interrupt.js';
import { parseCount, parseIndex } from './options.js';
import { startProgress } from './progress.js';
import { shellWord } from './shell-word.js';
import { createTerminal } from './terminal.js';

const PROFILES = Object.keys(WORKLOAD_PROFILES);

export interface Workload {
  readonly blocks: number;
  readonly profile: WorkloadProfile;
  readonly quads: number;
  readonly seed: number;
}

interface GenerateFlags extends Workload {
  readonly json?: boolean;
}

export function registerGenerate(program: Command): void {
  const command = program
    .command('generate')
    .description('append seeded documents to a chain, which is made if it does not exist')
    .argument('<dir>', 'the chain directory')
    .requiredOption('-n, --blocks <n>', 'blocks to append', parseCount)
    .addOption(
      new Option('-p, --profile <name>', 'shape of the documents').choices(PROFILES).default('trace'),
    )
    .option('-q, --quads <n>', 'quads of each document', parseCount, 64)
    .option('-s, --seed <n>', 'number that decides what the documents say', parseIndex, 1)
    .action(generate);
  describeCommand(command, {
    examples: [
      ['generate ./chain --blocks 1000', '1,000 blocks of 64 quads about batches of goods'],
      ['generate ./chain -n 100 -p tangle', 'documents whose blank nodes are hard to tell apart'],
    ],
    exits: [EXIT.inputRefused, EXIT.tampered, EXIT.incomplete, EXIT.locked],
    meanings: {
      [EXIT.tampered]: 'the chain is damaged, nothing was appended',
      [EXIT.incomplete]: 'stopped before the end; the blocks that were appended stay',
    },
  }).addHelpText(
    'after',
    '\nBlock 0 is the genesis block; block b holds document b − 1 of its profile and seed, so that the same' +
      '\noptions make the same payloads, at once or in several runs. Keys, times and hashes differ.',
  );
}

async function generate(directory: string, flags: GenerateFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const interrupt = onInterrupt(() => terminal.note('Stopping after the blocks under way…'));
  try {
    const made = await appendWorkload(directory, flags, interrupt.signal);
    const { blocks, bytes, durationMs, height } = made;
    const size = `${formatMegabytes(bytes)} of documents`;
    const rate = `${formatCount((blocks / durationMs) * 1000)} blocks/s`;
    terminal.print(
      `Appended ${formatAmount(blocks, 'block')} (${size}) in ${formatSeconds(durationMs)}, ${rate}; ` +
        `the chain now has ${formatAmount(height, 'block')}.`,
    );
    terminal.print(`\nNext: provchain validate ${shellWord(directory)} --level Full`);
    terminal.document({ directory, ...made });
    if (blocks < flags.blocks) process.exitCode = EXIT.incomplete;
  } finally {
    interrupt.dispose();
  }
}

export interface Appended {
  /** Blocks that are durable. */
  readonly blocks: number;
  /** Length of their documents as generated. */
  readonly bytes: number;
  readonly durationMs: number;
  readonly height: number;
  readonly headHash: string;
}

/** Appends documents in large groups, in a chain that is made first where the directory is missing or empty. */
export async function appendWorkload(
  directory: string,
  { blocks, profile, quads, seed }: Workload,
  signal: AbortSignal,
): Promise<Appended> {
  const { createChain, openWriter } = await import('../ledger/index.js');
  if (await isMissingOrEmpty(directory)) await createChain(directory);
  const started = performance.now();
  const ledger = await openWriter(directory);
  const progress = startProgress('generate', blocks);
  const first = ledger.head.index + 1;
  let done = 0;
  let bytes = 0;
  function* documents(): Generator<Uint8Array> {
    for (let i = 0; i < blocks && !signal.aborted; i++) {
      const document = Buffer.from(workloadDocument(profile, first + i - 1, { quads, seed }));
      bytes += document.length;
      yield document;
    }
  }
  try {
    await ledger.appendAll(documents(), () => progress.update(++done, bytes));
    const { index, hash } = ledger.head;
    const durationMs = Math.round(performance.now() - started);
    return { blocks: done, bytes, durationMs, height: index + 1, headHash: hash };
  } finally {
    progress.stop();
    await ledger.close();
  }
}

async function isMissingOrEmpty(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length === 0;
  } catch (error) {
    // What else is wrong with the directory, opening the chain will say.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
