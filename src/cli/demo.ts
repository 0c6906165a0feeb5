import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { EXIT, ProvChainError } from '../errors.js';
import { LEVELS, type Report } from '../validation/index.js';
import { formatAmount, formatCount, formatMegabytes, formatSeconds } from './format.js';
import { type Appended, appendWorkload } from './generate.js';
import { describeCommand } from './help.js';
import { onInterrupt, stoppedEarly } from './interrupt.js';
import { parseCount } from './options.js';
import { colorOf, nextCommand, printFindings } from './report.js';
import { shellWord } from './shell-word.js';
import { formatTable } from './table.js';
import type { Tampering } from './tamper.js';
import { createTerminal, type Terminal } from './terminal.js';
import { runValidation } from './validate.js';
import { verdict } from './verdict.js';

/** Only a directory with this file in it is ever emptied. */
const MARKER = '.made-by-provchain-demo';
const QUADS = 64;

interface DemoFlags {
  readonly blocks: number;
  readonly json?: boolean;
}

export function registerDemo(program: Command): void {
  const command = program
    .command('demo')
    .description('generate a chain, validate it at every level, change one quad in a copy and find it')
    .argument('[dir]', 'where the chains are made; replaced by the next demo', 'demo')
    .option('-n, --blocks <n>', 'blocks of 64 quads', parseCount, 10_000)
    .action(demonstrate);
  describeCommand(command, {
    examples: [
      ['demo', '10,000 blocks, in ./demo'],
      ['demo /tmp/demo -n 500', 'a smaller one, elsewhere'],
    ],
    exits: [EXIT.inputRefused, EXIT.incomplete],
    meanings: {
      [EXIT.healthy]: 'every level passed, and the change was found',
      [EXIT.incomplete]: 'stopped before the end',
    },
  });
}

async function demonstrate(directory: string, flags: DemoFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const interrupt = onInterrupt(() => terminal.note('Stopping…'));
  const { signal } = interrupt;
  try {
    const chain = join(directory, 'chain');
    const copy = join(directory, 'tampered');
    await prepareDirectory(directory);
    const generated = await generateChain(terminal, chain, flags.blocks, signal);
    const levels: Report[] = [];
    for (const level of LEVELS) {
      if (signal.aborted) throw stoppedEarly('the demo');
      levels.push(await runValidation(chain, { level, signal }, level.padEnd(13)));
    }
    terminal.print(levelTable(terminal, levels));
    requireStatus(levels, 'Healthy');
    const tampering = await tamperWithCopy(chain, copy, Math.ceil(flags.blocks * 0.47));
    const found = await runValidation(copy, { level: 'Standard', signal }, 'validate the copy');
    printDiscovery(terminal, chain, copy, tampering, found);
    requireStatus([found], 'Critical');
    terminal.document({ directory, generated, levels, tampering, found });
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    throw stoppedEarly('the demo');
  } finally {
    interrupt.dispose();
  }
}

/** Makes the directory, or empties the one of an earlier demo. */
async function prepareDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const names = await readdir(directory);
  if (names.length > 0 && !names.includes(MARKER)) {
    const message = `${directory} is not empty and was not made by the demo, so it is left alone; name another directory`;
    throw new ProvChainError('CHAIN_EXISTS', message, { place: { source: directory } });
  }
  for (const name of ['chain', 'tampered']) await rm(join(directory, name), { recursive: true, force: true });
  await writeFile(join(directory, MARKER), '');
}

async function generateChain(
  terminal: Terminal,
  chain: string,
  blocks: number,
  signal: AbortSignal,
): Promise<Appended> {
  const workload = { blocks, profile: 'trace', quads: QUADS, seed: 1 } as const;
  const generated = await appendWorkload(chain, workload, signal);
  if (signal.aborted) throw stoppedEarly('the demo');
  const { durationMs, bytes } = generated;
  terminal.print(
    `Appended ${formatAmount(blocks, 'block')} of ${QUADS} quads (${formatMegabytes(bytes)}) to ${chain} in ` +
      `${formatSeconds(durationMs)}: canonicalized, signed, durable.\n`,
  );
  return generated;
}

function levelTable(terminal: Terminal, reports: readonly Report[]): string {
  const rows = reports.map(({ level, status, checked, durationMs }) => {
    const { headers, quads, payloadBytes } = checked;
    const data = [formatCount(quads), formatMegabytes(payloadBytes)];
    const rate = formatCount((quads / durationMs) * 1000);
    return [
      level,
      colorOf(terminal, status)(status),
      formatCount(headers),
      ...(quads === 0 ? ['–', '–'] : data),
      formatSeconds(durationMs),
      quads === 0 ? '–' : rate,
    ];
  });
  const head = ['level', 'status', 'blocks', 'quads', 'data', 'time', 'quads/s'];
  return formatTable(terminal, head, rows, ['left', 'left', 'right', 'right', 'right', 'right', 'right']);
}

async function tamperWithCopy(chain: string, copy: string, block: number): Promise<Tampering> {
  const { changeOneQuad } = await import('./tamper.js');
  await cp(chain, copy, { recursive: true });
  return changeOneQuad(copy, block);
}

function printDiscovery(
  terminal: Terminal,
  chain: string,
  copy: string,
  { block, before, after }: Tampering,
  found: Report,
): void {
  const { red, green, bold, dim } = terminal.out;
  terminal.print(
    `\nThen somebody with access to the disk changed one quad in a copy of it, in block ${formatCount(block)}:\n`,
  );
  terminal.print(`${red(`- ${before}`)}\n${green(`+ ${after}`)}\n`);
  terminal.print(`${colorOf(terminal, found.status)(found.status)}  ${verdict(found)}`);
  printFindings(terminal, found);
  const next = nextCommand(copy, found);
  if (!next) return;
  // Started by npm in a checkout, the command is not on the path.
  const prefix = process.env.npm_lifecycle_event === undefined ? '' : 'npx ';
  terminal.print(`\nNext: ${bold(`${prefix}${next.command} --against ${shellWord(chain)}`)}`);
  terminal.print(
    dim('      shows the block, what each check says of it, and the lines that differ from the first chain'),
  );
}

/** The demonstration makes claims; where they do not hold, it fails. */
function requireStatus(reports: readonly Report[], status: Report['status']): void {
  const other = reports.find((report) => report.status !== status);
  if (other === undefined) return;
  if (other.status === 'Incomplete')
    throw new ProvChainError('STORE_UNAVAILABLE', 'the validation did not finish');
  throw new ProvChainError(
    'INTERNAL',
    `level ${other.level} ended with ${other.status} where ${status} was due`,
  );
}
