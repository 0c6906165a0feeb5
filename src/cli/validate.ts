import { type Command, Option } from 'commander';
import { EXIT } from '../errors.js';
import { type DirectoryOptions, validateInProcess } from '../pool/index.js';
import {
  CHECKS,
  type Check,
  DEFAULT_LEVEL,
  exitCodeOf,
  LEVELS,
  type Level,
  parseChecks,
  parseLevel,
  type Report,
} from '../validation/index.js';
import { describeCommand } from './help.js';
import { onInterrupt, stoppedEarly } from './interrupt.js';
import { parseCount, parseIndex, parseNames, parseSeconds, parseWorkers } from './options.js';
import { startProgress } from './progress.js';
import { printReport } from './report.js';
import { createTerminal } from './terminal.js';

interface ValidateFlags {
  readonly level?: Level;
  readonly checks?: readonly Check[];
  readonly workers?: number;
  readonly from?: number;
  readonly to?: number;
  /** Milliseconds. */
  readonly timeLimit?: number;
  /** False with --no-anchor. */
  readonly anchor: boolean;
  readonly batchSize?: number;
  readonly json?: boolean;
}

export function registerValidate(program: Command): void {
  const checks = new Option('-c, --checks <names>', `instead of a level: any of ${CHECKS.join(', ')}`)
    .argParser((text) => parseChecks(parseNames(text)))
    .conflicts('level');
  const level = new Option(
    '-l, --level <level>',
    `how much to check, in any case (default: ${DEFAULT_LEVEL})`,
  );
  // The choices are for the help and for completion; the parser takes them in any case.
  level.choices(LEVELS).argParser(parseLevel);
  const command = program
    .command('validate')
    .description('check that a chain has not been altered')
    .argument('<dir>', 'the chain directory')
    .addOption(level)
    .addOption(checks)
    .option('-w, --workers <n>', 'threads (default: as many as pay for themselves)', parseWorkers)
    .option('--from <block>', 'first block (default: 0)', parseIndex)
    .option('--to <block>', 'block after the last one (default: the end)', parseIndex)
    .option('-t, --time-limit <seconds>', 'end as Incomplete after this time (default: 600)', parseSeconds)
    .option('--no-anchor', 'accept that there is no anchor.json; a cut-off end is then not noticed')
    .option('--batch-size <n>', 'blocks of one unit of work (default: 1000)', parseCount)
    .action(validateChain);
  describeCommand(command, {
    examples: [
      ['validate ./chain', 'every header, every payload, every count'],
      ['validate ./chain -l full -w 4', 'everything there is, on four threads'],
      ['validate ./chain -l full --from 4000 --to 5000', 'a part of the chain'],
      ['validate ./chain --json > report.json', 'a report for programs'],
      ['validate ./chain -c payloads,history -t 30', 'a set of checks of your own, for 30 seconds at most'],
    ],
    exits: [EXIT.inputRefused, EXIT.warning, EXIT.tampered, EXIT.incomplete],
  }).addHelpText(
    'after',
    '\nEvery level looks at every block. Minimal: headers, links, anchor. Standard: also payloads, counts and stray' +
      '\nkeys. Comprehensive: also signatures, and samples of the RDF in another engine. Full: also every signature and' +
      '\nhistory root, and every payload canonicalized again. Ctrl-C ends with a report of what was covered so far;' +
      '\na second Ctrl-C ends at once.',
  );
}

async function validateChain(directory: string, flags: ValidateFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const interrupt = onInterrupt(() => terminal.note('Stopping; a second Ctrl-C ends at once.'));
  try {
    const report = await runValidation(directory, {
      level: flags.level,
      checks: flags.checks,
      workers: flags.workers,
      from: flags.from,
      to: flags.to,
      timeLimitMs: flags.timeLimit,
      requireAnchor: flags.anchor,
      batchSize: flags.batchSize,
      signal: interrupt.signal,
    });
    printReport(terminal, directory, report);
    terminal.document(report);
    process.exitCode = exitCodeOf(report.status);
  } finally {
    interrupt.dispose();
  }
}

/** Validates in a process of its own, which a damaged store may end, with progress on stderr. */
export async function runValidation(
  directory: string,
  options: DirectoryOptions,
  label = 'validate',
): Promise<Report> {
  const progress = startProgress(label);
  try {
    return await validateInProcess(directory, {
      ...options,
      onProgress: ({ blocks, bytes, totalBlocks }) => progress.update(blocks, bytes, totalBlocks),
    });
  } catch (thrown) {
    throw options.signal?.aborted ? stoppedEarly('the validation') : thrown;
  } finally {
    progress.stop();
  }
}
